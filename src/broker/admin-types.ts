// What the engine offers to those who look after a log: partitions, settings, deletions, producers. The rules of types.ts hold
// here too: one answer per thing asked for, in order, and what is answered is durable.
// Part of Broker (types.ts).

import type { SettingSource, SettingType } from '../base/config.ts'
import type { KafkaError } from '../base/errors.ts'
import type { ActiveProducer } from '../log/types.ts'
import type { FetchPartition, FetchRequest, FetchResult, TopicRef } from './types.ts'

export interface BrokerAdmin {
  /**
   * Per topic: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (internal), INVALID_PARTITIONS (not more than there are),
   * INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST (twice in one request), POLICY_VIOLATION (varve.partitions.max).
   */
  createPartitions(
    requests: readonly PartitionIncrease[],
    options?: { validateOnly?: boolean },
  ): Promise<PartitionIncreaseResult[]>

  /**
   * Moves log start offsets up; the files go with the next retention. Per partition: UNKNOWN_TOPIC_OR_PARTITION,
   * INVALID_TOPIC_EXCEPTION (internal), POLICY_VIOLATION (cleanup.policy without delete), OFFSET_OUT_OF_RANGE (above the high
   * watermark), KAFKA_STORAGE_ERROR.
   */
  deleteRecords(requests: readonly RecordDeletion[]): Promise<RecordDeletionResult[]>

  /** Per partition: UNKNOWN_TOPIC_OR_PARTITION. */
  describeProducers(partitions: readonly (TopicRef & { readonly partition: number })[]): Promise<ProducersResult[]>

  diskSpace(): Promise<DiskSpaceFacts>

  /** A topic's settings, all of them. Rejects with UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION. */
  describeTopicSettings(topic: TopicRef): Promise<SettingDescription[]>

  /** 'node': all of this node's settings; 'all': those that were changed at run time for all nodes. */
  describeBrokerSettings(scope: BrokerScope): SettingDescription[]

  /**
   * Changes broker settings while the broker runs; they take effect at once and survive a restart. All or nothing.
   * Rejects with INVALID_CONFIG (unknown, no such value, or it changes only with a restart), INVALID_REQUEST.
   */
  alterBroker(scope: BrokerScope, changes: readonly SettingChange[], options?: AlterOptions): Promise<void>

  /** A fetch that stays; close it. */
  openStandingFetch(): StandingFetch
}

export interface PartitionIncrease {
  readonly topic: string
  /** All of them: the old and the new. */
  readonly partitions: number
  /** Of the new ones; each must be [1]. */
  readonly assignments?: readonly (readonly number[])[]
}

export interface PartitionIncreaseResult {
  readonly error: KafkaError | undefined
  readonly topic: string
}

export interface RecordDeletion extends TopicRef {
  readonly partition: number
  /** First offset that stays; -1: the high watermark. */
  readonly offset: number
}

export interface RecordDeletionResult {
  readonly error: KafkaError | undefined
  /** The log start offset; -1 with an error. */
  readonly lowWatermark: number
}

export interface ProducersResult {
  readonly error: KafkaError | undefined
  readonly producers: readonly ActiveProducer[]
}

export interface DiskSpaceFacts {
  readonly path: string
  /** Of the file system, used or not. */
  readonly totalBytes: number
  /** That we may still write. */
  readonly freeBytes: number
}

/** 'node': this node only, which comes first; 'all': every node of the cluster, as Kafka's tools may ask. */
export type BrokerScope = 'node' | 'all'

export interface SettingChange {
  readonly name: string
  /** 'delete': back to the default. 'append' and 'subtract': parts of a list. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  readonly value: string | null
}

export interface AlterOptions {
  readonly validateOnly?: boolean
  /** What is not named goes back to its default. */
  readonly reset?: boolean
}

export interface SettingDescription {
  readonly name: string
  readonly value: string
  readonly source: SettingSource
  readonly isReadOnly: boolean
  readonly type: SettingType | 'list'
  readonly doc: string
  /** Everything that was set for it, the one in force first, the default last. */
  readonly synonyms: readonly { readonly name: string; readonly value: string; readonly source: SettingSource }[]
}

// ------------------------------------------------------------------------------------------------------ standing fetches

/** Partitions and offsets that are kept between fetches; each poll answers only what is new. */
export interface StandingFetch {
  /** Partitions kept. */
  readonly size: number
  /** Adds a partition, or changes what is asked of it. */
  put(partition: FetchPartition): void
  remove(partition: TopicRef & { readonly partition: number }): void
  /**
   * As Broker.fetch over all partitions kept, but answers only those that have records, an error, or another high watermark
   * or log start than was told before. A poll ends the wait of the one before it.
   */
  poll(request: Omit<FetchRequest, 'partitions'>): Promise<StandingResult[]>
  close(): void
}

export interface StandingResult {
  readonly request: FetchPartition
  readonly result: FetchResult
}
