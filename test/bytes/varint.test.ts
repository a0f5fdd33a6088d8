import { expect, test } from 'vitest'
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from '../../src/bytes/varint.ts'

function varint(value: number): string {
  const bytes = Buffer.alloc(5)
  return bytes.subarray(0, writeVarint(bytes, 0, value)).toString('hex')
}

function varlong(value: number): string {
  const bytes = Buffer.alloc(10)
  return bytes.subarray(0, writeVarlong(bytes, 0, value)).toString('hex')
}

/** The definition, in 64 bits. */
function reference(value: number): string {
  let bits = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  while (bits > 0x7fn) {
    bytes.push(Number(bits & 0x7fn) | 0x80)
    bits >>= 7n
  }
  return Buffer.from([...bytes, Number(bits)]).toString('hex')
}

const edges = [0, 1, 63, 64, 8191, 8192, 2 ** 20, 2 ** 27 - 1, 2 ** 27, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1]
const int32s = edges.flatMap(value => [value, -value, -value - 1])

test.each(int32s)('varint and varlong %i are the zigzag form', value => {
  expect(varint(value)).toBe(reference(value))
  expect(varintBytes(value)).toBe(reference(value).length / 2)
  expect(varlong(value)).toBe(reference(value))
  expect(varlongBytes(value)).toBe(reference(value).length / 2)
})

const wide = [2 ** 31, 2 ** 32, 2 ** 34, 1700000000000, 2 ** 41, 2 ** 48, Number.MAX_SAFE_INTEGER]

test.each(wide.flatMap(value => [value, -value, 1 - value]))('varlong %i is the zigzag form', value => {
  expect(varlong(value)).toBe(reference(value))
  expect(varlongBytes(value)).toBe(reference(value).length / 2)
})
