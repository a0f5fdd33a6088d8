// Builds record batches: append records, then build() stamps the header before them.
//   1  the bytes are those of Java's MemoryRecordsBuilder for the same records (test/records/golden.test.ts)
//   2  build() hands out a buffer of exactly the batch's size and leaves the builder empty, its memory kept for the next
// Called by embedded/ (append, appendMany), by broker/ for internal topics, and by the client.

import { KafkaError } from '../base/errors.ts'
import {
  varintBytes,
  varintBytesMax,
  varlongBytes,
  varlongBytesMax,
  writeVarint,
  writeVarlong,
} from '../bytes/varint.ts'
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

/** Never less than the bytes that append() adds: three per UTF-16 unit of text, every number at its longest. */
export function recordBytesMax({ key, value, headers = noHeaders }: RecordInput): number {
  let bytes = 4 * varintBytesMax + varlongBytesMax + varintBytesMax + 1 + payloadBytesMax(key) + payloadBytesMax(value)
  for (const [name, content] of headers) bytes += 2 * varintBytesMax + 3 * name.length + payloadBytesMax(content)
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

  /** Errors: INVALID_ARGUMENT for a timestamp that is not a whole number of ms. */
  append(record: RecordInput): void {
    const { key = null, value = null, headers = noHeaders, timestampMs } = record
    if (!Number.isSafeInteger(timestampMs))
      throw new KafkaError('INVALID_ARGUMENT', { message: 'timestampMs is a whole number of ms', timestampMs })
    const isFirst = this.#recordCount === 0
    const timestampDelta = isFirst ? 0 : timestampMs - this.#baseTimestamp
    const keyBytes = payloadBytes(key)
    const valueBytes = payloadBytes(value)
    const recordBytes =
      1 +
      varlongBytes(timestampDelta) +
      varintBytes(this.#recordCount) +
      varintBytes(keyBytes) +
      Math.max(keyBytes, 0) +
      varintBytes(valueBytes) +
      Math.max(valueBytes, 0) +
      (headers.length === 0 ? 1 : headersBytes(headers))
    this.#reserve(varintBytesMax + recordBytes)

    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#at, recordBytes)
    buffer[at++] = 0
    at = writeVarlong(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.#recordCount)
    at = writePayload(buffer, at, key, keyBytes)
    at = writePayload(buffer, at, value, valueBytes)
    this.#at = headers.length === 0 ? writeVarint(buffer, at, 0) : writeHeaders(buffer, at, headers)

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

/** -1 for null. */
function payloadBytes(payload: Payload): number {
  if (payload === null) return -1
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
}

function payloadBytesMax(payload: Payload | undefined): number {
  if (payload === null || payload === undefined) return 0
  return typeof payload === 'string' ? 3 * payload.length : payload.length
}

function writePayload(buffer: Buffer, at: number, payload: Payload, bytes: number): number {
  at = writeVarint(buffer, at, bytes)
  if (payload === null) return at
  if (typeof payload === 'string') writeText(buffer, at, payload, bytes)
  else buffer.set(payload, at)
  return at + bytes
}

function writeText(buffer: Buffer, at: number, text: string, bytes: number): void {
  // As many bytes as characters: ASCII, which latin1 writes without decoding surrogates.
  if (bytes === text.length) buffer.write(text, at, bytes, 'latin1')
  else buffer.write(text, at, bytes, 'utf8')
}

function headersBytes(headers: HeaderList): number {
  let bytes = varintBytes(headers.length)
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name)
    const valueBytes = payloadBytes(value)
    bytes += varintBytes(nameBytes) + nameBytes + varintBytes(valueBytes) + Math.max(valueBytes, 0)
  }
  return bytes
}

function writeHeaders(buffer: Buffer, at: number, headers: HeaderList): number {
  at = writeVarint(buffer, at, headers.length)
  for (const [name, value] of headers) {
    at = writePayload(buffer, at, name, Buffer.byteLength(name))
    at = writePayload(buffer, at, value, payloadBytes(value))
  }
  return at
}
