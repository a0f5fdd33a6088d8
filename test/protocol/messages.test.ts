// Every message at every version: what is written is read back, and no bytes whatever do more than fail with ProtocolError.

import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/bytes/protocol-error.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { type Chance, chance, sample } from './samples.ts'

const seed = Number(process.env['SEED'] ?? 20_261_120)
const rounds = Number(process.env['ROUNDS'] ?? 20_000)

const messages = Object.values(apis).flatMap(api => [api.request, api.response])
const everyVersion = messages.flatMap(({ schema: { versions } }, index) =>
  Array.from({ length: versions.last - versions.first + 1 }, (_, i) => ({ index, version: versions.first + i })),
)

function encode(index: number, version: number, below: Chance): { value: object; bytes: Buffer } {
  const message = messages[index]
  const value = sample(message.schema.fields, version, below)
  const writer = new Writer()
  message.encode(writer, value as never, version)
  return { value, bytes: Buffer.concat(writer.take().buffers) }
}

test('a random value survives the wire at every version', () => {
  const below = chance(seed)
  for (const { index, version } of everyVersion)
    for (let round = 0; round < 20; round += 1) {
      const { value, bytes } = encode(index, version, below)
      const reader = new Reader(bytes)
      const { name } = messages[index].schema
      expect(messages[index].decode(reader, version), `${name} v${version} SEED=${seed}`).toMatchObject(value)
      expect(reader.remaining).toBe(0)
    }
})

test('a message that ends early is a ProtocolError at every length', () => {
  const below = chance(seed)
  for (const { index, version } of everyVersion) {
    const { bytes } = encode(index, version, below)
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => messages[index].decode(new Reader(bytes.subarray(0, length)), version)).toThrow(ProtocolError)
  }
})

test('damaged bytes read as something or fail with ProtocolError, and unfold to little', () => {
  const below = chance(seed)
  for (let round = 0; round < rounds; round += 1) {
    const { index, version } = everyVersion[below(everyVersion.length)]
    const { bytes } = encode(index, version, below)
    damage(bytes, below)
    try {
      const value = messages[index].decode(new Reader(bytes), version)
      expect(weight(value), `SEED=${seed} round ${round}`).toBeLessThan(64 * (bytes.length + 16))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw new Error(`SEED=${seed} round ${round}`, { cause: error })
    }
  }
})

describe('counts are refused before anything is made of them', () => {
  const cases = {
    'an array of two thousand million': 'ffff000100000000' + '7fffffff',
    'a negative array': 'ffff000100000000' + 'fffffff0',
    'a string beyond the frame': '7fff' + '61',
    'a null array where none may be': 'ffff000100000000' + 'ffffffff',
  }
  test.each(Object.entries(cases))('%s', (_, hex) => {
    expect(() => apis.produce.request.decode(new Reader(Buffer.from(hex, 'hex')), 3)).toThrow(ProtocolError)
  })

  test('a frame full of the smallest elements unfolds to no more than a million of them', () => {
    const count = 40_000_000
    const bytes = Buffer.alloc(16 + count)
    const writer = new Writer()
    writer.uvarint(0)
    writer.int16(1)
    writer.int32(0)
    writer.uvarint(count / 4)
    Buffer.concat(writer.take().buffers).copy(bytes)
    expect(() => apis.produce.request.decode(new Reader(bytes), 9)).toThrow(/an array of 9999999 elements/)
  })

  test('more than ten thousand tags', () => {
    const writer = new Writer()
    writer.uvarint(10_001)
    const bytes = Buffer.concat([...writer.take().buffers, Buffer.alloc(40_000)])
    expect(() => new Reader(bytes).skipTags()).toThrow(/10001 tagged fields/)
  })
})

function damage(bytes: Buffer, below: Chance): void {
  if (bytes.length === 0) return
  for (let hits = 1 + below(3); hits > 0; hits -= 1) {
    const at = below(bytes.length)
    const kind = below(3)
    if (kind === 0) bytes[at] = below(256)
    else if (kind === 1) bytes[at] ^= 1 << below(8)
    else bytes.fill(0xff, at, Math.min(bytes.length, at + 1 + below(5)))
  }
}

/** Values in it, all told. */
function weight(value: unknown): number {
  if (Buffer.isBuffer(value) || value === null || typeof value !== 'object') return 1
  return Object.values(value).reduce((sum: number, each) => sum + weight(each), 1)
}
