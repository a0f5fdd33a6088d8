// What the engine offers to its faces (embedded/, server/): plain objects and promises, no wire types.
//   1  a method that takes several topics or partitions answers with an array of the same length, in the same order
//   2  trouble with one of them is its `error` (a KafkaError: `code`, `kafkaCode`, `retriable`, `message`); a method rejects
//      only when the whole request is wrong or the broker is closed (LOG_CLOSED)
//   3  whatever an answer says is durable: a topic that is listed, a producer id, an offset below the high watermark
// Implemented by broker.ts; opened by open-broker.ts: `openBroker(options)`.

import type { SettingSource, Settings } from '../base/config.ts'
import type { KafkaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Durability, RecoveryReport } from '../log/types.ts'
import type { Platform } from '../platform/platform.ts'
import type { AlterOptions, BrokerAdmin, SettingChange } from './admin-types.ts'

export interface BrokerOptions {
  readonly platform: Platform
  /** Path of the data directory; made if it is missing. */
  readonly directory: string
  readonly settings: Settings
  readonly logger: Logger
}

/** A topic by name, or by id (22 characters of base64url, base/names.ts). With both, the id decides. */
export interface TopicRef {
  readonly topic?: string
  readonly topicId?: string
}

export interface Broker extends BrokerAdmin {
  /** 22 characters; chosen when the directory was made. */
  readonly clusterId: string
  /** Always 1: one node. */
  readonly nodeId: number
  readonly platform: Platform
  readonly settings: Settings
  readonly logger: Logger
  /** Plain counters since the start. */
  readonly metrics: Metrics
  /** What recovery found when the directory was opened. */
  readonly recovery: RecoveryReport

  /**
   * Appends batches. Everything is appended before this returns its promise (so requests keep the order in which they were
   * begun); the promise resolves when all of it is durable, or, with acks 0, has been appended. The batches become the
   * engine's: offsets and epochs are stamped into them.
   * Per partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_TOPIC_EXCEPTION (internal topics),
   * INVALID_REQUIRED_ACKS, NOT_ENOUGH_REPLICAS, and the errors of PartitionLog.append (log/types.ts).
   */
  produce(request: ProduceRequest): Promise<ProduceResult[]>

  /**
   * Reads whole batches. Answers at once when `minBytes` are there, a partition has an error, no partition is asked for or
   * `maxWaitMs` ≤ 0; otherwise when new durable records make up `minBytes`, when `maxWaitMs` is over, when `signal` aborts
   * or when the broker closes (with what is there then; an abort does not reject).
   * Per partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, OFFSET_OUT_OF_RANGE, FENCED_LEADER_EPOCH,
   * UNKNOWN_LEADER_EPOCH, CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR.
   */
  fetch(request: FetchRequest): Promise<FetchResult[]>

  /** Offsets by time or by name (`listOffsetsTimestamps`). */
  listOffsets(queries: readonly OffsetQuery[]): Promise<OffsetAnswer[]>

  /** Where a leader epoch ended. */
  offsetsForLeaderEpoch(queries: readonly EpochQuery[]): Promise<EpochAnswer[]>

  /**
   * Per topic: INVALID_TOPIC_EXCEPTION (name, internal, or it collides), TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS,
   * INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, INVALID_REQUEST (twice in one request),
   * POLICY_VIOLATION (varve.partitions.max). With `validateOnly` nothing is made and the answer is what would be.
   */
  createTopics(topics: readonly NewTopic[], options?: { validateOnly?: boolean }): Promise<CreateTopicResult[]>

  /** Per topic: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_TOPIC_EXCEPTION (internal). */
  deleteTopics(topics: readonly TopicRef[]): Promise<DeleteTopicResult[]>

  /** All topics in the order of their names, without the registry. */
  listTopics(): Promise<TopicDescription[]>

  /**
   * Per topic: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_TOPIC_EXCEPTION. With `autoCreate` (and the setting
   * auto.create.topics.enable) a topic asked for by name is made with the defaults, and the answer has it.
   */
  describeTopics(topics: readonly TopicRef[], options?: { autoCreate?: boolean }): Promise<DescribeTopicResult[]>

  /**
   * Changes a topic's own settings: in a map a value sets one, null takes it back to the default. All or nothing.
   * Rejects with UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_CONFIG, INVALID_REQUEST.
   */
  alterTopic(
    topic: TopicRef,
    changes: ReadonlyMap<string, string | null> | readonly SettingChange[],
    options?: AlterOptions,
  ): Promise<void>

  /** A new producer id, never given out before, with epoch 0. */
  initProducerId(): Promise<ProducerIdentity>

  health(): Health

  /** Runs retention once and resolves with the bytes that it took out. It also runs by itself every log.retention.check.interval.ms. */
  retain(): Promise<number>

  /** New work is refused (LOG_CLOSED), waiting fetches are answered, what was appended becomes durable, the directory is closed. */
  close(): Promise<void>
}

// ------------------------------------------------------------------------------------------------------------- produce

export interface ProduceRequest {
  /** -1 and 1: answered when durable; 0: when appended. Anything else is INVALID_REQUIRED_ACKS. */
  readonly acks: number
  readonly partitions: readonly ProducePartition[]
}

export interface ProducePartition extends TopicRef {
  readonly partition: number
  /** Exactly one record batch (v2), whole. */
  readonly batch: Buffer
  /** The offset that must come next, else OFFSET_CONFLICT (details.nextOffset). */
  readonly expectOffset?: number
}

export interface ProduceResult {
  readonly error: KafkaError | undefined
  /** -1 with an error */
  readonly baseOffset: number
  /** LogAppendTime in ms; -1 with CreateTime or an error */
  readonly logAppendTimeMs: number
  /** -1 with an error */
  readonly logStartOffset: number
}

// --------------------------------------------------------------------------------------------------------------- fetch

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  /** Of the whole answer; the setting fetch.max.bytes bounds it too. The first batch of the answer always comes whole. */
  readonly maxBytes: number
  readonly partitions: readonly FetchPartition[]
  /** Ends the wait early, for a connection that is gone or a broker that stops. */
  readonly signal?: AbortSignal
}

export interface FetchPartition extends TopicRef {
  readonly partition: number
  readonly offset: number
  /** Of this partition. */
  readonly maxBytes: number
  /** -1 or absent: not checked */
  readonly currentLeaderEpoch?: number
  /** -1 or absent: not checked. Otherwise a mismatch answers `divergingEpoch` and no records. */
  readonly lastFetchedEpoch?: number
}

export interface FetchResult {
  readonly error: KafkaError | undefined
  /** -1 where the partition is not known */
  readonly highWatermark: number
  /** Equal to the high watermark: nothing here is transactional. */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined
  /** Whole record batches, end to end; possibly views of shared memory: never written to. */
  readonly buffers: readonly Buffer[]
  readonly bytes: number
}

// ------------------------------------------------------------------------------------------------------------- offsets

/** Names for `OffsetQuery.timestamp`; any number ≥ 0 is a time in ms. */
export const listOffsetsTimestamps = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPendingUpload: -6,
} as const

export interface OffsetQuery extends TopicRef {
  readonly partition: number
  readonly timestamp: number
  /** -1 or absent: not checked */
  readonly currentLeaderEpoch?: number
}

/** Errors: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, the epochs' two, UNSUPPORTED_VERSION (no such negative number). */
export interface OffsetAnswer {
  readonly error: KafkaError | undefined
  /** -1: there is none */
  readonly offset: number
  /** -1 unless a time, or maxTimestamp, was asked for */
  readonly timestamp: number
  /** -1 if unknown */
  readonly leaderEpoch: number
}

export interface EpochQuery extends TopicRef {
  readonly partition: number
  readonly leaderEpoch: number
  readonly currentLeaderEpoch?: number
}

export interface EpochAnswer {
  readonly error: KafkaError | undefined
  readonly leaderEpoch: number
  readonly endOffset: number
}

// -------------------------------------------------------------------------------------------------------------- topics

export interface NewTopic {
  readonly topic: string
  /** -1: num.partitions */
  readonly partitions: number
  /** -1 or 1 */
  readonly replicationFactor: number
  /** Kafka's manual assignment: partition → node ids. Each must be [1], partitions 0…n-1; then `partitions` is -1. */
  readonly assignments?: readonly { readonly partition: number; readonly nodeIds: readonly number[] }[]
  /** The topic's own settings; null values are left out. */
  readonly settings?: Iterable<readonly [name: string, value: string | null]>
}

export interface CreateTopicResult {
  readonly error: KafkaError | undefined
  readonly topic: string
  /** The zero id with an error, or with `validateOnly`. */
  readonly topicId: string
  /** -1 with an error */
  readonly partitions: number
  /** -1 with an error */
  readonly replicationFactor: number
  /** All topic settings, as they are in force; empty with an error. */
  readonly settings: readonly SettingValue[]
}

export interface DeleteTopicResult extends TopicRef {
  readonly error: KafkaError | undefined
}

export interface DescribeTopicResult {
  readonly error: KafkaError | undefined
  /** As asked for, or as found. */
  readonly topic: string | undefined
  readonly topicId: string | undefined
  readonly description: TopicDescription | undefined
}

export interface TopicDescription {
  readonly topic: string
  readonly topicId: string
  readonly internal: boolean
  /** Index = partition number. */
  readonly partitions: readonly PartitionDescription[]
  /** All topic settings, as they are in force, in the order of the table in base/config.ts. */
  readonly settings: readonly SettingValue[]
}

/** Live: each field is read from the partition when it is asked for. */
export interface PartitionDescription {
  readonly partition: number
  readonly leaderEpoch: number
  readonly logStartOffset: number
  readonly highWatermark: number
  /** Log end offset: records between the high watermark and here are on their way to the disk. */
  readonly nextOffset: number
  readonly bytes: number
  readonly durability: Durability
  readonly degraded: { readonly reason: string; readonly fromOffset: number } | undefined
  segments(): { baseOffset: number; nextOffset: number; bytes: number; maxTimestamp: number }[]
}

export interface SettingValue {
  readonly name: string
  readonly value: string
  /** Where the value comes from. */
  readonly source: SettingSource
}

// --------------------------------------------------------------------------------------------------------------- other

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface Health {
  /** Set once a sync failed: appends are over for good, reads of what was durable go on. */
  readonly failure: Error | undefined
  readonly degraded: readonly { topic: string; partition: number; reason: string; fromOffset: number }[]
  readonly closed: boolean
}
