// What append() got, as records for the batch builder: serdes applied, partitions checked, sizes counted. All of it before
// anything is enqueued, so that one bad record of appendMany leaves nothing behind. Called by topic.ts.

import { KafkaError } from '../base/errors.ts'
import { partitionForKey } from '../broker/partitioner.ts'
import type { RecordInput } from '../records/index.ts'
import type { Serde } from './serdes.ts'
import type { NewRecord } from './types.ts'

/** Index by index: the record, and its partition, or keyless where any will do. */
export interface EncodedRecords {
  readonly inputs: RecordInput[]
  readonly partitions: number[]
}

export const keyless = -1

/** What a record weighs in memory beside its payload. */
const recordOverheadBytes = 100

export interface Encoder<K, V> {
  readonly topic: string
  readonly partitionCount: number
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Errors: INVALID_ARGUMENT (a serde that threw is its cause), UNKNOWN_TOPIC_OR_PARTITION. */
export function encodeRecords<K, V>(
  encoder: Encoder<K, V>,
  records: readonly NewRecord<K, V>[],
  nowMs: number,
): EncodedRecords {
  if (!Array.isArray(records)) throw invalid('appendMany takes an array of records', { type: typeof records })
  const inputs: RecordInput[] = []
  const partitions: number[] = []
  for (let i = 0; i < records.length; i++) {
    const record = records[i]
    if (typeof record !== 'object' || record === null) throw invalid('a record is { key, value, … }', { record })
    const { key, value, headers, timestamp = nowMs, partition } = record
    if (!Number.isSafeInteger(timestamp)) throw invalid('a timestamp is a whole number of ms', { timestamp })
    if (headers !== undefined) checkHeaders(headers)
    const keyBytes = key === undefined || key === null ? null : asBytes(encode(encoder.key, key, 'key'))
    const valueBytes = value === undefined || value === null ? null : encode(encoder.value, value, 'value')
    inputs.push({ key: keyBytes, value: valueBytes, headers, timestampMs: timestamp })
    partitions.push(partitionOf(encoder, partition, keyBytes))
  }
  return { inputs, partitions }
}

/** Roughly what the record takes until it is durable. */
export function memoryBytesOf({ key, value, headers }: RecordInput): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== undefined) for (const [name, content] of headers) bytes += name.length + (content?.length ?? 0)
  return bytes
}

function partitionOf<K, V>(encoder: Encoder<K, V>, partition: number | undefined, key: Uint8Array | null): number {
  if (partition === undefined) return key === null ? keyless : partitionForKey(key, encoder.partitionCount)
  checkPartition(encoder, partition)
  return partition
}

/** Errors: UNKNOWN_TOPIC_OR_PARTITION. */
export function checkPartition(
  { topic, partitionCount }: { topic: string; partitionCount: number },
  partition: number,
): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return
  throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', {
    message: `topic "${topic}" has partitions 0 to ${partitionCount - 1}`,
    partition,
  })
}

function encode<T>(serde: Serde<T>, value: T, part: 'key' | 'value'): Uint8Array | string {
  let encoded: unknown
  try {
    encoded = serde.encode(value)
  } catch (cause) {
    throw invalid(`the ${part} does not encode: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  if (typeof encoded === 'string' || encoded instanceof Uint8Array) return encoded
  throw invalid(`the ${part} serde made neither bytes nor text`, { type: typeof encoded })
}

function asBytes(encoded: Uint8Array | string): Uint8Array {
  return typeof encoded === 'string' ? Buffer.from(encoded, 'utf8') : encoded
}

function checkHeaders(headers: NonNullable<NewRecord<unknown, unknown>['headers']>): void {
  const isHeaders =
    Array.isArray(headers) &&
    headers.every(
      pair =>
        Array.isArray(pair) &&
        typeof pair[0] === 'string' &&
        (pair[1] === null || typeof pair[1] === 'string' || pair[1] instanceof Uint8Array),
    )
  if (!isHeaders) throw invalid('headers are pairs of a name and bytes, text or null', {})
}

function invalid(message: string, details: Record<string, unknown>): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', { message, ...details })
}
