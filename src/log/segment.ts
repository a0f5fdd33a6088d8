// One segment: record batches end to end in a file, and two sparse indexes beside it.
//   1  baseOffset ≤ every offset here < nextOffset; `bytes` is the length of whole batches in the log file
//   2  log first, index second: a lost index entry is rebuilt, an early one would point past the end
//   3  batches are appended in memory (the partition's tail has them) and written later, many in one write; `writtenBytes`
//      says how far the file is. A failed write leaves it where it was, and whatever part reached the file is cut
//   4  indexes are caches: those of a sealed segment are loaded when first needed and may be dropped again
// Called by partition-log.ts and partition-recovery.ts. Bytes: segments/README.md

import type { Disk, DiskFile } from '../platform/platform.ts'
import { baseOffsetOf, lastOffsetOf, maxTimestampOf } from '../records/batch.ts'
import { walkBatches } from './batch-walk.ts'
import type { FilePool, Pin } from './file-pool.ts'
import type { IndexCache } from './index-cache.ts'
import { offsetFileName, segmentSuffixes } from './layout.ts'
import type { SegmentRow } from './manifest.ts'
import { readWhole } from './sealed-file.ts'
import { OffsetIndex, TimeIndex } from './sparse-index.ts'
import type { WarmBlocks } from './warm-blocks.ts'

export interface SegmentOptions {
  disk: Disk
  pool: FilePool
  indexes: IndexCache
  warm: WarmBlocks
  /** Whose directory it lies in: a deleted topic's is renamed while its segments live on. */
  place: { readonly directory: string }
  indexIntervalBytes: number
  indexBytesMax: number
}

export class Segment {
  readonly baseOffset: number
  nextOffset: number
  bytes = 0
  maxTimestamp = -1
  offsetOfMaxTimestamp = -1
  firstTimestamp = -1
  /** Held from the first append after a sync: a file with unsynced bytes is not closed. */
  #dirtyPin: Pin | undefined
  #needsCut = false
  /** Of the log file that are in the page cache; the rest up to `bytes` is in the partition's tail. */
  writtenBytes = 0
  /** Its name is durable in its directory: set by the first checkpoint that it sees. */
  isNamed = true
  #bytesSinceEntry = 0
  /** Every entry was made by this process, none read from a file. */
  #isIndexOurs = false
  #offsetIndex: OffsetIndex | undefined
  #timeIndex: TimeIndex | undefined
  readonly #options: SegmentOptions
  /** Its number among the warm blocks. */
  readonly #file: number

  constructor(baseOffset: number, options: SegmentOptions) {
    this.baseOffset = baseOffset
    this.nextOffset = baseOffset
    this.#options = options
    this.#file = options.warm.newFile()
  }

  /** A new, empty segment with its file. */
  static create(baseOffset: number, options: SegmentOptions): Segment {
    const segment = new Segment(baseOffset, options)
    segment.isNamed = false
    options.pool.create(segment.logPath)
    segment.startIndexes()
    return segment
  }

  /** A sealed segment as the manifest describes it; nothing is read. */
  static sealed(row: SegmentRow, nextOffset: number, options: SegmentOptions): Segment {
    const segment = new Segment(row.baseOffset, options)
    segment.restore(row, nextOffset)
    return segment
  }

  restore(row: SegmentRow, nextOffset: number): void {
    this.bytes = row.bytes
    this.writtenBytes = row.bytes
    this.nextOffset = nextOffset
    this.maxTimestamp = row.maxTimestamp
    this.offsetOfMaxTimestamp = row.offsetOfMaxTimestamp
    this.firstTimestamp = row.firstTimestamp
  }

  get row(): SegmentRow {
    const { baseOffset, bytes, maxTimestamp, offsetOfMaxTimestamp, firstTimestamp } = this
    return { baseOffset, bytes, maxTimestamp, offsetOfMaxTimestamp, firstTimestamp }
  }

  get logPath(): string {
    return this.#path(segmentSuffixes.log)
  }

  get isDirty(): boolean {
    return this.#dirtyPin !== undefined
  }

  get isIndexFull(): boolean {
    return this.offsetIndex.isFull || this.timeIndex.isFull
  }

  get offsetIndex(): OffsetIndex {
    if (this.#offsetIndex === undefined) this.#loadSealed()
    return this.#offsetIndex as OffsetIndex
  }

  get timeIndex(): TimeIndex {
    if (this.#timeIndex === undefined) this.#loadSealed()
    return this.#timeIndex as TimeIndex
  }

  #loadSealed(): void {
    this.loadIndexes()
    this.#options.indexes.add(this, this.indexMemoryBytes)
  }

  /** The batch carries its final offsets. The caller keeps its bytes until write() has them. */
  append(batch: Buffer): void {
    this.index(batch, 0, this.bytes, batch.length)
  }

  /** What was appended since the last write, in one call. Throws DiskError with nothing changed. */
  write(buffers: readonly Buffer[], bytes: number): void {
    if (this.#needsCut) this.#cutBack()
    this.markDirty()
    try {
      this.file().write(buffers, this.writtenBytes)
    } catch (error) {
      this.#needsCut = true
      throw error
    }
    this.#options.warm.touch(this.#file, this.writtenBytes, this.writtenBytes + bytes)
    this.writtenBytes += bytes
  }

  /** Takes a batch that lies at `position` into the indexes and the segment's ends. */
  index(buffer: Buffer, at: number, position: number, bytes: number): void {
    const lastOffset = lastOffsetOf(buffer, at)
    const timestamp = maxTimestampOf(buffer, at)
    if (this.firstTimestamp < 0) this.firstTimestamp = timestamp
    if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp
      this.offsetOfMaxTimestamp = lastOffset
    }
    if (this.#bytesSinceEntry > this.#options.indexIntervalBytes && !this.offsetIndex.isFull) {
      this.offsetIndex.add(lastOffset - this.baseOffset, position)
      this.timeIndex.addIfLater(this.maxTimestamp, this.offsetOfMaxTimestamp - this.baseOffset)
      this.#bytesSinceEntry = 0
    }
    this.#bytesSinceEntry += bytes
    this.bytes = position + bytes
    this.nextOffset = lastOffset + 1
  }

  /** Before it is sealed or left: what a failed write put behind its end goes. True if there was something to sync. */
  cutTorn(): boolean {
    if (!this.#needsCut) return false
    this.#cutBack()
    return true
  }

  /** After a failed write: whatever part of it reached the file goes. */
  #cutBack(): void {
    this.markDirty()
    this.file().truncate(this.writtenBytes)
    this.#needsCut = false
  }

  /** For a synchronous use. */
  file(): DiskFile {
    return this.#dirtyPin?.file ?? this.#options.pool.use(this.logPath)
  }

  /** The range is likely in the page cache: read it on this thread. */
  isWarm(from: number, to: number): boolean {
    return this.#options.warm.has(this.#file, from, to)
  }

  async readLater(target: Buffer, position: number): Promise<number> {
    const pin = this.#options.pool.pin(this.logPath)
    try {
      const bytesRead = await pin.file.readLater(target, position)
      this.#options.warm.touch(this.#file, position, position + bytesRead)
      return bytesRead
    } finally {
      pin.release()
    }
  }

  /** Bytes were changed without append(): they have to be synced. */
  markDirty(): void {
    this.#dirtyPin ??= this.#options.pool.pin(this.logPath)
  }

  /** Recovery: a batch from the journal, over whatever lies there, and counted as bytes that need a sync. */
  rewrite(batch: Buffer, position: number): void {
    this.markDirty()
    this.file().write([batch], position)
    this.writtenBytes = Math.max(this.writtenBytes, position + batch.length)
  }

  /** Covers every append that came before. A failure is final for the directory: see checkpoint.ts. */
  sync(): Promise<void> {
    const pin = this.#dirtyPin
    if (pin === undefined) return this.#syncing // nothing new, but what is under way has to land
    this.#dirtyPin = undefined
    this.#syncing = pin.file.sync().finally(() => pin.release())
    return this.#syncing
  }
  #syncing: Promise<void> = Promise.resolve()

  /** A position at or before the batch that holds `offset`. */
  positionBefore(offset: number): number {
    return this.offsetIndex.positionBefore(offset - this.baseOffset)
  }

  /** A position at or before the first batch with a record at or after `timestamp`. */
  positionBeforeTimestamp(timestamp: number): number {
    return this.offsetIndex.positionBefore(this.timeIndex.relativeOffsetBefore(timestamp) - 1)
  }

  // ----------------------------------------------------------------------------------------------------------- indexes

  startIndexes(): void {
    this.#offsetIndex = new OffsetIndex(this.#options.indexBytesMax)
    this.#timeIndex = new TimeIndex(this.#options.indexBytesMax)
    this.#bytesSinceEntry = 0
    this.#isIndexOurs = true
  }

  /** An index from a file led to bytes that are no batch: built anew from the log, once. False if it was built here already. */
  rebuildIndexes(): boolean {
    if (this.#isIndexOurs) return false
    this.startIndexes()
    this.#walkBehindIndex(this.offsetIndex)
    return true
  }

  /**
   * Takes over the index files as far as they are sound, and walks the log for the rest. `verifyLast` also looks whether the
   * last entry points at the batch it names: for files that may not have been synced.
   */
  loadIndexes({ verifyLast = true } = {}): void {
    const { disk, indexBytesMax } = this.#options
    const offsetIndex = new OffsetIndex(indexBytesMax)
    const timeIndex = new TimeIndex(indexBytesMax)
    this.#offsetIndex = offsetIndex
    this.#timeIndex = timeIndex
    this.#isIndexOurs = false
    offsetIndex.load(readWhole(disk, this.#path(segmentSuffixes.index)) ?? Buffer.alloc(0))
    timeIndex.load(readWhole(disk, this.#path(segmentSuffixes.timeIndex)) ?? Buffer.alloc(0))
    offsetIndex.truncate(offsetIndex.soundEntries(this.bytes))
    timeIndex.truncate(timeIndex.soundEntries(this.nextOffset - this.baseOffset))
    if (verifyLast && offsetIndex.count > 0 && !this.#lastEntryIsTrue(offsetIndex)) {
      offsetIndex.clear()
      timeIndex.clear()
    }
    this.#walkBehindIndex(offsetIndex)
  }

  #lastEntryIsTrue(index: OffsetIndex): boolean {
    const position = index.position(index.count - 1)
    let isTrue = false
    walkBatches(this.file(), { from: position, to: this.bytes, verify: false }, (buffer, at) => {
      isTrue = lastOffsetOf(buffer, at) - this.baseOffset === index.relativeOffset(index.count - 1)
      return true
    })
    return isTrue
  }

  #walkBehindIndex(index: OffsetIndex): void {
    const { bytes, nextOffset, maxTimestamp, offsetOfMaxTimestamp } = this
    const from = index.count > 0 ? index.position(index.count - 1) : 0
    this.#bytesSinceEntry = 0
    let isFirst = index.count > 0
    // Base offsets lie outside the CRC. An index that takes over a rotten one would make it look right to every later read.
    let expected = this.baseOffset
    walkBatches(this.file(), { from, to: this.writtenBytes, verify: false }, (buffer, at, position, length) => {
      const lastOffset = lastOffsetOf(buffer, at)
      if (isFirst) this.#bytesSinceEntry = length
      else if (baseOffsetOf(buffer, at) !== expected || lastOffset < expected || lastOffset >= nextOffset) return true
      else this.index(buffer, at, position, length)
      expected = isFirst ? this.baseOffset + index.relativeOffset(index.count - 1) + 1 : lastOffset + 1
      isFirst = false
      return false
    })
    // The manifest's facts stand, whatever the walk saw.
    this.bytes = bytes
    this.nextOffset = nextOffset
    this.maxTimestamp = maxTimestamp
    this.offsetOfMaxTimestamp = offsetOfMaxTimestamp
  }

  /** Writes what the index files lack into the page cache. */
  flushIndexes({ seal = false } = {}): void {
    if (this.#offsetIndex === undefined || this.#timeIndex === undefined) return
    if (this.#options.disk.stat(this.logPath) === undefined) return // removed meanwhile
    if (seal && this.maxTimestamp >= 0)
      this.#timeIndex.addIfLater(this.maxTimestamp, this.offsetOfMaxTimestamp - this.baseOffset)
    this.#flush(this.#offsetIndex, segmentSuffixes.index)
    this.#flush(this.#timeIndex, segmentSuffixes.timeIndex)
  }

  #flush(index: OffsetIndex | TimeIndex, suffix: '.index' | '.timeindex'): void {
    const { disk } = this.#options
    const path = this.#path(suffix)
    const stat = disk.stat(path)
    if (stat !== undefined && stat.bytes === index.bytes && index.flushedBytes === index.bytes) return
    const file = disk.open(path, stat === undefined ? 'create' : 'write')
    try {
      file.truncate(index.flushedBytes)
      file.write([index.unflushed()], index.flushedBytes)
      index.flushedBytes = index.bytes
    } finally {
      file.close()
    }
  }

  async syncIndexes(): Promise<void> {
    for (const suffix of [segmentSuffixes.index, segmentSuffixes.timeIndex]) {
      const path = this.#path(suffix)
      if (this.#options.disk.stat(path) === undefined) continue
      const file = this.#options.disk.open(path, 'write')
      await file.sync().finally(() => file.close())
    }
  }

  /** Gives the memory of a sealed segment's indexes back once they are on disk; a full disk keeps them in memory. */
  dropIndexes(): void {
    try {
      this.flushIndexes()
    } catch {
      return
    }
    this.#offsetIndex = undefined
    this.#timeIndex = undefined
  }

  get indexMemoryBytes(): number {
    return (this.#offsetIndex?.memoryBytes ?? 0) + (this.#timeIndex?.memoryBytes ?? 0)
  }

  // ----------------------------------------------------------------------------------------------------------- removal

  /** All files of the segment get `suffix` behind their names, or are removed without one. */
  remove(suffix?: string): void {
    const { disk, pool } = this.#options
    this.#dirtyPin?.release()
    this.#dirtyPin = undefined
    pool.forget(this.logPath)
    for (const kind of Object.values(segmentSuffixes)) {
      const path = this.#path(kind)
      if (disk.stat(path) === undefined) continue
      if (suffix === undefined) disk.remove(path)
      else disk.rename(path, path + suffix)
    }
  }

  /** After remove(suffix): for good. */
  async removeRenamed(suffix: string): Promise<void> {
    for (const kind of Object.values(segmentSuffixes)) await this.#options.disk.removeTree(this.#path(kind) + suffix)
  }

  #path(suffix: (typeof segmentSuffixes)[keyof typeof segmentSuffixes]): string {
    return `${this.#options.place.directory}/${offsetFileName(this.baseOffset, suffix)}`
  }
}
