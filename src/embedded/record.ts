// A record as users get it. Keys and values are decoded when the record is made, headers when they are asked for.
// Called by partition-source.ts. Hot: one object per record, no closures.

import { KafkaError } from '../base/errors.ts'
import { type RecordCursor, type RecordHeader, readHeaders } from '../records/index.ts'
import type { Serde } from './serdes.ts'
import type { LogRecord } from './types.ts'

export interface Decoder<K, V> {
  readonly topic: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly onBadRecord: 'throw' | 'skip' | 'raw'
}

/** The record that the cursor has reached; undefined if it does not decode and is to be skipped. Errors: INVALID_RECORD. */
export function decodeRecord<K, V>(
  decoder: Decoder<K, V>,
  partition: number,
  cursor: RecordCursor,
): LogRecord<K, V> | undefined {
  const keyBytes = slice(cursor.bytes, cursor.keyAt, cursor.keyBytes)
  const valueBytes = slice(cursor.bytes, cursor.valueAt, cursor.valueBytes)
  try {
    const key = keyBytes === null ? null : decoder.key.decode(keyBytes)
    const value = valueBytes === null ? null : decoder.value.decode(valueBytes)
    return new ReadRecord(decoder.topic, partition, cursor, key, value, undefined)
  } catch (error) {
    if (decoder.onBadRecord === 'throw') throw undecodable(decoder.topic, partition, cursor.offset, error)
    if (decoder.onBadRecord === 'skip') return undefined
    const bad = { error, key: keyBytes, value: valueBytes }
    return new ReadRecord<K, V>(decoder.topic, partition, cursor, null, null, bad)
  }
}

class ReadRecord<K, V> implements LogRecord<K, V> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: K | null
  readonly value: V | null
  readonly bad: LogRecord<K, V>['bad']
  readonly #bytes: Buffer
  readonly #headersAt: number
  readonly #headerCount: number

  constructor(
    topic: string,
    partition: number,
    cursor: RecordCursor,
    key: K | null,
    value: V | null,
    bad: LogRecord<K, V>['bad'],
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = cursor.offset
    this.timestamp = cursor.timestamp
    this.key = key
    this.value = value
    this.bad = bad
    this.#bytes = cursor.bytes
    this.#headersAt = cursor.headersAt
    this.#headerCount = cursor.headerCount
  }

  get headers(): RecordHeader[] {
    return this.#headerCount === 0 ? [] : readHeaders(this.#bytes, this.#headersAt, this.#headerCount)
  }
}

function slice(bytes: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(at, at + length)
}

function undecodable(topic: string, partition: number, offset: number, cause: unknown): KafkaError {
  return new KafkaError('INVALID_RECORD', {
    message: `a record does not decode: ${cause instanceof Error ? cause.message : cause}`,
    topic,
    partition,
    offset,
    cause,
  })
}
