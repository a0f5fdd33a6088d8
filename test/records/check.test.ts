// Kafka's rules for what a producer sends, one by one.

import { describe, expect, test } from 'vitest'
import type { ErrorName } from '../../src/base/errors.ts'
import {
  attributesAt,
  baseSequenceAt,
  batchLengthAt,
  crcAt,
  crcOf,
  lastOffsetDeltaAt,
  leaderEpochOf,
  magicAt,
  maxTimestampAt,
  maxTimestampOf,
  producerEpochAt,
  producerIdAt,
  recordCountAt,
  setBaseOffset,
  setLeaderEpoch,
  stampCrc,
  stampLogAppendTime,
  timestampTypeOf,
  writeInt64,
} from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { checkBatch, verifyBatch } from '../../src/records/check.ts'
import { readRecords } from '../../src/records/read.ts'
import { golden, goldenMarkers } from './fixtures.ts'

const name = 'timestamps back and forth'
const client = { batchBytesMax: 1 << 20, origin: 'client' } as const
const internal = { batchBytesMax: 1 << 20, origin: 'internal' } as const

/** A good batch, changed; with a right CRC unless the change is about that. */
function changed(change: (batch: Buffer) => void, crc = true): Buffer {
  const batch = golden(name)
  change(batch)
  if (crc) stampCrc(batch)
  return batch
}

function refused(batch: Buffer, options = client as { batchBytesMax: number; origin: 'client' | 'internal' }) {
  try {
    checkBatch(batch, options)
  } catch (error) {
    return (error as { code: ErrorName }).code
  }
  return 'accepted'
}

const header: [string, ErrorName, Buffer][] = [
  ['nothing at all', 'INVALID_RECORD', Buffer.alloc(0)],
  ['less than a header', 'INVALID_RECORD', golden(name).subarray(0, 60)],
  ['magic 1', 'INVALID_RECORD', changed(b => b.writeInt8(1, magicAt))],
  ['a length that no header fits into', 'CORRUPT_MESSAGE', changed(b => b.writeInt32BE(48, batchLengthAt), false)],
  ['a negative length', 'CORRUPT_MESSAGE', changed(b => b.writeInt32BE(-1, batchLengthAt), false)],
  ['a cut batch', 'INVALID_RECORD', golden(name).subarray(0, -1)],
  ['two batches', 'INVALID_RECORD', Buffer.concat([golden(name), golden(name)])],
  ['a byte too many', 'INVALID_RECORD', Buffer.concat([golden(name), Buffer.alloc(1)])],
  ['a base offset', 'INVALID_RECORD', changed(b => setBaseOffset(b, 0, 1))],
  ['a wrong CRC', 'CORRUPT_MESSAGE', changed(b => b.writeUInt32BE((crcOf(b) ^ 1) >>> 0, crcAt), false)],
  ['no records', 'INVALID_RECORD', changed(b => b.writeInt32BE(0, recordCountAt))],
  ['a negative count', 'INVALID_RECORD', changed(b => b.writeInt32BE(-1, recordCountAt))],
  ['a last offset delta beside the count', 'INVALID_RECORD', changed(b => b.writeInt32BE(9, lastOffsetDeltaAt))],
  ['codec 5', 'UNSUPPORTED_COMPRESSION_TYPE', changed(b => b.writeInt16BE(5, attributesAt))],
  ['a control batch', 'INVALID_RECORD', changed(b => b.writeInt16BE(0x20, attributesAt))],
  ['a transactional batch', 'INVALID_TXN_STATE', changed(b => b.writeInt16BE(0x10, attributesAt))],
  ['LogAppendTime from a producer', 'INVALID_TIMESTAMP', changed(b => b.writeInt16BE(0x08, attributesAt))],
  ['a timestamp beyond 2^53', 'INVALID_TIMESTAMP', changed(b => b.writeInt32BE(0x7fffffff, maxTimestampAt))],
  ['a producer id without a sequence', 'INVALID_RECORD', changed(b => producer(b, 5, 0, -1))],
  ['a producer id without an epoch', 'INVALID_RECORD', changed(b => producer(b, 5, -1, 0))],
  ['a producer id beyond 2^53', 'INVALID_RECORD', changed(b => producer(b, 2 ** 60, 0, 0))],
]

function producer(batch: Buffer, id: number, epoch: number, sequence: number): void {
  writeInt64(batch, producerIdAt, id)
  batch.writeInt16BE(epoch, producerEpochAt)
  batch.writeInt32BE(sequence, baseSequenceAt)
}

describe('a producer is refused', () => {
  test.each(header)('%s', (_, code, batch) => {
    expect(refused(batch)).toBe(code)
  })

  test('a batch above max.message.bytes, and not one of exactly that size', () => {
    const batch = golden(name)
    expect(refused(batch, { batchBytesMax: batch.length, origin: 'client' })).toBe('accepted')
    expect(refused(batch, { batchBytesMax: batch.length - 1, origin: 'client' })).toBe('MESSAGE_TOO_LARGE')
  })

  test('records that do not fill the batch exactly', () => {
    const plain = golden('one')
    // length 6 → 7, attributes, delta, delta, key length, 'k', value length, 'v', headers
    const first = 61
    expect(plain.subarray(first).toString('hex')).toBe('10000000026b027600')
    const bad = ['12000000026b027600', '0e000000026b027600', '10000002026b027600', '10000000046b027600']
    bad.push('10000000036b027600', '10000000026b047600', '10000000026b027602', '10000000026b027601')
    bad.push('10000000026b0276ff', '1000ffffffff6b0276', '80808080800000ffff')
    for (const hex of bad) {
      const batch = Buffer.concat([plain.subarray(0, first), Buffer.from(hex, 'hex')])
      stampCrc(batch)
      expect([hex, refused(batch)]).toEqual([hex, 'INVALID_RECORD'])
    }
  })
})

describe('a producer is accepted', () => {
  test('kafkajs, whose batches say producer -1 with epoch 0 and sequence 0', () => {
    expect(refused(changed(b => producer(b, -1, 0, 0)))).toBe('accepted')
  })

  test('an idempotent producer', () => {
    expect(refused(changed(b => producer(b, 5, 0, 0)))).toBe('accepted')
  })

  test('a wrong max timestamp, which is put right as Kafka does', () => {
    const batch = changed(b => writeInt64(b, maxTimestampAt, 1))
    checkBatch(batch, client)
    expect(maxTimestampOf(batch)).toBe(4102444800000)
    expect(batch.equals(golden(name))).toBe(true)
  })
})

test('our own batches may be markers and transactional', () => {
  const builder = new BatchBuilder()
  builder.append({ key: Buffer.from([0, 0, 0, 1]), value: Buffer.alloc(6), timestampMs: 1 })
  const marker = builder.build({ isControl: true, isTransactional: true, producerId: 9, producerEpoch: 1 })
  expect(refused(marker, internal)).toBe('accepted')
  expect(refused(marker, client)).toBe('INVALID_RECORD')
  for (const { batch } of goldenMarkers) expect(verifyBatch(batch, 0, batch.length)).toBe('ok')
})

describe('stamps', () => {
  test('offset and leader epoch keep the CRC', () => {
    const batch = golden(name)
    setBaseOffset(batch, 0, 2 ** 40 + 3)
    setLeaderEpoch(batch, 0, 7)
    expect(verifyBatch(batch, 0, batch.length)).toBe('ok')
    expect(leaderEpochOf(batch)).toBe(7)
    expect(readRecords(batch)[2].offset).toBe(2 ** 40 + 5)
  })

  test('LogAppendTime makes a new CRC and one time for all records', () => {
    const batch = golden(name)
    stampLogAppendTime(batch, 0, 1234)
    expect(verifyBatch(batch, 0, batch.length)).toBe('ok')
    expect(timestampTypeOf(batch)).toBe('LogAppendTime')
    expect(new Set(readRecords(batch).map(record => record.timestamp))).toEqual(new Set([1234]))
  })
})

describe('verify', () => {
  test('names what is wrong and never throws, at any cut', () => {
    const batch = golden(name)
    const padded = Buffer.concat([Buffer.alloc(3), batch, Buffer.alloc(3, 0xff)])
    expect(verifyBatch(padded, 3, batch.length + 3)).toBe('ok')
    for (let bytes = 0; bytes < batch.length; bytes++) expect(verifyBatch(padded, 3, bytes)).not.toBe('ok')
  })

  test('sees every flipped bit but those of base offset and leader epoch', () => {
    const batch = golden(name)
    for (let at = 8; at < batch.length; at++) {
      if (at >= 12 && at < 16) continue
      for (let bit = 0; bit < 8; bit++) {
        batch[at] ^= 1 << bit
        expect(verifyBatch(batch, 0, batch.length)).not.toBe('ok')
        batch[at] ^= 1 << bit
      }
    }
    expect(verifyBatch(batch, 0, batch.length)).toBe('ok')
  })

  test('knows zeros as no batch', () => {
    expect(verifyBatch(Buffer.alloc(4096), 0, 4096)).toBe('the batch length is impossible')
  })
})
