// A stand-in for log/: the contract of src/log/types.ts in memory, with a hand on the disk. Groups become durable when the
// test says so (`hold`, `flush`), or by themselves in the next turn.

import type { Settings } from '../../src/base/config.ts'
import { KafkaError } from '../../src/base/errors.ts'
import type {
  AppendOptions,
  AppendResult,
  Durability,
  LogDirectory,
  PartitionLog,
  ReadOptions,
  ReadResult,
  RecoveryReport,
} from '../../src/log/types.ts'
import {
  baseOffsetOf,
  checkBatch,
  maxTimestampOf,
  nextOffsetOf,
  RecordCursor,
  recordCountOf,
  setBaseOffset,
  setLeaderEpoch,
  stampLogAppendTime,
} from '../../src/records/index.ts'

interface Group {
  durable: Promise<void>
  resolve(): void
  reject(error: Error): void
  readonly ends: Map<MemoryPartition, number>
}

export class MemoryDirectory implements LogDirectory {
  readonly path = 'memory'
  readonly clusterId = 'Y2x1c3Rlci1pZC0xMjM0NQ'
  failure: Error | undefined
  readonly partitions = new Map<string, MemoryPartition>()
  deleted: string[] = []
  configured: { topic: string; durability: string }[] = []
  isClosed = false
  isHeld = false
  groups = 0
  reads = 0
  /** Log start offsets, as the last checkpoint saw them. */
  readonly checkpointed = new Map<string, number>()
  /** What the next retain() answers. */
  retained = 0
  refuseOpenOf: { topic: string; partition: number } | undefined
  #group: Group | undefined

  /** What a power cut leaves: durable batches only. */
  crashed(): MemoryDirectory {
    const next = new MemoryDirectory()
    for (const [key, partition] of this.partitions) {
      const copy = new MemoryPartition(next, partition.identity)
      copy.batches = partition.batches.filter(batch => nextOffsetOf(batch) <= partition.highWatermark)
      copy.highWatermark = copy.nextOffset = partition.highWatermark
      copy.logStartOffset = this.checkpointed.get(key) ?? 0
      next.partitions.set(key, copy)
    }
    return next
  }

  openPartition(identity: { topic: string; topicId: string; partition: number; settings: Settings }): PartitionLog {
    if (this.refuseOpenOf?.topic === identity.topic && this.refuseOpenOf.partition === identity.partition)
      throw new KafkaError('KAFKA_STORAGE_ERROR', { message: 'the disk is full' })
    const key = `${identity.topicId}/${identity.partition}`
    const partition = this.partitions.get(key) ?? new MemoryPartition(this, identity)
    partition.settings = identity.settings
    this.partitions.set(key, partition)
    return partition
  }

  async finishRecovery(): Promise<RecoveryReport> {
    return { clean: true, groupsReplayed: 0, bytesReplayed: 0, bytesQuarantined: 0, problems: [], durationMs: 0 }
  }

  deletePartition(log: PartitionLog): void {
    this.partitions.delete(`${log.topicId}/${log.partition}`)
    this.deleted.push(`${log.topic}-${log.partition}`)
  }

  async checkpoint(): Promise<void> {
    if (this.failure) throw this.failure
    for (const [key, partition] of this.partitions) this.checkpointed.set(key, partition.logStartOffset)
  }

  async retain(): Promise<number> {
    return this.retained
  }

  async close(): Promise<void> {
    this.flush()
    this.isClosed = true
  }

  /** The group that is being gathered. */
  join(partition: MemoryPartition): Promise<void> {
    if (this.#group === undefined) {
      this.#group = newGroup()
      this.groups++
      if (!this.isHeld) setImmediate(() => this.flush())
    }
    this.#group.ends.set(partition, partition.nextOffset)
    return this.#group.durable
  }

  hold(): void {
    this.isHeld = true
  }

  release(): void {
    this.isHeld = false
    this.flush()
  }

  flush(): void {
    const group = this.#group
    this.#group = undefined
    for (const [partition, end] of group?.ends ?? []) partition.highWatermark = end
    group?.resolve()
  }

  fail(error: Error): void {
    this.failure = error
    this.#group?.reject(error)
    this.#group = undefined
  }
}

function newGroup(): Group {
  const group = { ends: new Map() } as Partial<Group> & { ends: Group['ends'] }
  group.durable = new Promise<void>((resolve, reject) => {
    group.resolve = resolve
    group.reject = reject
  })
  return group as Group
}

export class MemoryPartition implements PartitionLog {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  settings: Settings
  leaderEpoch = 0
  logStartOffset = 0
  nextOffset = 0
  highWatermark = 0
  degraded: PartitionLog['degraded']
  batches: Buffer[] = []
  /** Reads answer with a promise, as cold ones do. */
  isCold = false
  readonly #directory: MemoryDirectory

  constructor(directory: MemoryDirectory, identity: MemoryPartition['identity']) {
    this.#directory = directory
    this.topic = identity.topic
    this.topicId = identity.topicId
    this.partition = identity.partition
    this.settings = identity.settings
  }

  get identity(): { topic: string; topicId: string; partition: number; settings: Settings } {
    return { topic: this.topic, topicId: this.topicId, partition: this.partition, settings: this.settings }
  }

  get durability(): Durability {
    return this.settings.string('varve.durability') as Durability
  }

  get bytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.length, 0)
  }

  append(batch: Buffer, { origin, expectOffset }: AppendOptions): AppendResult {
    if (this.#directory.failure) throw new KafkaError('KAFKA_STORAGE_ERROR', { message: 'appends are over' })
    checkBatch(batch, { batchBytesMax: this.settings.number('max.message.bytes'), origin })
    if (expectOffset !== undefined && expectOffset !== this.nextOffset)
      throw new KafkaError('OFFSET_CONFLICT', { expected: expectOffset, nextOffset: this.nextOffset })
    const isAppendTime = this.settings.string('message.timestamp.type') === 'LogAppendTime'
    if (isAppendTime) stampLogAppendTime(batch, 0, 1234)
    const baseOffset = this.nextOffset
    setBaseOffset(batch, 0, baseOffset)
    setLeaderEpoch(batch, 0, this.leaderEpoch)
    this.batches.push(batch)
    this.nextOffset += recordCountOf(batch)
    return {
      baseOffset,
      nextOffset: this.nextOffset,
      logAppendTimeMs: isAppendTime ? 1234 : -1,
      logStartOffset: this.logStartOffset,
      duplicate: false,
      durable: this.#directory.join(this),
    }
  }

  read(options: ReadOptions): ReadResult | Promise<ReadResult> {
    this.#directory.reads++
    const result = this.#read(options)
    return this.isCold ? new Promise(resolve => setImmediate(() => resolve(result))) : result
  }

  #read({ offset, bytesMax, endOffset = this.highWatermark }: ReadOptions): ReadResult {
    if (offset < this.logStartOffset || offset > this.nextOffset)
      throw new KafkaError('OFFSET_OUT_OF_RANGE', { offset })
    if (this.degraded !== undefined && offset >= this.degraded.fromOffset) throw new KafkaError('CORRUPT_MESSAGE')
    const buffers: Buffer[] = []
    let bytes = 0
    for (const batch of this.batches) {
      if (nextOffsetOf(batch) <= offset) continue
      if (baseOffsetOf(batch) >= endOffset || (bytes > 0 && bytes + batch.length > bytesMax)) break
      buffers.push(batch)
      bytes += batch.length
    }
    return { buffers, bytes }
  }

  async offsetForTimestamp(timestamp: number) {
    return this.#find(cursor => cursor.timestamp >= timestamp)
  }

  async offsetOfMaxTimestamp() {
    const durable = this.batches.filter(batch => nextOffsetOf(batch) <= this.highWatermark)
    const max = Math.max(...durable.map(batch => maxTimestampOf(batch)))
    return this.#find(cursor => cursor.timestamp === max)
  }

  #find(wanted: (cursor: RecordCursor) => boolean) {
    for (const batch of this.batches) {
      const cursor = new RecordCursor(batch)
      while (cursor.next())
        if (cursor.offset >= this.logStartOffset && cursor.offset < this.highWatermark && wanted(cursor))
          return { offset: cursor.offset, timestamp: cursor.timestamp, leaderEpoch: this.leaderEpoch }
    }
    return undefined
  }

  epochOf(): number {
    return this.leaderEpoch
  }

  endOfEpoch(epoch: number) {
    return { leaderEpoch: Math.min(epoch, this.leaderEpoch), endOffset: this.nextOffset }
  }

  async configure(settings: Settings): Promise<void> {
    this.settings = settings
    this.#directory.configured.push({ topic: this.topic, durability: this.durability })
  }

  deleteTo(offset: number): void {
    this.logStartOffset = Math.max(this.logStartOffset, Math.min(offset, this.highWatermark))
  }

  activeProducers() {
    return []
  }

  segments() {
    return [{ baseOffset: 0, nextOffset: this.nextOffset, bytes: this.bytes, maxTimestamp: -1 }]
  }
}
