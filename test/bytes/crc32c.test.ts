import { expect, test } from 'vitest'
import { crc32c, hasNativeCrc32c, portableCrc32c } from '../../src/bytes/crc32c.ts'

const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 251))

test('gives the published check values', () => {
  // RFC 3720, appendix B.4, and the value of the nine digits
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
})

test('both implementations agree at every length around the switch', () => {
  for (let length = 200; length < 300; length++)
    expect(crc32c(bytes.subarray(0, length))).toBe(portableCrc32c(bytes.subarray(0, length)))
})

test('a sum continues over any cut, whichever implementation takes which part', () => {
  const whole = portableCrc32c(bytes)
  for (const cut of [0, 1, 15, 16, 255, 256, 257, 500, 999, 1_000]) {
    expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(whole)
    expect(portableCrc32c(bytes.subarray(cut), portableCrc32c(bytes.subarray(0, cut)))).toBe(whole)
  }
})

test('says whether the native module is in use', () => {
  expect(typeof hasNativeCrc32c).toBe('boolean')
})
