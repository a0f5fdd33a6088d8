// The record batch, version 2: where each header field lies, and how to read or stamp it in place.
//   1  a batch is the same bytes on the wire, in the file and in memory; these functions never copy it
//   2  base offset and leader epoch lie outside the CRC, so the broker may stamp them; anything else needs a new CRC
//   3  64-bit fields are plain numbers: exact within ±2^53, and checkBatch / verifyBatch refuse what is not
// The caller knows that the header is there (batchHeaderBytes from `at` on). Called by all of records/, by log/ and above.

import { crc32c } from '../bytes/crc32c.ts'

export const baseOffsetAt = 0
export const batchLengthAt = 8
export const leaderEpochAt = 12
export const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const producerIdAt = 43
export const producerEpochAt = 51
export const baseSequenceAt = 53
export const recordCountAt = 57

/** The whole header, up to the first record. */
export const batchHeaderBytes = 61
/** Base offset and length: what lies before the bytes that the length counts. */
export const batchOverheadBytes = 12
/** The only magic there is. */
export const batchMagic = 2

export const codecBits = 0x07
export const logAppendTimeBit = 0x08
export const transactionalBit = 0x10
export const controlBit = 0x20

export const noProducerId = -1
export const noSequence = -1
export const noTimestamp = -1
export const noLeaderEpoch = -1

export type TimestampType = 'CreateTime' | 'LogAppendTime'

export const baseOffsetOf = (b: Buffer, at = 0): number => readInt64(b, at + baseOffsetAt)
/** The whole batch in bytes, as its header says. */
export const batchBytesOf = (b: Buffer, at = 0): number => b.readInt32BE(at + batchLengthAt) + batchOverheadBytes
export const leaderEpochOf = (b: Buffer, at = 0): number => b.readInt32BE(at + leaderEpochAt)
export const magicOf = (b: Buffer, at = 0): number => b.readInt8(at + magicAt)
export const crcOf = (b: Buffer, at = 0): number => b.readUInt32BE(at + crcAt)
export const attributesOf = (b: Buffer, at = 0): number => b.readInt16BE(at + attributesAt)
/** 0 to 7; compression.ts knows 0 to 4. */
export const codecOf = (b: Buffer, at = 0): number => b[at + attributesAt + 1] & codecBits
export const isTransactional = (b: Buffer, at = 0): boolean => (b[at + attributesAt + 1] & transactionalBit) !== 0
export const isControl = (b: Buffer, at = 0): boolean => (b[at + attributesAt + 1] & controlBit) !== 0
export const timestampTypeOf = (b: Buffer, at = 0): TimestampType =>
  (b[at + attributesAt + 1] & logAppendTimeBit) !== 0 ? 'LogAppendTime' : 'CreateTime'
export const lastOffsetDeltaOf = (b: Buffer, at = 0): number => b.readInt32BE(at + lastOffsetDeltaAt)
export const lastOffsetOf = (b: Buffer, at = 0): number => baseOffsetOf(b, at) + lastOffsetDeltaOf(b, at)
/** One past the last offset. */
export const nextOffsetOf = (b: Buffer, at = 0): number => lastOffsetOf(b, at) + 1
/** What the records' timestamp deltas count from, in ms. */
export const baseTimestampOf = (b: Buffer, at = 0): number => readInt64(b, at + baseTimestampAt)
export const maxTimestampOf = (b: Buffer, at = 0): number => readInt64(b, at + maxTimestampAt)
/** Negative: not an idempotent producer, whatever epoch and sequence say (kafkajs sends 0 and 0 there). */
export const producerIdOf = (b: Buffer, at = 0): number => readInt64(b, at + producerIdAt)
export const producerEpochOf = (b: Buffer, at = 0): number => b.readInt16BE(at + producerEpochAt)
export const baseSequenceOf = (b: Buffer, at = 0): number => b.readInt32BE(at + baseSequenceAt)
/** Sequences run from 0 to 2^31 - 1 and then begin again. */
export const lastSequenceOf = (b: Buffer, at = 0): number => {
  const base = baseSequenceOf(b, at)
  return base < 0 ? noSequence : addToSequence(base, lastOffsetDeltaOf(b, at))
}
export const recordCountOf = (b: Buffer, at = 0): number => b.readInt32BE(at + recordCountAt)

/** Sequence `count` places after `sequence`, wrapping at 2^31. */
export const addToSequence = (sequence: number, count: number): number => (sequence + count) % 0x80000000

export const setBaseOffset = (b: Buffer, at: number, offset: number): void => writeInt64(b, at + baseOffsetAt, offset)
export const setLeaderEpoch = (b: Buffer, at: number, epoch: number): void => {
  b.writeInt32BE(epoch, at + leaderEpochAt)
}

/** Makes it a LogAppendTime batch: every record then reads as `ms`, whatever its delta says. New CRC. */
export function stampLogAppendTime(b: Buffer, at: number, ms: number): void {
  b[at + attributesAt + 1] |= logAppendTimeBit
  stampMaxTimestamp(b, at, ms)
}

/** New CRC. */
export function stampMaxTimestamp(b: Buffer, at: number, ms: number): void {
  writeInt64(b, at + maxTimestampAt, ms)
  stampCrc(b, at)
}

export function stampCrc(b: Buffer, at = 0): void {
  b.writeUInt32BE(computeCrc(b, at), at + crcAt)
}

/** What the CRC field should say: the sum from the attributes to the end of the batch. */
export function computeCrc(b: Buffer, at = 0): number {
  return crc32c(b.subarray(at + attributesAt, at + batchBytesOf(b, at)))
}

/** -1 reads as -1; beyond ±2^53 the low bits are lost. */
export function readInt64(b: Buffer, at: number): number {
  return b.readInt32BE(at) * 0x100000000 + b.readUInt32BE(at + 4)
}

export function writeInt64(b: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x100000000)
  b.writeInt32BE(high, at)
  b.writeUInt32BE(value - high * 0x100000000, at + 4)
}
