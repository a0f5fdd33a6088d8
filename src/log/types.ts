// What log/ offers to broker/: the contract, without the how. Implemented by log-directory.ts and partition-log.ts.

import type { Settings } from '../base/config.ts'

/** What an acknowledgement means for a topic: DESIGN.md section 4, "Opting out". */
export type Durability = 'fsync' | 'interval' | 'os'

export interface AppendOptions {
  /** 'client': sequences are checked, control batches refused. 'internal': ours. */
  origin: 'client' | 'internal'
  /** The offset that must come next, else OFFSET_CONFLICT (details.nextOffset). */
  expectOffset?: number
}

export interface AppendResult {
  /** Of the batch; for a duplicate, the original's. */
  readonly baseOffset: number
  /** One past the last offset of the batch. */
  readonly nextOffset: number
  /** LogAppendTime in ms, or -1 with CreateTime. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  readonly duplicate: boolean
  /**
   * Resolves when the records are durable as the topic promises (and the high watermark is past them); for a duplicate,
   * when the original is. Shared by all appends of a group: attach no state to it. Rejects with DiskError if the machine failed.
   */
  readonly durable: Promise<void>
}

export interface ReadOptions {
  /** The batch that holds this offset comes first, whole. */
  offset: number
  /** Whole batches up to this many bytes; the first one always comes. */
  bytesMax: number
  /** Batches with a base offset at or above this are not returned. Defaults to the high watermark. */
  endOffset?: number
}

export interface ReadResult {
  /** Whole record batches in order, end to end; may be views of shared memory: never written to. */
  readonly buffers: readonly Buffer[]
  readonly bytes: number
}

export interface TimestampOffset {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1: none of its batches is kept */
  readonly lastSequence: number
  readonly lastTimestamp: number
}

export interface PartitionLog {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly leaderEpoch: number
  /** First offset that can be read. */
  readonly logStartOffset: number
  /** The offset that the next record gets (Kafka: log end offset). */
  readonly nextOffset: number
  /** The durable end: nothing at or above it is ever read by anyone. */
  readonly highWatermark: number
  /** Why reads from `fromOffset` on, and appends, are refused; undefined if all is well. */
  readonly degraded: { readonly reason: string; readonly fromOffset: number } | undefined
  readonly durability: Durability
  /** All segments' bytes. */
  readonly bytes: number

  /**
   * Checks the batch, stamps base offset and leader epoch into it, and appends a copy: `batch` is the caller's again when
   * this returns. One synchronous stretch: throws KafkaError with nothing changed, or returns with all of it in motion.
   * Errors: CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_PRODUCER_EPOCH,
   * OUT_OF_ORDER_SEQUENCE_NUMBER, OFFSET_CONFLICT, INVALID_TIMESTAMP, NOT_ENOUGH_REPLICAS (disk full, refused before
   * writing), KAFKA_STORAGE_ERROR (degraded, or the directory failed).
   */
  append(batch: Buffer, options: AppendOptions): AppendResult

  /**
   * From memory or a warm file at once, else through the thread pool. OFFSET_OUT_OF_RANGE below the log start or above
   * nextOffset; CORRUPT_MESSAGE at a degraded offset or a batch whose bytes do not verify.
   */
  read(options: ReadOptions): ReadResult | Promise<ReadResult>

  /** First record with timestamp ≥ `timestamp` and offset ≥ log start, below the high watermark. */
  offsetForTimestamp(timestamp: number): Promise<TimestampOffset | undefined>
  /** Earliest record that carries the largest timestamp, below the high watermark. */
  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined>
  /** The leader epoch that was in force when `offset` was written. */
  epochOf(offset: number): number
  /** End offset of an epoch, for OffsetForLeaderEpoch: the largest epoch ≤ `epoch` and where it ended. */
  endOfEpoch(epoch: number): { leaderEpoch: number; endOffset: number }
  /** New settings take effect with the next append; a change of varve.durability resolves when it is true on disk. */
  configure(settings: Settings): Promise<void>
  /** What lies below `offset` (at most the high watermark) can no longer be read, at once; durable with the next checkpoint that begins. */
  deleteTo(offset: number): void
  /** The idempotent producers that the partition remembers. */
  activeProducers(): ActiveProducer[]
  /** For `describe`: one row per segment, oldest first. */
  segments(): { baseOffset: number; nextOffset: number; bytes: number; maxTimestamp: number }[]
}

/** One data directory: its journal, its partitions, its owner. */
export interface LogDirectory {
  readonly path: string
  readonly clusterId: string
  /** Set when a sync failed: appends are over for good, reads of what was durable go on. */
  readonly failure: Error | undefined
  /**
   * While recovering: takes over the partition as the disk has it (its journal entries replayed). Afterwards: makes a new one.
   * Synchronous: the directory exists in the page cache; the caller's registry record is the commit point.
   */
  openPartition(partition: { topic: string; topicId: string; partition: number; settings: Settings }): PartitionLog
  /** Ends recovery: entries of unknown topic ids are dropped, foreign directories set aside, everything synced, the journal empty. */
  finishRecovery(options: { isDeleted(topicId: string): boolean }): Promise<RecoveryReport>
  /** Called after the record that deletes the topic was appended. Readers get UNKNOWN_TOPIC_OR_PARTITION; files go after a checkpoint. */
  deletePartition(log: PartitionLog): void
  /** Syncs segments, writes the manifest, frees the journal. */
  checkpoint(): Promise<void>
  /** Runs retention once over all partitions; resolves with the bytes that were forgotten. */
  retain(): Promise<number>
  /** Drains, checkpoints, writes indexes and the clean mark, releases ownership. */
  close(): Promise<void>
}

export interface RecoveryReport {
  readonly clean: boolean
  readonly groupsReplayed: number
  readonly bytesReplayed: number
  readonly bytesQuarantined: number
  readonly problems: readonly { readonly path: string; readonly problem: string }[]
  readonly durationMs: number
}
