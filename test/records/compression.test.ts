// Every codec, with its native module and without; what does not unfold within the bound; what does not unfold at all.

import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { KafkaError } from '../../src/base/errors.ts'
import { batchHeaderBytes } from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { checkBatch } from '../../src/records/check.ts'
import { type Codec, optionalModule } from '../../src/records/codec.ts'
import { gzipCodec } from '../../src/records/codec-gzip.ts'
import { type Lz4Module, lz4Codec } from '../../src/records/codec-lz4.ts'
import { type SnappyModule, snappyCodec } from '../../src/records/codec-snappy.ts'
import {
  nativeZstdCodec,
  portableZstdCodec,
  type ZstdModule,
  type ZstdStream,
  zlibWithZstd,
  zlibZstdCodec,
} from '../../src/records/codec-zstd.ts'
import { codecNames, decompress, decompressWith } from '../../src/records/compression.ts'
import { readRecords } from '../../src/records/read.ts'
import { golden } from './fixtures.ts'

const require = createRequire(import.meta.url)
const lz4 = optionalModule<Lz4Module>('lz4-napi')
const zstd = optionalModule<ZstdModule>('@cloudpss/zstd/napi')
const zlib = zlibWithZstd()
const portableZstd = portableZstdCodec(require('fzstd') as ZstdStream)

/** What this machine has; the portable ones are always here. */
const codecs: [string, string, Codec][] = [
  ['gzip', 'node:zlib', gzipCodec],
  ['snappy', 'snappyjs', snappyCodec(require('snappyjs') as SnappyModule)],
  ['lz4', 'stored', lz4Codec(undefined)],
  ['zstd', 'fzstd', portableZstd],
]
if (lz4 !== undefined) codecs.push(['lz4', 'native', lz4Codec(lz4)])
if (zstd !== undefined) codecs.push(['zstd', 'native', nativeZstdCodec(zstd)])
if (zlib !== undefined) codecs.push(['zstd', 'node:zlib', zlibZstdCodec(zlib)])
const writers = codecs.filter(([, how]) => how !== 'fzstd')

const region = (name: string): Buffer => golden(name).subarray(batchHeaderBytes)
const plain = region('many')

function codeOf(codec: Codec, bytes: Buffer, bytesMax: number): string {
  try {
    decompressWith(codec, bytes, bytesMax)
  } catch (error) {
    if (error instanceof KafkaError) return error.code
    throw error
  }
  return 'unfolded'
}

describe.each(codecs)('%s by %s', (name, _, codec) => {
  test("unfolds Java's bytes, up to exactly the bound", () => {
    expect(codec.decompress(region(name), plain.length).equals(plain)).toBe(true)
    expect(codeOf(codec, region(name), plain.length - 1)).toBe('MESSAGE_TOO_LARGE')
    const wide = codec.decompress(region(`wide ${name}`), 1 << 20)
    expect(codec.decompress(region(`wide ${name}`), wide.length).equals(wide)).toBe(true)
    expect(codeOf(codec, region(`wide ${name}`), wide.length - 1)).toBe('MESSAGE_TOO_LARGE')
  })

  test('says CORRUPT_MESSAGE at every cut', () => {
    const whole = region(name)
    for (let bytes = 1; bytes < whole.length; bytes += 37) {
      const code = codeOf(codec, whole.subarray(0, bytes), 1 << 20)
      // xerial's chunks and gzip's trailer may end there
      if (name !== 'snappy') expect([bytes, code]).toEqual([bytes, 'CORRUPT_MESSAGE'])
    }
  })

  test('throws nothing but KafkaError on 2,000 mutations, and stays within the bound', () => {
    let seed = 4711
    const whole = region(name)
    for (let round = 0; round < 2_000; round++) {
      const bytes = Buffer.from(whole)
      for (let i = 0; i <= round % 3; i++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        // The first bytes hold the lengths: hit them often.
        const at = round % 2 === 0 ? seed % 24 : seed % bytes.length
        bytes[at] = seed >>> 24
      }
      try {
        expect(decompressWith(codec, bytes, 100_000).length).toBeLessThanOrEqual(100_000)
      } catch (error) {
        if (!(error instanceof KafkaError)) throw new Error(`round ${round}`, { cause: error })
      }
    }
  })
})

describe.each(writers)('%s written by %s', (name, _, codec) => {
  test.each([1, 100, 65_535, 65_536, 65_537, 300_000])('reads back: %i bytes', bytes => {
    const data = Buffer.from(Array.from({ length: bytes }, (_, i) => (i * i) >>> 7))
    const compressed = Buffer.from(codec.compress(data))
    expect(codec.decompress(compressed, bytes).equals(data)).toBe(true)
    for (const [, how, other] of codecs.filter(([otherName]) => otherName === name))
      expect([how, other.decompress(compressed, 1 << 20).equals(data)]).toEqual([how, true])
  })

  test('64 MiB of zeros are refused where 1 MiB is the bound', () => {
    if (name === 'lz4' && lz4 === undefined) return
    const bomb = Buffer.from(codec.compress(Buffer.alloc(64 << 20)))
    for (const [, how, other] of codecs.filter(([otherName]) => otherName === name))
      expect([how, codeOf(other, bomb, 1 << 20)]).toEqual([how, 'MESSAGE_TOO_LARGE'])
  })
})

/** A zstd frame of `count` blocks that each say: 128 KiB of 'A'. */
function zstdOfRuns(header: string, count: number): Buffer {
  const blocks = Buffer.alloc(4 * count)
  for (let i = 0; i < count; i++) {
    blocks.writeUIntLE((131_072 << 3) | 2 | (i === count - 1 ? 1 : 0), 4 * i, 3)
    blocks[4 * i + 3] = 65
  }
  return Buffer.concat([Buffer.from(header, 'hex'), blocks])
}

describe('bombs', () => {
  const zstds = codecs.filter(([name]) => name === 'zstd')

  test.each(zstds)('%s by %s: a frame that tells no size', (_, __, codec) => {
    const frame = zstdOfRuns('28b52ffd0058', 8)
    expect(codec.decompress(frame, 1 << 20).length).toBe(1 << 20)
    expect(codeOf(codec, frame, (1 << 20) - 1)).toBe('MESSAGE_TOO_LARGE')
    expect(codeOf(codec, zstdOfRuns('28b52ffd0058', 100_000), 64 << 20)).toBe('MESSAGE_TOO_LARGE')
  })

  test.each(zstds)('%s by %s: a window of 2 GiB for a few bytes costs a few bytes', (_, __, codec) => {
    const before = process.memoryUsage().arrayBuffers
    const frame = zstdOfRuns('28b52ffd00a8', 1)
    expect(codeOf(codec, frame, 1 << 20)).toMatch(/unfolded|CORRUPT_MESSAGE/)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
  })

  test.each(zstds)('%s by %s: a single segment that claims 2^60 bytes', (_, __, codec) => {
    const frame = zstdOfRuns('28b52ffde00000000000000010', 1)
    expect(codeOf(codec, frame, 1 << 20)).toMatch(/MESSAGE_TOO_LARGE|CORRUPT_MESSAGE/)
  })

  test.each(zstds)(
    '%s by %s: sequences that claim 100,000 matches of 64 KiB each do not hold us up',
    (_, __, codec) => {
      // one compressed block: no literals, 98,047 sequences, all of match code 52
      const frame = Buffer.from('28b52ffd0058' + '650000' + '00ffffff54000234' + 'ffffff01', 'hex')
      const startedMs = performance.now()
      expect(codeOf(codec, frame, 1 << 20)).toBe('CORRUPT_MESSAGE')
      expect(performance.now() - startedMs).toBeLessThan(3_000)
    },
  )

  test('snappy: the length is believed only within the bound, and only if the tags yield it', () => {
    expect(() => decompress(2, Buffer.from('ffffffff0f00', 'hex'))).toThrow('CORRUPT_MESSAGE')
    const declared = Buffer.concat([Buffer.from('8080808001', 'hex'), Buffer.alloc(100)])
    expect(() => decompress(2, declared)).toThrow('CORRUPT_MESSAGE')
    expect(() => decompress(2, Buffer.from('04fcfbffffff', 'hex'))).toThrow('CORRUPT_MESSAGE') // literal of -4
    expect(() => decompress(2, Buffer.from('0400610562', 'hex'))).toThrow('CORRUPT_MESSAGE')
  })

  test('lz4: a match of 255 bytes per byte stops at the bound', () => {
    const block = Buffer.concat([
      Buffer.from('1f410100', 'hex'),
      Buffer.alloc(60_000, 0xff),
      Buffer.from('000041', 'hex'),
    ])
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length)
    const frame = Buffer.concat([Buffer.from('04224d18607073', 'hex'), size, block, Buffer.alloc(4)])
    expect(() => decompress(3, frame, { bytesMax: 1 << 20 })).toThrow('MESSAGE_TOO_LARGE')
    expect(() => decompress(3, frame)).toThrow('CORRUPT_MESSAGE') // beyond its own 4 MiB
  })
})

test('a codec that is none of the four is UNSUPPORTED_COMPRESSION_TYPE', () => {
  for (const codec of [5, 6, 7])
    expect(() => decompress(codec, Buffer.alloc(9))).toThrow('UNSUPPORTED_COMPRESSION_TYPE')
})

test('zstd without a writer says what to install', () => {
  expect(() => portableZstd.compress(Buffer.from('a'))).toThrow(/22\.15.*@cloudpss\/zstd.*UNSUPPORTED_COMPRESSION_TYPE/)
})

test.each(codecNames.map((name, codec) => [name, codec] as const))(
  'a batch built with %s reads back',
  (name, codec) => {
    if (name === 'zstd' && zstd === undefined && zlib === undefined) return
    const builder = new BatchBuilder()
    const values = Array.from({ length: 500 }, (_, i) => `value ${i % 10}`)
    for (const value of values) builder.append({ value, timestampMs: 1 })
    const batch = builder.build({ codec })
    checkBatch(batch, { batchBytesMax: 1 << 20, origin: 'client' })
    expect(readRecords(batch).map(record => record.value?.toString())).toEqual(values)
  },
)
