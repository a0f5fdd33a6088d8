import { describe, expect, test } from 'vitest'
import { KafkaError } from '../../src/base/errors.ts'
import { batchHeaderBytes, nextOffsetOf, setBaseOffset, stampCrc } from '../../src/records/batch.ts'
import { BatchBuilder, recordBytesMax } from '../../src/records/build.ts'
import { checkBatch } from '../../src/records/check.ts'
import { RecordCursor } from '../../src/records/cursor.ts'
import { forEachBatch, readRecords } from '../../src/records/read.ts'
import { golden } from './fixtures.ts'

const client = { batchBytesMax: 1 << 24, origin: 'client' } as const

describe('building', () => {
  test('text of any script and length reads back, and the room asked for was enough', () => {
    const builder = new BatchBuilder({ bytes: 64 })
    const pieces = ['', 'a', 'ß', '日', '🦕', '\ud800', '\u0000']
    const texts = [0, 1, 20, 31, 32, 33, 63, 64, 65, 1024, 1025, 8190, 8192].flatMap(length =>
      pieces.map(piece => piece.repeat(length)),
    )
    for (const text of texts) {
      const before = builder.bytes
      const record = { key: text, value: text, headers: [[text, text]] as const, timestampMs: 1 }
      builder.append(record)
      expect(builder.bytes - before).toBeLessThanOrEqual(recordBytesMax(record))
    }
    const batch = builder.build()
    checkBatch(batch, client)
    expect(builder.recordCount).toBe(0)
    expect(builder.bytes).toBe(batchHeaderBytes)
    const expected = texts.map(text => Buffer.from(text).toString('hex'))
    const records = readRecords(batch)
    expect(records.map(record => record.key?.toString('hex'))).toEqual(expected)
    expect(records.map(record => record.value?.toString('hex'))).toEqual(expected)
    expect(records.map(record => record.headers[0][1]?.toString('hex'))).toEqual(expected)
  })

  test('null and empty stay apart', () => {
    const builder = new BatchBuilder()
    builder.append({ key: null, value: '', timestampMs: 1 })
    builder.append({ key: '', value: null, timestampMs: 1, headers: [['h', null]] })
    builder.append({ timestampMs: 1, headers: [['h', '']] })
    const [first, second, third] = readRecords(builder.build())
    expect([first.key, first.value?.length, first.headers]).toEqual([null, 0, []])
    expect([second.key?.length, second.value, second.headers]).toEqual([0, null, [['h', null]]])
    expect([third.key, third.value, third.headers]).toEqual([null, null, [['h', Buffer.alloc(0)]]])
  })

  test('a batch keeps its bytes when the builder goes on', () => {
    const builder = new BatchBuilder()
    builder.append({ value: 'first', timestampMs: 1 })
    const batch = builder.build()
    const before = batch.toString('hex')
    builder.append({ value: 'other', timestampMs: 2 })
    builder.build()
    expect(batch.toString('hex')).toBe(before)
  })

  test('no batch without a record, no timestamp that is none', () => {
    const builder = new BatchBuilder()
    expect(() => builder.build()).toThrow('INVALID_ARGUMENT')
    for (const timestampMs of [Number.NaN, 1.5, -2, 2 ** 53])
      expect(() => builder.append({ timestampMs })).toThrow('INVALID_TIMESTAMP')
    builder.append({ timestampMs: Number.MAX_SAFE_INTEGER })
    builder.append({ timestampMs: -1 })
    const batch = builder.build()
    checkBatch(batch, client)
    expect(readRecords(batch).map(record => record.timestamp)).toEqual([Number.MAX_SAFE_INTEGER, -1])
  })
})

describe('reading', () => {
  test('payloads are views of the batch', () => {
    const batch = golden('one')
    const [record] = readRecords(batch)
    batch[batch.length - 2] = 'w'.charCodeAt(0)
    expect(record.value?.toString()).toBe('w')
  })

  test('the cursor reads a batch inside a larger buffer', () => {
    const batch = golden('idempotent, sequence about to wrap')
    setBaseOffset(batch, 0, 100)
    const buffer = Buffer.concat([golden('one'), batch, golden('many')])
    const cursor = new RecordCursor(buffer, { at: golden('one').length })
    const seen: [number, string][] = []
    while (cursor.next())
      seen.push([cursor.offset, cursor.bytes.toString('utf8', cursor.valueAt, cursor.valueAt + cursor.valueBytes)])
    expect(seen).toEqual([
      [100, '1'],
      [101, '2'],
      [102, '3'],
    ])
  })

  test('batches are walked over buffers, and a cut one at the end is left out', () => {
    const one = golden('one')
    const many = golden('many')
    setBaseOffset(many, 0, 1)
    const seen: number[] = []
    const bytes = forEachBatch([Buffer.concat([one, many]), one, many.subarray(0, 70)], (buffer, at) => {
      seen.push(nextOffsetOf(buffer, at))
    })
    expect(seen).toEqual([1, 201, 1])
    expect(bytes).toBe(2 * one.length + many.length)
    expect(() => forEachBatch([Buffer.alloc(100)], () => {})).toThrow('CORRUPT_MESSAGE')
  })
})

test('a batch with a right CRC and mutated bytes is read or is a KafkaError (20,000 mutations)', () => {
  let seed = 81723
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * limit)
  }
  const names = ['headers', 'timestamps back and forth', 'gzip', 'snappy', 'lz4', 'zstd', 'wide snappy', 'wide lz4']
  const batches = names.map(golden)
  for (let round = 0; round < 20_000; round++) {
    // Plain batches mostly: they are the ones whose every byte reaches the cursor.
    const original = batches[below(4) > 0 ? below(2) : below(names.length)]
    const cut = below(10) === 0 ? batchHeaderBytes + below(original.length - batchHeaderBytes) : original.length
    const batch = Buffer.from(original.subarray(0, cut))
    batch.writeInt32BE(batch.length - 12, 8)
    for (let i = below(4); i >= 0; i--) {
      // Attributes, count and records; length and magic are what the caller has checked.
      const at = below(8) === 0 ? 21 + below(2) : 57 + below(batch.length - 57)
      batch[at] = below(2) === 0 ? below(256) : batch[at] ^ (1 << below(8))
    }
    stampCrc(batch)
    try {
      for (const record of readRecords(batch, { bytesMax: 1 << 20 })) record.headers
      checkBatch(batch, client)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw new Error(`round ${round}: ${batch.toString('hex')}`, { cause: error })
    }
  }
})
