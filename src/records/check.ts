// What a batch must satisfy before it is written (checkBatch), and what bytes read back must satisfy (verifyBatch).
//   1  checkBatch throws before anything has moved; Kafka's rules, in Kafka's order, with Kafka's codes
//   2  verifyBatch never throws and never looks beyond `bytesAvailable`: recovery hands it anything
// Called by log/ on the way in (append) and on the way out (cold reads, recovery, `varve log verify`).

import { assert } from '../base/assert.ts'
import { type ErrorName, KafkaError } from '../base/errors.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchBytesOf,
  batchHeaderBytes,
  batchMagic,
  codecOf,
  computeCrc,
  crcOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  stampMaxTimestamp,
  timestampTypeOf,
} from './batch.ts'
import { codecNames } from './compression.ts'
import { RecordCursor } from './cursor.ts'

export interface CheckOptions {
  /** max.message.bytes: of the whole batch as sent, header included. */
  batchBytesMax: number
  /** 'client': no control or transactional batches, and the records of uncompressed ones are walked. 'internal': ours. */
  origin: 'client' | 'internal'
}

/**
 * Throws KafkaError unless `batch` is exactly one batch that may be appended: INVALID_RECORD, MESSAGE_TOO_LARGE,
 * CORRUPT_MESSAGE (CRC), INVALID_TXN_STATE, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE.
 * As in Kafka, a wrong max timestamp is put right in place (with a new CRC) where the records can be seen.
 */
export function checkBatch(batch: Buffer, { batchBytesMax, origin }: CheckOptions): void {
  checkFrame(batch)
  if (baseOffsetOf(batch) !== 0) refuse('INVALID_RECORD', 'the base offset of a new batch is 0', baseOffsetOf(batch))
  if (batch.length > batchBytesMax)
    throw new KafkaError('MESSAGE_TOO_LARGE', {
      message: 'the batch is larger than max.message.bytes',
      bytes: batch.length,
      bytesMax: batchBytesMax,
    })
  if (computeCrc(batch) !== crcOf(batch)) refuse('CORRUPT_MESSAGE', 'the CRC does not match the batch', crcOf(batch))
  checkHeader(batch)
  if (origin === 'client') {
    checkClientHeader(batch)
    if (codecOf(batch) === 0) checkRecords(batch)
  }
}

/** 'ok', or what is wrong with the bytes from `at` on. `bytesAvailable`: how many of them there are. */
export function verifyBatch(b: Buffer, at: number, bytesAvailable: number): string {
  if (bytesAvailable < batchHeaderBytes) return 'the batch header is cut'
  const bytes = batchBytesOf(b, at)
  if (bytes < batchHeaderBytes) return 'the batch length is impossible'
  if (magicOf(b, at) !== batchMagic) return 'the magic is not 2'
  if (bytes > bytesAvailable) return 'the batch is cut'
  if (computeCrc(b, at) !== crcOf(b, at)) return 'the CRC does not match'
  const baseOffset = baseOffsetOf(b, at)
  if (baseOffset < 0 || !Number.isSafeInteger(baseOffset)) return 'the base offset is impossible'
  // Compaction leaves gaps, and may leave a batch without records for the sake of its producer's sequence.
  const count = recordCountOf(b, at)
  if (count < 0 || count - 1 > lastOffsetDeltaOf(b, at)) return 'the record count does not match the offsets'
  return 'ok'
}

function checkFrame(batch: Buffer): void {
  if (batch.length < batchHeaderBytes) refuse('INVALID_RECORD', 'no record batch is that short', batch.length)
  if (magicOf(batch) !== batchMagic) refuse('INVALID_RECORD', 'only magic 2 is accepted', magicOf(batch))
  const bytes = batchBytesOf(batch)
  if (bytes < batchHeaderBytes) refuse('CORRUPT_MESSAGE', 'the batch length is impossible', bytes)
  if (bytes !== batch.length) refuse('INVALID_RECORD', 'exactly one whole record batch is accepted', bytes)
}

function checkHeader(batch: Buffer): void {
  const count = recordCountOf(batch)
  if (count <= 0) refuse('INVALID_RECORD', 'a batch has at least one record', count)
  if (lastOffsetDeltaOf(batch) !== count - 1)
    refuse('INVALID_RECORD', 'the last offset delta is the record count less one', lastOffsetDeltaOf(batch))
  if (codecOf(batch) >= codecNames.length) refuse('UNSUPPORTED_COMPRESSION_TYPE', 'unknown codec', codecOf(batch))
  if (!Number.isSafeInteger(baseTimestampOf(batch)) || !Number.isSafeInteger(maxTimestampOf(batch)))
    refuse('INVALID_TIMESTAMP', 'a timestamp is beyond 2^53 ms', maxTimestampOf(batch))
  const producerId = producerIdOf(batch)
  if (producerId < 0) return
  if (!Number.isSafeInteger(producerId)) refuse('INVALID_RECORD', 'a producer id is below 2^53', producerId)
  if (isControl(batch)) return
  if (baseSequenceOf(batch) < 0 || producerEpochOf(batch) < 0)
    refuse('INVALID_RECORD', 'a batch with a producer id has a sequence and an epoch', baseSequenceOf(batch))
}

function checkClientHeader(batch: Buffer): void {
  if (isControl(batch)) refuse('INVALID_RECORD', 'clients do not write control batches', producerIdOf(batch))
  if (isTransactional(batch))
    refuse('INVALID_TXN_STATE', 'a transactional batch outside a transaction', producerIdOf(batch))
  if (timestampTypeOf(batch) === 'LogAppendTime')
    refuse('INVALID_TIMESTAMP', 'LogAppendTime is for the broker to set', maxTimestampOf(batch))
}

/**
 * Lengths fill the region exactly, deltas run from 0, and the header's max timestamp is the true one. 26 to 28 ns per record
 * of 100 bytes, a little more than the CRC of the same bytes (bench/records, 2026-11, 2 cores): seven numbers, each of which tells
 * where the next one lies.
 */
function checkRecords(batch: Buffer): void {
  const maxTimestamp = walk(batch)
  if (!Number.isSafeInteger(maxTimestamp)) refuse('INVALID_TIMESTAMP', 'a timestamp is beyond 2^53 ms', maxTimestamp)
  if (maxTimestamp !== maxTimestampOf(batch)) stampMaxTimestamp(batch, 0, maxTimestamp)
}

function walk(batch: Buffer): number {
  let maxTimestamp = Number.NEGATIVE_INFINITY
  try {
    const cursor = new RecordCursor(batch)
    for (let delta = 0; cursor.next(); delta++) {
      if (cursor.offsetDelta !== delta) refuse('INVALID_RECORD', 'offset deltas run 0, 1, 2…', cursor.offsetDelta)
      if (cursor.timestamp > maxTimestamp) maxTimestamp = cursor.timestamp
    }
  } catch (error) {
    assert(error instanceof KafkaError, 'a walk over records fails with a KafkaError')
    throw new KafkaError('INVALID_RECORD', error.details)
  }
  return maxTimestamp
}

function refuse(code: ErrorName, message: string, found: number): never {
  throw new KafkaError(code, { message, found })
}
