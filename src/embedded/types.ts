// The library's vocabulary: what users pass in and get back. Re-exported by index.ts.

import type { TopicSettingName } from '../base/config.ts'
import type { Logger } from '../base/logger.ts'
import type { Durability } from '../log/types.ts'
import type { Platform } from '../platform/platform.ts'
import type { CodecName } from '../records/index.ts'
import type { Serde } from './serdes.ts'

export interface OpenOptions {
  /** Broker-wide settings by their Kafka names, e.g. `{ 'num.partitions': 4, 'retention.ms': 86_400_000 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** What an acknowledgement means where a topic does not say: short for the setting varve.durability. */
  readonly durability?: Durability
  /** Silent by default. */
  readonly logger?: Logger
  /** Files, time, chance and network; the real ones by default. For tests see varve/testing. */
  readonly platform?: Platform
  /** Bytes of records that were handed to append and are not durable yet, at most; 32 MiB by default. */
  readonly bufferBytesMax?: number
  /** What append does when they are that many: wait for room (default), or reject with BUFFER_EXHAUSTED. */
  readonly whenFull?: 'wait' | 'error'
}

export interface TopicOptions<K, V> {
  /** Of a topic that is made now: num.partitions by default. Of one that is there: must be what it has. */
  readonly partitions?: number
  /** `bytes` by default. */
  readonly key?: Serde<K>
  /** `bytes` by default. */
  readonly value?: Serde<V>
  /** The topic's own settings, for a topic that is made now; one that is there keeps its own (see `log.alterTopic`). */
  readonly config?: TopicConfig
  /** How batches of this process are compressed; 'none' by default. */
  readonly compression?: CodecName
  /** False: a topic that is not there is UNKNOWN_TOPIC_OR_PARTITION. True by default. */
  readonly create?: boolean
}

export type TopicConfig = { readonly [name in TopicSettingName]?: string | number | boolean }

/** Text is written as UTF-8; in order, names may repeat. */
export type Headers = readonly (readonly [name: string, value: Uint8Array | string | null])[]

export interface NewRecord<K, V> {
  /** Records of one key go to one partition, the one that Java's producer would choose. */
  readonly key?: K | null
  /** null, or nothing: a tombstone. */
  readonly value?: V | null
  readonly headers?: Headers
  /** Milliseconds since 1970; now by default. */
  readonly timestamp?: number
  /** Goes before the key's. */
  readonly partition?: number
}

export interface AppendOptions {
  /**
   * The offset that this append must get, else it rejects with OFFSET_CONFLICT and nothing is written. The records go to
   * one partition (by `partition`, or by a key) and become one batch: all of them or none.
   */
  readonly expect?: { readonly offset: number }
  /** Ends the wait for room in the buffer. Records that have been accepted are not taken back. */
  readonly signal?: AbortSignal
}

/** Where a record went. */
export interface Ack {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970, as stored. */
  readonly timestamp: number
}

/** A record that was read. */
export interface LogRecord<K, V> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970; -1 if its producer gave none. */
  readonly timestamp: number
  readonly key: K | null
  /** null: a tombstone. */
  readonly value: V | null
  /** In order; names may repeat. Decoded when asked for. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  /** With `onBadRecord: 'raw'`, a record that did not decode: key and value are null, and this has them as bytes. */
  readonly bad: { readonly error: unknown; readonly key: Buffer | null; readonly value: Buffer | null } | undefined
}

/** A `Date`, or anything else that knows its milliseconds since 1970. */
export interface Instant {
  getTime(): number
}

/**
 * A place in the log. Text: `start`, `end`, `47`, `-100` (the last 100), `+100`, `@-1h`, `@2026-11-20T10:00Z`, `@1763632800`;
 * as `from` also a range: `10:20`, `@-2h:-1h`, `:end`. A number is an offset, a Date a time.
 */
export type OffsetSpec = string | number | Instant

export interface ReadOptions {
  /** One partition; all of them, merged by time, by default. */
  readonly partition?: number
  /** `start` by default. */
  readonly from?: OffsetSpec
  /** Not included. The high watermarks of the moment when the read starts by default; with `follow`, none. */
  readonly to?: OffsetSpec
  /** Go on with new records as they become durable. Ends by `to`, `limit`, `signal`, break, or when the log closes. */
  readonly follow?: boolean
  /** Aborted: with `follow` the read ends; otherwise it rejects with the signal's reason, since it is not complete. */
  readonly signal?: AbortSignal
  /** Records at most. */
  readonly limit?: number
  /** A record that key or value serde cannot decode: 'throw' INVALID_RECORD (default), 'skip' it, or hand it out 'raw'. */
  readonly onBadRecord?: 'throw' | 'skip' | 'raw'
}

/**
 * Records in order. Over one partition that is the order of offsets; over several they are merged by timestamp, as far as each
 * partition's own order allows, and with `follow` as they arrive. Nothing is read before the first record is asked for.
 */
export interface Reader<K, V> extends AsyncIterable<LogRecord<K, V>> {
  /** The same, many at a time: at most `max` (1,000) in one go, fewer when that is what there is. Faster. */
  batches(options?: { max?: number }): AsyncIterable<RecordBatch<K, V>>
}

export interface RecordBatch<K, V> {
  /** At least one. */
  readonly records: readonly LogRecord<K, V>[]
}

export interface ListenOptions {
  /** Port, `host:port`, or both; 127.0.0.1 unless said otherwise. Port 0 takes a free one. */
  readonly kafka: number | string | { host?: string; port: number }
  /** Needed for any address that other machines can reach: there is no password. */
  readonly insecure?: boolean
  /** The address that clients are told to come back to; the one they dialled by default. */
  readonly advertised?: { host: string; port: number }
}

export interface Listening {
  readonly kafka: { readonly host: string; readonly port: number }
  close(): Promise<void>
}
