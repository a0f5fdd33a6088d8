// Builds record batches: append records, then build() stamps the header before them.
//   1  the bytes are those of Java's MemoryRecordsBuilder for the same records (test/records/golden.test.ts)
//   2  build() hands out a buffer of exactly the batch's size and leaves the builder empty, its memory kept for the next
// Called by embedded/ (append, appendMany), by broker/ for internal topics, and by the client.

import { KafkaError } from '../base/errors.ts'
import { varintBytes, varintBytesMax, varlongBytesMax, writeVarint, writeVarlong } from '../bytes/varint.ts'
import {
  attributesAt,
  baseSequenceAt,
  baseTimestampAt,
  batchHeaderBytes,
  batchLengthAt,
  batchMagic,
  batchOverheadBytes,
  controlBit,
  lastOffsetDeltaAt,
  leaderEpochAt,
  magicAt,
  maxTimestampAt,
  noLeaderEpoch,
  noProducerId,
  noSequence,
  noTimestamp,
  producerEpochAt,
  producerIdAt,
  recordCountAt,
  setBaseOffset,
  stampCrc,
  transactionalBit,
  writeInt64,
} from './batch.ts'
import { compress } from './compression.ts'

/** Text is written as UTF-8. */
export type Payload = Uint8Array | string | null
export type HeaderList = readonly (readonly [name: string, value: Payload])[]

export interface RecordInput {
  key?: Payload | undefined
  value?: Payload | undefined
  /** In order; names may repeat. */
  headers?: HeaderList | undefined
  timestampMs: number
}

export interface BuildOptions {
  baseOffset?: number
  leaderEpoch?: number
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd */
  codec?: number
  isTransactional?: boolean
  isControl?: boolean
}

const noHeaders: HeaderList = []
/** Shorter text is written here, unit by unit: the call into the runtime costs more. */
const shortTextMax = 32
/** Longer text is measured before room is made for it. */
const longTextMin = 1_024
/** A larger buffer is not kept for the next batch. */
const keptBytesMax = 4 << 20

/** Never less than the bytes that append() adds: every number at its longest, three bytes per UTF-16 unit of short text. */
export function recordBytesMax({ key, value, headers = noHeaders }: RecordInput): number {
  let bytes = 4 * varintBytesMax + varlongBytesMax + varintBytesMax + 1 + payloadBytesMax(key) + payloadBytesMax(value)
  for (const [name, content] of headers) bytes += 2 * varintBytesMax + payloadBytesMax(name) + payloadBytesMax(content)
  return bytes
}

export class BatchBuilder {
  #buffer: Buffer
  #at = batchHeaderBytes
  #recordCount = 0
  #baseTimestamp = noTimestamp
  #maxTimestamp = noTimestamp

  constructor({ bytes = 16_384 }: { bytes?: number } = {}) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, batchHeaderBytes))
  }

  get recordCount(): number {
    return this.#recordCount
  }

  /** Of the batch so far, header included, uncompressed. */
  get bytes(): number {
    return this.#at
  }

  /** Errors: INVALID_TIMESTAMP unless timestampMs is a whole number from -1 (none) on. */
  append(record: RecordInput): void {
    const { key = null, value = null, headers = noHeaders, timestampMs } = record
    if (!Number.isSafeInteger(timestampMs) || timestampMs < noTimestamp)
      throw new KafkaError('INVALID_TIMESTAMP', { message: 'timestampMs is a whole number of ms', timestampMs })
    const isFirst = this.#recordCount === 0
    this.#reserve(recordBytesMax(record))

    const buffer = this.#buffer
    const start = this.#at
    const lengthBytes = varintBytes(lengthGuess(key) + lengthGuess(value) + 8)
    let at = start + lengthBytes
    buffer[at++] = 0
    at = writeVarlong(buffer, at, isFirst ? 0 : timestampMs - this.#baseTimestamp)
    at = writeVarint(buffer, at, this.#recordCount)
    at = writePayload(buffer, at, key)
    at = writePayload(buffer, at, value)
    at = headers.length === 0 ? writeVarint(buffer, at, 0) : writeHeaders(buffer, at, headers)
    this.#at = writeLength(buffer, start, lengthBytes, at)

    this.#recordCount++
    if (isFirst) this.#baseTimestamp = timestampMs
    if (isFirst || timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
  }

  /** The batch, with its CRC. The builder is empty afterwards. At least one record was appended. */
  build(options: BuildOptions = {}): Buffer {
    const { codec = 0 } = options
    if (this.#recordCount === 0)
      throw new KafkaError('INVALID_ARGUMENT', { message: 'a batch has at least one record' })
    const records = this.#buffer.subarray(batchHeaderBytes, this.#at)
    const region = codec === 0 ? records : compress(codec, records)
    const batch = Buffer.allocUnsafe(batchHeaderBytes + region.length)
    batch.set(region, batchHeaderBytes)
    this.#writeHeader(batch, options)
    this.clear()
    return batch
  }

  /** Forgets what was appended. */
  clear(): void {
    if (this.#buffer.length > keptBytesMax) this.#buffer = Buffer.allocUnsafeSlow(keptBytesMax)
    this.#at = batchHeaderBytes
    this.#recordCount = 0
    this.#baseTimestamp = noTimestamp
    this.#maxTimestamp = noTimestamp
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    grown.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = grown
  }

  #writeHeader(batch: Buffer, options: BuildOptions): void {
    const { codec = 0, isTransactional = false, isControl = false } = options
    setBaseOffset(batch, 0, options.baseOffset ?? 0)
    batch.writeInt32BE(batch.length - batchOverheadBytes, batchLengthAt)
    batch.writeInt32BE(options.leaderEpoch ?? noLeaderEpoch, leaderEpochAt)
    batch[magicAt] = batchMagic
    batch.writeInt16BE(codec | (isTransactional ? transactionalBit : 0) | (isControl ? controlBit : 0), attributesAt)
    batch.writeInt32BE(this.#recordCount - 1, lastOffsetDeltaAt)
    writeInt64(batch, baseTimestampAt, this.#baseTimestamp)
    writeInt64(batch, maxTimestampAt, this.#maxTimestamp)
    writeInt64(batch, producerIdAt, options.producerId ?? noProducerId)
    batch.writeInt16BE(options.producerEpoch ?? -1, producerEpochAt)
    batch.writeInt32BE(options.baseSequence ?? noSequence, baseSequenceAt)
    batch.writeInt32BE(this.#recordCount, recordCountAt)
    stampCrc(batch)
  }
}

function lengthGuess(payload: Payload): number {
  return payload === null ? 0 : payload.length
}

/**
 * Lengths come before what they measure, and measuring text costs as much as writing it. So the content is written first,
 * `guess` bytes after `start`, and moved if its length takes another number of bytes. Returns the end of the content.
 */
function writeLength(buffer: Buffer, start: number, guess: number, end: number): number {
  const length = end - start - guess
  const needed = varintBytes(length)
  if (needed !== guess) buffer.copyWithin(start + needed, start + guess, end)
  writeVarint(buffer, start, length)
  return start + needed + length
}

function payloadBytesMax(payload: Payload | undefined): number {
  if (payload === null || payload === undefined) return 0
  if (typeof payload !== 'string') return payload.length
  return payload.length > longTextMin ? Buffer.byteLength(payload) : 3 * payload.length
}

function writePayload(buffer: Buffer, at: number, payload: Payload): number {
  if (payload === null) return writeVarint(buffer, at, -1)
  if (typeof payload === 'string') {
    const guess = varintBytes(payload.length)
    return writeLength(buffer, at, guess, writeText(buffer, at + guess, payload))
  }
  at = writeVarint(buffer, at, payload.length)
  buffer.set(payload, at)
  return at + payload.length
}

function writeText(buffer: Buffer, at: number, text: string): number {
  if (text.length > shortTextMax) return at + buffer.write(text, at)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return at + buffer.write(text, at)
    buffer[at + i] = unit
  }
  return at + text.length
}

function writeHeaders(buffer: Buffer, at: number, headers: HeaderList): number {
  at = writeVarint(buffer, at, headers.length)
  for (const [name, value] of headers) {
    at = writePayload(buffer, at, name)
    at = writePayload(buffer, at, value)
  }
  return at
}
