// Byte for byte with Java, both ways.

import { describe, expect, test } from 'vitest'
import {
  baseSequenceOf,
  batchBytesOf,
  isControl,
  lastSequenceOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { checkBatch, verifyBatch } from '../../src/records/check.ts'
import { controlTypeOf, readRecords } from '../../src/records/read.ts'
import { golden, goldenBatches, goldenMarkers } from './fixtures.ts'

const check = { batchBytesMax: 1 << 20, origin: 'client' } as const

describe('batches that Java made', () => {
  test.each(goldenBatches)('verify and, but for LogAppendTime, are accepted: $name', ({ name, hex }) => {
    const batch = golden(name)
    expect(verifyBatch(batch, 0, batch.length)).toBe('ok')
    if (name === 'log append time') expect(() => checkBatch(batch, check)).toThrow('INVALID_TIMESTAMP')
    else checkBatch(batch, check)
    expect(batch.toString('hex')).toBe(hex)
  })

  test.each(goldenBatches.filter(batch => batch.records))('read back as they were appended: $name', batch => {
    const read = readRecords(golden(batch.name))
    expect(read.map(record => record.offset)).toEqual(batch.records!.map((_, i) => i))
    const timestamps = batch.records!.map(record => record.timestampMs)
    if (batch.name === 'log append time') timestamps.fill(1234567890123)
    expect(read.map(record => record.timestamp)).toEqual(timestamps)
    expect(read.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
      batch.records!.map(({ key, value, headers }) => ({ key, value, headers })),
    )
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('unfold to the same records: %s', codec => {
    const plain = readRecords(golden('many'))
    const unfolded = readRecords(golden(codec))
    expect(unfolded.length).toBe(200)
    expect(unfolded.map(record => [record.timestamp, record.key, record.value])).toEqual(
      plain.map(record => [record.timestamp, record.key, record.value]),
    )
    const wide = readRecords(golden(`wide ${codec}`))
    expect(wide.map(record => record.value?.toString())).toEqual(
      Array.from({ length: 40 }, (_, i) => `wide${i % 3}`.repeat(1000)),
    )
  })

  test('markers say whether they commit or abort', () => {
    expect(goldenMarkers.length).toBe(2)
    for (const { type, batch } of goldenMarkers) {
      expect(isControl(batch)).toBe(true)
      expect(controlTypeOf(batch)).toBe(type)
      expect([producerIdOf(batch), producerEpochOf(batch), baseSequenceOf(batch)]).toEqual([5000, 2, -1])
      expect([leaderEpochOf(batch), lastSequenceOf(batch), batchBytesOf(batch)]).toEqual([3, -1, batch.length])
    }
  })
})

describe('batches that we make', () => {
  const plain = goldenBatches.filter(batch => batch.records && batch.name !== 'log append time')

  test.each(plain)("have Java's bytes: $name", ({ name, hex, records }) => {
    const builder = new BatchBuilder({ bytes: 1 })
    for (const record of records!) builder.append(record)
    const built = builder.build(
      name.startsWith('idempotent') ? { producerId: 4000000000001, producerEpoch: 7, baseSequence: 2147483646 } : {},
    )
    expect(built.toString('hex')).toBe(hex)
  })

  test("have Java's bytes when the payload comes as text", () => {
    const builder = new BatchBuilder()
    for (let i = 0; i < 200; i++)
      builder.append({
        key: `key-${i % 7}`,
        value: `value ${'abc'.repeat(i % 50)}${i}`,
        timestampMs: 1700000000000 + i,
      })
    expect(builder.build().equals(golden('many'))).toBe(true)
  })
})

test('a sequence wraps at 2^31 as in Java', () => {
  const batch = golden('idempotent, sequence about to wrap')
  expect([baseSequenceOf(batch), recordCountOf(batch), lastSequenceOf(batch)]).toEqual([2147483646, 3, 0])
  expect(maxTimestampOf(batch)).toBe(9)
})
