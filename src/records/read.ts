// Records as objects, without copying payloads: keys and values are views of the batch (or of its decompressed region).
//   1  malformed records are CORRUPT_MESSAGE, never a RangeError; nothing is returned of a batch that does not read whole
//   2  with LogAppendTime every record carries the batch's max timestamp
// For the fastest loop use RecordCursor itself (cursor.ts). Called by embedded/, cli/, and the registry's replay.

import { KafkaError } from '../base/errors.ts'
import { batchBytesOf, batchHeaderBytes, batchOverheadBytes, isControl } from './batch.ts'
import { type CursorOptions, RecordCursor } from './cursor.ts'

export type RecordHeader = readonly [name: string, value: Buffer | null]

/** One record. `key` and `value` are views: copy what is to outlive the batch. */
export class BatchRecord {
  readonly offset: number
  /** ms since 1970, or -1 if the producer gave none. */
  readonly timestamp: number
  readonly key: Buffer | null
  /** null: a tombstone. */
  readonly value: Buffer | null
  readonly #bytes: Buffer
  readonly #headersAt: number
  readonly #headerCount: number

  constructor(cursor: RecordCursor) {
    this.offset = cursor.offset
    this.timestamp = cursor.timestamp
    this.key = view(cursor.bytes, cursor.keyAt, cursor.keyBytes)
    this.value = view(cursor.bytes, cursor.valueAt, cursor.valueBytes)
    this.#bytes = cursor.bytes
    this.#headersAt = cursor.headersAt
    this.#headerCount = cursor.headerCount
  }

  /** In order, decoded on each call; names may repeat. */
  get headers(): RecordHeader[] {
    return readHeaders(this.#bytes, this.#headersAt, this.#headerCount)
  }
}

/**
 * All records of one whole batch whose CRC is right, control records too (isControl tells).
 * Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE (unfolds beyond bytesMax), UNSUPPORTED_COMPRESSION_TYPE.
 */
export function readRecords(batch: Buffer, options?: CursorOptions): BatchRecord[] {
  const cursor = new RecordCursor(batch, options)
  const records: BatchRecord[] = []
  while (cursor.next()) records.push(new BatchRecord(cursor))
  return records
}

/** Headers of a record that a cursor has reached: `cursor.bytes, cursor.headersAt, cursor.headerCount`. */
export function readHeaders(bytes: Buffer, headersAt: number, headerCount: number): RecordHeader[] {
  const headers: RecordHeader[] = []
  const reader = new LengthReader(bytes, headersAt)
  for (let i = 0; i < headerCount; i++) {
    const name = reader.take()
    headers.push([name === null ? '' : name.toString('utf8'), reader.take()])
  }
  return headers
}

/**
 * Calls `fn` for each whole batch, in order: where it lies and how long it is. Batches do not span buffers. A batch that is
 * cut at the end of a buffer is left out, as clients must. Returns the bytes of whole batches.
 */
export function forEachBatch(
  buffers: readonly Buffer[],
  fn: (buffer: Buffer, at: number, bytes: number) => void,
): number {
  let total = 0
  for (const buffer of buffers) {
    let at = 0
    while (at + batchOverheadBytes <= buffer.length) {
      const bytes = batchBytesOf(buffer, at)
      if (bytes < batchHeaderBytes)
        throw new KafkaError('CORRUPT_MESSAGE', { message: 'the batch length is impossible', bytes })
      if (at + bytes > buffer.length) break
      fn(buffer, at, bytes)
      at += bytes
      total += bytes
    }
  }
  return total
}

/** What a control batch says; undefined for data and for markers that we do not know. */
export function controlTypeOf(batch: Buffer, at = 0): 'abort' | 'commit' | undefined {
  if (!isControl(batch, at)) return undefined
  const cursor = new RecordCursor(batch, { at })
  if (!cursor.next() || cursor.keyBytes < 4) return undefined
  const type = cursor.bytes.readInt16BE(cursor.keyAt + 2)
  return type === 0 ? 'abort' : type === 1 ? 'commit' : undefined
}

/** Lengths were checked by the cursor; this only takes what lies there. */
class LengthReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  take(): Buffer | null {
    let bits = 0
    let byte = 0x80
    for (let shift = 0; byte >= 0x80; shift += 7) {
      byte = this.#bytes[this.#at++]
      bits |= (byte & 0x7f) << shift
    }
    const length = (bits >>> 1) ^ -(bits & 1)
    const taken = view(this.#bytes, this.#at, length)
    if (length > 0) this.#at += length
    return taken
  }
}

function view(bytes: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(at, at + length)
}
