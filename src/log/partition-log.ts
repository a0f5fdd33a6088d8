// One partition: its segments, its offsets, its producers. Append is one synchronous stretch; read is synchronous where warm.
//   1  logStartOffset ≤ highWatermark ≤ nextOffset; nothing at or above highWatermark is ever returned
//   2  highWatermark moves only when the journal says durable; until the segment has a batch, the tail has it
//   3  segments are contiguous: each begins where the one before it ends; the last one is active
//   4  with durability 'interval' or 'os' nothing goes to the journal, and highWatermark follows nextOffset at once
// Made by log-directory.ts (new ones) and partition-recovery.ts (existing ones). The contract is types.ts.

import type { Settings } from '../base/config.ts'
import { DiskError, KafkaError } from '../base/errors.ts'
import { partitionDirectoryName, uuidToBytes } from '../base/names.ts'
import { setBaseOffset, setLeaderEpoch, stampLogAppendTime } from '../records/batch.ts'
import { checkBatch } from '../records/check.ts'
import { type AppendLimits, appendLimitsOf, isRollDue } from './append-limits.ts'
import type { LogContext } from './context.ts'
import { DurabilitySwitch } from './durability-switch.ts'
import type { JournalTarget } from './journal.ts'
import { leaderEpochFile } from './layout.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { PartitionRow } from './manifest.ts'
import { PartitionReader } from './partition-read.ts'
import { findMaxTimestamp, findTimestamp } from './partition-time.ts'
import { writeProducerFiles } from './producer-files.ts'
import { batchOffsets, ProducerState } from './producer-state.ts'
import { segmentsToForget } from './retention.ts'
import { readWhole, replaceFile } from './sealed-file.ts'
import { Segment, type SegmentOptions } from './segment.ts'
import { PartitionTail } from './tail.ts'
import type {
  ActiveProducer,
  AppendOptions,
  AppendResult,
  Durability,
  PartitionLog,
  ReadOptions,
  ReadResult,
  TimestampOffset,
} from './types.ts'

export interface PartitionIdentity {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}

export class DiskPartitionLog implements PartitionLog, JournalTarget {
  readonly topic: string
  readonly topicId: string
  readonly topicIdBytes: Buffer
  readonly partition: number
  /** Changes when the topic is deleted: its files wait under another name. */
  directory: string
  readonly tail: PartitionTail
  readonly producers = new ProducerState()
  epochs = new LeaderEpochs()
  allSegments: Segment[] = []
  logStartOffset = 0
  nextOffset = 0
  highWatermark = 0
  degraded: { readonly reason: string; readonly fromOffset: number } | undefined
  /** False: as the last clean stop left it, so the next one has nothing to write for it. */
  isTouched = true
  /** Removed from the directory: whoever still holds it is told so. */
  isDeleted = false
  /** Where the durable end lies: written to the manifest, and the bound for reads. */
  durableSegmentBase = 0
  durablePosition = 0
  /** Offset of the newest producer snapshot on disk, and bytes appended since. */
  snapshotOffset = -1
  bytesSinceSnapshot = 0
  #settings: Settings
  #limits: AppendLimits
  readonly #switch: DurabilitySwitch
  #segmentCreatedMs: number
  readonly #context: LogContext
  readonly #reader: PartitionReader

  constructor({ topic, topicId, partition }: PartitionIdentity, settings: Settings, context: LogContext) {
    this.topic = topic
    this.topicId = topicId
    this.topicIdBytes = uuidToBytes(topicId)
    this.partition = partition
    this.directory = `${context.path}/${partitionDirectoryName(topic, partition)}`
    this.tail = new PartitionTail(context.tail, this)
    this.#settings = settings
    this.#limits = appendLimitsOf(settings)
    this.#switch = new DurabilitySwitch(settings.string('varve.durability') as Durability, {
      context,
      allDurable: () => this.durableTo(this.nextOffset, this.active.baseOffset, this.active.bytes),
      writeOut: () => this.writeOut(),
    })
    this.#context = context
    this.#segmentCreatedMs = context.clock.now()
    this.#reader = new PartitionReader(this)
  }

  get durability(): Durability {
    return this.#switch.durability
  }

  get settings(): Settings {
    return this.#settings
  }

  get leaderEpoch(): number {
    return this.epochs.latest
  }

  get active(): Segment {
    return this.allSegments.at(-1) as Segment
  }

  get bytes(): number {
    return this.allSegments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  // ------------------------------------------------------------------------------------------------------------ append

  append(batch: Buffer, { origin, expectOffset }: AppendOptions): AppendResult {
    this.#checkAppendable(batch)
    checkBatch(batch, {
      batchBytesMax: origin === 'client' ? this.#limits.batchBytesMax : Number.POSITIVE_INFINITY,
      origin,
    })
    this.#checkSize(batch)
    const repeated = origin === 'client' ? this.producers.check(batch) : undefined
    if (repeated !== undefined) return this.#answerRepeat(batchOffsets(repeated), repeated.timestamp)
    if (expectOffset !== undefined && expectOffset !== this.nextOffset)
      throw new KafkaError('OFFSET_CONFLICT', {
        message: 'the next offset is not the expected one',
        expectOffset,
        nextOffset: this.nextOffset,
        ...this.#name,
      })

    const baseOffset = this.nextOffset
    const logAppendTimeMs = this.#stamp(batch, baseOffset)
    this.#rollIfNeeded(batch)
    const segment = this.active
    const position = segment.bytes
    const isJournaled = this.durability === 'fsync' && !this.#switch.isDeferring
    const isLazy = isJournaled && this.#context.tail.takes(batch)
    if (!isLazy) this.#writeNow(segment, batch) // throws before anything has moved
    segment.append(batch)
    this.nextOffset = segment.nextOffset
    this.producers.apply(batch)
    this.bytesSinceSnapshot += batch.length
    const kept = this.#keep(batch, baseOffset, !isLazy)
    this.isTouched = true
    this.#context.appended(this)
    if (!this.#context.journal.isIdle) this.whileSyncing() // the disk is busy, this thread need not wait for its turn
    return {
      baseOffset,
      nextOffset: this.nextOffset,
      logAppendTimeMs,
      logStartOffset: this.logStartOffset,
      duplicate: false,
      durable: this.#makeDurable(segment, position, kept),
    }
  }

  /** The caller's memory is the caller's again when append() returns: the tail and the journal share a copy. */
  #keep(batch: Buffer, baseOffset: number, isWritten: boolean): Buffer {
    if (this.#context.tail.takes(batch)) return this.tail.add(batch, baseOffset, isWritten)
    this.tail.clear()
    return this.durability === 'fsync' ? Buffer.from(batch) : batch
  }

  /** The journal says so (JournalTarget). */
  durableTo(nextOffset: number, segmentBase: number, endPosition: number): void {
    if (nextOffset <= this.highWatermark) return
    this.highWatermark = nextOffset
    this.durableSegmentBase = segmentBase
    this.durablePosition = endPosition
  }

  get #name(): { topic: string; partition: number } {
    return { topic: this.topic, partition: this.partition }
  }

  #checkAppendable(batch: Buffer): void {
    if (this.isDeleted)
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', { message: 'the topic was deleted', ...this.#name })
    if (this.degraded !== undefined)
      throw new KafkaError('KAFKA_STORAGE_ERROR', {
        message: `the partition is degraded: ${this.degraded.reason}`,
        ...this.#name,
      })
    this.#context.checkAppendable(this, batch.length)
  }

  #checkSize(batch: Buffer): void {
    if (batch.length > this.#limits.segmentBytes)
      throw new KafkaError('RECORD_LIST_TOO_LARGE', {
        message: 'the batch is larger than segment.bytes',
        bytes: batch.length,
        ...this.#name,
      })
    if (this.durability === 'fsync' && batch.length > this.#context.journal.batchBytesMax)
      throw new KafkaError('MESSAGE_TOO_LARGE', {
        message: 'the batch is larger than a quarter of the commit journal (varve.journal.bytes)',
        bytes: batch.length,
        bytesMax: this.#context.journal.batchBytesMax,
      })
  }

  #answerRepeat(
    { baseOffset, nextOffset }: { baseOffset: number; nextOffset: number },
    timestamp: number,
  ): AppendResult {
    const isDurable = nextOffset <= this.highWatermark
    const logAppendTimeMs = this.#limits.isLogAppendTime ? timestamp : -1
    const wait = (): Promise<void> => this.#context.journal.durable
    const durable = isDurable ? done : this.#switch.isDeferring ? this.#switch.defer(wait) : wait()
    return { baseOffset, nextOffset, logAppendTimeMs, logStartOffset: this.logStartOffset, duplicate: true, durable }
  }

  /** Offsets and epoch lie outside the CRC; LogAppendTime needs a new one. */
  #stamp(batch: Buffer, baseOffset: number): number {
    setBaseOffset(batch, 0, baseOffset)
    setLeaderEpoch(batch, 0, this.epochs.latest)
    if (!this.#limits.isLogAppendTime) return -1
    const nowMs = this.#context.clock.now()
    stampLogAppendTime(batch, 0, nowMs)
    return nowMs
  }

  /** Opted out of the journal, or too large for the tail: nothing else would have its bytes. */
  #writeNow(segment: Segment, batch: Buffer): void {
    this.writeOut()
    try {
      segment.write([batch], batch.length)
    } catch (error) {
      throw this.#writeFailed(error)
    }
    this.#context.markDirty(this, segment)
  }

  /** What was appended goes into the page cache, in one write. Throws KafkaError with nothing changed. */
  writeOut(): void {
    const bytes = this.tail.unwrittenBytes
    if (bytes === 0) return
    try {
      this.active.write(this.tail.unwritten(), bytes)
    } catch (error) {
      throw this.#writeFailed(error)
    }
    this.tail.wasWritten()
    this.#context.markDirty(this, this.active)
  }

  /** JournalTarget. */
  async syncSegment(segmentBase: number): Promise<boolean> {
    const segment = this.segmentOf(segmentBase)
    if (this.isDeleted || !segment.isNamed || segment.baseOffset !== segmentBase) return false
    try {
      this.writeOut()
    } catch {
      return false
    }
    await segment.sync()
    return true
  }

  /** The journal waits for the disk (JournalTarget). */
  whileSyncing(): void {
    if (this.tail.unwrittenBytes < writeOutBytes) return
    try {
      this.writeOut()
    } catch {
      // The journal has it. The checkpoint will try again, and say what is wrong.
    }
  }

  #writeFailed(error: unknown): KafkaError {
    if (!(error instanceof DiskError) || error.errno !== 'ENOSPC')
      return new KafkaError('KAFKA_STORAGE_ERROR', {
        message: 'the segment could not be written',
        cause: error,
        ...this.#name,
      })
    this.#context.diskIsFull()
    return new KafkaError('NOT_ENOUGH_REPLICAS', { message: 'the disk is full', cause: error, ...this.#name })
  }

  #makeDurable(segment: Segment, position: number, batch: Buffer): Promise<void> {
    if (this.durability === 'fsync') {
      const { nextOffset } = this
      const { journal } = this.#context
      if (!this.#switch.isDeferring) return journal.add(this, segment.baseOffset, position, nextOffset, batch)
      return this.#switch.defer(() => journal.add(this, segment.baseOffset, position, nextOffset, batch))
    }
    this.durableTo(this.nextOffset, segment.baseOffset, segment.bytes)
    return done
  }

  // -------------------------------------------------------------------------------------------------------------- roll

  #rollIfNeeded(batch: Buffer): void {
    const sinceCreatedMs = this.#context.clock.now() - this.#segmentCreatedMs
    if (isRollDue(this.active, batch, { limits: this.#limits, nextOffset: this.nextOffset, sinceCreatedMs }))
      this.roll()
  }

  /** Closes the active segment and begins the next one. The journal, then the checkpoint, make it durable. */
  roll(): void {
    const previous = this.active
    this.isTouched = true
    this.writeOut()
    if (previous.cutTorn()) this.#context.markDirty(this, previous)
    this.allSegments.push(this.#createSegment())
    this.#segmentCreatedMs = this.#context.clock.now()
    this.#context.segmentRolled(this, previous)
  }

  #createSegment(): Segment {
    try {
      return Segment.create(this.nextOffset, this.segmentOptions)
    } catch (error) {
      throw this.#writeFailed(error)
    }
  }

  get segmentOptions(): SegmentOptions {
    return {
      disk: this.#context.disk,
      pool: this.#context.pool,
      indexes: this.#context.indexes,
      warm: this.#context.warm,
      place: this,
      indexIntervalBytes: this.#settings.number('index.interval.bytes'),
      indexBytesMax: this.#settings.number('segment.index.bytes'),
    }
  }

  /** A cache, so that recovery need not walk from the start. */
  writeProducerSnapshot(): void {
    writeProducerFiles(this, this.#context.disk)
    this.snapshotOffset = this.nextOffset
    this.bytesSinceSnapshot = 0
  }

  // -------------------------------------------------------------------------------------------------------------- read

  read(options: ReadOptions): ReadResult | Promise<ReadResult> {
    return this.#reader.read(options)
  }

  offsetForTimestamp(timestamp: number): Promise<TimestampOffset | undefined> {
    return findTimestamp(this, timestamp)
  }

  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined> {
    return findMaxTimestamp(this)
  }

  /** Between the steps of a long walk. */
  othersTurn(): Promise<void> {
    return new Promise(resolve => this.#context.clock.soon(resolve))
  }

  epochOf(offset: number): number {
    return this.epochs.epochOf(offset)
  }

  endOfEpoch(epoch: number): { leaderEpoch: number; endOffset: number } {
    return this.epochs.endOf(epoch, this.highWatermark)
  }

  segments(): { baseOffset: number; nextOffset: number; bytes: number; maxTimestamp: number }[] {
    return this.allSegments.map(({ baseOffset, nextOffset, bytes, maxTimestamp }) => ({
      baseOffset,
      nextOffset,
      bytes,
      maxTimestamp,
    }))
  }

  /** A read found bytes that do not verify: reads there say so, the rest of the partition goes on, health is red. */
  reportCorruption(segment: Segment, position: number, problem: string): void {
    this.#context.corruptionFound(this, segment, position, problem)
  }

  /** The segment that holds `offset`, or would. */
  segmentOf(offset: number): Segment {
    let low = 0
    let high = this.allSegments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.allSegments[middle] as Segment).baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return this.allSegments[Math.max(0, low - 1)] as Segment
  }

  // ---------------------------------------------------------------------------------------------------------- settings

  /**
   * To 'fsync': files synced and their end recorded before the first journaled append; away from it: a checkpoint first, so
   * that the journal holds nothing of this partition.
   */
  configure(settings: Settings): Promise<void> {
    this.#settings = settings
    this.#limits = appendLimitsOf(settings)
    return this.#switch.to(settings.string('varve.durability') as Durability)
  }

  /** Resolves when no change of durability is under way. */
  get configured(): Promise<void> {
    return this.#switch.settled
  }

  // --------------------------------------------------------------------------------------------------------- retention

  deleteTo(offset: number): void {
    this.logStartOffset = Math.max(this.logStartOffset, Math.min(offset, this.highWatermark))
  }

  activeProducers(): ActiveProducer[] {
    return [...this.producers.entries()].map(([producerId, { epoch, batches, lastTimestamp }]) => ({
      producerId,
      producerEpoch: epoch,
      lastSequence: batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp,
    }))
  }

  /** Moves the log start; segments that fell below it wait for the checkpoint that no longer names them. */
  forget(nowMs: number): Segment[] {
    this.producers.expire(nowMs - this.#settings.number('producer.id.expiration.ms'))
    const rules = {
      nowMs,
      retentionMs: this.#settings.number('retention.ms'),
      retentionBytes: this.#settings.number('retention.bytes'),
      logStartOffset: this.logStartOffset,
      highWatermark: this.highWatermark,
      deletes: this.#settings.string('cleanup.policy').includes('delete'),
    }
    const count = this.degraded === undefined ? segmentsToForget(this.allSegments, rules) : 0
    if (count === 0) return []
    if (count === this.allSegments.length) this.roll()
    const doomed = this.allSegments.slice(0, count)
    this.allSegments = this.allSegments.slice(count)
    this.logStartOffset = Math.max(this.logStartOffset, (this.allSegments[0] as Segment).baseOffset)
    return doomed
  }

  // -------------------------------------------------------------------------------------------------------- checkpoint

  /**
   * Degraded: the manifest goes on saying what it said (`row`), so that a file that comes back is found again; or, when the
   * journal's word is lost with this start, what there is now and why it is not all.
   */
  keepRow(row: PartitionRow | undefined): void {
    this.#keptRow = row
  }
  #keptRow: PartitionRow | undefined

  /** What the manifest is to say: up to the durable end, and not a byte more. */
  row(): PartitionRow {
    if (this.#keptRow !== undefined) return this.#keptRow
    const { topicId, topic, partition, logStartOffset, highWatermark, degraded } = this
    const segments = this.allSegments
      .filter(segment => segment.baseOffset <= highWatermark)
      .map((segment, i, durable) =>
        i < durable.length - 1 ? segment.row : { ...segment.row, bytes: this.#durableBytesOf(segment) },
      )
    const isOptedOut = this.durability !== 'fsync'
    return { topicId, topic, partition, logStartOffset, nextOffset: highWatermark, segments, degraded, isOptedOut }
  }

  #durableBytesOf(segment: Segment): number {
    return segment.baseOffset === this.durableSegmentBase ? this.durablePosition : 0
  }

  async writeLeaderEpochs(): Promise<void> {
    await replaceFile(this.#context.disk, this.directory, leaderEpochFile, this.epochs.encode())
  }

  loadLeaderEpochs(): void {
    const bytes = readWhole(this.#context.disk, `${this.directory}/${leaderEpochFile}`)
    this.epochs = (bytes && LeaderEpochs.decode(bytes.toString('latin1'))) ?? new LeaderEpochs()
  }
}

const done = Promise.resolve()

/** Smaller amounts wait: for more of them, for the tail to need their place, or for the checkpoint. */
const writeOutBytes = 64 << 10
