// The commit journal: one preallocated ring and one fdatasync at a time for all partitions of a directory.
//   1  what arrives while a sync is in flight forms the next group; a group is written only after its predecessor is durable
//   2  a group's waiters are answered, and high watermarks move, only after the fdatasync that was issued after its write
//   3  head never overtakes tail: space is reused only after release(), which makes the new tail durable first
//   4  a large batch may be synced in its segment instead; the group that names it is written after that sync
//   5  after a failed write or sync nothing is ever written or synced again
//   6  an idle journal is sealed with an empty group, so rot in the last acknowledged group cannot pass for a torn one
// add() is called by partition-log.ts in the same synchronous stretch as the segment write; capture() and release() by
// checkpoint.ts; the constructor by journal-open.ts. Bytes: journal-format.ts.

import { assert } from '../base/assert.ts'
import { DiskError } from '../base/errors.ts'
import type { Clock, DiskFile, Timer } from '../platform/platform.ts'
import {
  encodeSlot,
  entryHeaderBytes,
  groupBytesMax,
  groupEntriesMax,
  groupHeaderBytes,
  type JournalHeader,
  markDirect,
  padToPage,
  pageBytes,
  ringStart,
  sealGroup,
  writeEntryHeader,
} from './journal-format.ts'

/** Whose batch it is: a partition log. */
export interface JournalTarget {
  readonly topicIdBytes: Buffer
  readonly partition: number
  /**
   * Writes what was appended into the segment and syncs it. False if that cannot be relied on (the disk is full, the
   * segment's name is not durable yet, the topic is gone): then the batches go into the ring. Rejects if the sync failed.
   */
  syncSegment(segmentBase: number): Promise<boolean>
  /** A sync is under way and this thread has nothing to do: a good moment to write what has piled up into the segment. */
  whileSyncing(): void
  /** The log is durable up to `nextOffset`, which is `endPosition` in the segment at `segmentBase`. */
  durableTo(nextOffset: number, segmentBase: number, endPosition: number): void
}

/** A point in the journal: everything before it is durable. */
export interface JournalPoint {
  readonly position: number
  readonly sequence: number
  readonly previousChecksum: number
}

export interface JournalOptions {
  file: DiskFile
  clock: Clock
  header: JournalHeader
  /** The ring may grow to this size. */
  ringBytesMax: number
  /** Batches from this size on are synced in their segment, and the ring carries their checksums only. */
  directBytes: number
  /** More than half of the ring is in use, or an append waits for space: take a checkpoint. */
  onPressure: () => void
  onFailure: (error: Error) => void
}

const sealAfterMs = 50
/** Up to this size a write into the page cache costs less on this thread than a trip through the pool (bench/README.md). */
const inlineWriteBytesMax = 1 << 20
const directPlacesMax = 4
const zeros = Buffer.alloc(pageBytes)
const nothing = Buffer.alloc(0)

export class Journal {
  readonly #file: DiskFile
  readonly #clock: Clock
  readonly #onPressure: () => void
  readonly #onFailure: (error: Error) => void
  readonly #ringBytesMax: number
  readonly #directBytes: number
  #header: JournalHeader
  #head: number
  #sequence: number
  #previousChecksum: number
  #inFlight: JournalPoint | undefined
  #pending: Group[] = []
  #flushing = false
  #spaceFreed: (() => void) | undefined
  #wantsGrowth = false
  #sealTimer: Timer | undefined
  #sealedSequence: number
  #closed = false
  failure: Error | undefined
  /** Plain counters, for metrics and tests. */
  readonly counters = { groups: 0, entries: 0, bytes: 0, syncs: 0, waits: 0 }

  constructor({ file, clock, header, ringBytesMax, directBytes, onPressure, onFailure }: JournalOptions) {
    this.#file = file
    this.#clock = clock
    this.#header = header
    this.#ringBytesMax = ringBytesMax
    this.#directBytes = directBytes
    this.#onPressure = onPressure
    this.#onFailure = onFailure
    this.#head = header.tailPosition
    this.#sequence = header.tailSequence
    this.#sealedSequence = header.tailSequence
    this.#previousChecksum = header.tailPreviousChecksum
  }

  /** The largest batch that is taken: a quarter of the ring. */
  get batchBytesMax(): number {
    return Math.floor(this.#header.ringBytes / 4) - 2 * pageBytes
  }

  /** A group has to fit into the ring whatever lies in it: one that does not would wait for ever. */
  get #groupBytesMax(): number {
    return Math.min(groupBytesMax, this.#header.ringBytes / 4)
  }

  get ringBytes(): number {
    return this.#header.ringBytes
  }

  /** True while nothing waits for a sync. */
  get isIdle(): boolean {
    return !this.#flushing
  }

  /** Resolves when everything that was added so far is durable. */
  get durable(): Promise<void> {
    return this.#pending.at(-1)?.landed ?? this.#lastLanded
  }
  #lastLanded: Promise<void> = Promise.resolve()

  /** Takes a batch into the group that forms; the promise is the group's, shared by all of its appends. */
  add(target: JournalTarget, segmentBase: number, position: number, nextOffset: number, batch: Buffer): Promise<void> {
    if (this.failure !== undefined) return rejected(this.failure)
    assert(batch.length <= this.batchBytesMax, 'a batch above a quarter of the ring is refused before it is written')
    let group = this.#pending.at(-1)
    if (group === undefined || !group.hasRoomFor(batch, this.#groupBytesMax)) {
      group = new Group()
      this.#pending.push(group)
    }
    group.add(target, segmentBase, position, nextOffset, batch)
    if (!this.#flushing) {
      this.#flushing = true
      // A microtask: what the same callback still appends (other partitions, pipelined requests) comes along.
      queueMicrotask(() => void this.#flush())
    }
    return group.landed
  }

  /** The oldest point that is not durable yet; all before it is. */
  capture(): JournalPoint {
    return (
      this.#inFlight ?? { position: this.#head, sequence: this.#sequence, previousChecksum: this.#previousChecksum }
    )
  }

  /** Makes `point` the tail, durably; then the space before it is free. Called one at a time. */
  async release(point: JournalPoint, manifestGeneration: number): Promise<void> {
    const ringBytes = this.#wantsGrowth ? await this.#grow() : this.#header.ringBytes
    const header: JournalHeader = {
      ...this.#header,
      generation: this.#header.generation + 1,
      ringBytes,
      tailPosition: point.position,
      tailSequence: point.sequence,
      tailPreviousChecksum: point.previousChecksum,
      manifestGeneration,
    }
    await writeSlot(this.#file, header)
    this.#header = header
    const freed = this.#spaceFreed
    this.#spaceFreed = undefined
    freed?.()
  }

  /** Waits for what was added, then ends. The file stays open for the caller. */
  async close(): Promise<void> {
    this.#closed = true
    this.#sealTimer?.cancel()
    await this.durable.catch(() => {})
  }

  fail(error: Error): void {
    if (this.failure !== undefined) return
    this.failure = error
    this.#sealTimer?.cancel()
    for (const group of this.#pending) group.reject(error)
    this.#pending = []
    this.#spaceFreed?.()
    this.#onFailure(error)
  }

  async #flush(): Promise<void> {
    for (let group = this.#pending[0]; group !== undefined && this.failure === undefined; group = this.#pending[0]) {
      const position = this.#placeFor(group.bytesOnDisk) ?? (await this.#waitForSpace(group.bytesOnDisk))
      if (this.failure !== undefined) return
      // Appends that came while we waited for space may still have joined; from here on the group is closed.
      if (this.#placeFor(group.bytesOnDisk) !== position) continue
      this.#pending.shift()
      await this.#land(group, position)
    }
    this.#flushing = false
    this.#armSeal()
  }

  async #land(group: Group, position: number): Promise<void> {
    this.#lastLanded = group.landed
    this.#inFlight = { position, sequence: this.#sequence, previousChecksum: this.#previousChecksum }
    let bytes = 0
    try {
      if (group.largestBytes >= this.#directBytes) await this.#syncLarge(group)
      const buffers = group.seal(this.#header.salt, this.#sequence, this.#previousChecksum)
      bytes = group.bytesOnDisk
      this.#head = position + bytes
      this.#sequence += 1
      this.#previousChecksum = group.checksum
      if (bytes <= inlineWriteBytesMax) this.#file.write(buffers, position)
      else await this.#file.writeLater(buffers, position)
      const synced = this.#file.sync()
      for (const target of group.targets) target.whileSyncing()
      await synced
    } catch (error) {
      const trouble =
        error instanceof Error ? error : new DiskError('journal write failed', { path: this.#file.path, cause: error })
      group.reject(trouble)
      this.fail(trouble)
      return
    }
    if (this.failure !== undefined) {
      group.reject(this.failure)
      return
    }
    this.#inFlight = undefined
    this.counters.groups += 1
    this.counters.syncs += 1
    this.counters.entries += group.entryCount
    this.counters.bytes += bytes
    if (group.entryCount === 0) this.#sealedSequence = this.#sequence
    group.settle()
    if (this.#usedBytes() * 2 > this.#header.ringBytes) this.#onPressure()
  }

  /**
   * Large batches are not written twice: their segments are synced first, then the group carries their checksums. Above a
   * few segments the ring's one sync is cheaper again (bench/README.md).
   */
  async #syncLarge(group: Group): Promise<void> {
    const places = group.placesOfLarge(this.#directBytes)
    if (places.length > directPlacesMax) return
    await Promise.all(
      places.map(async ({ target, segmentBase }) => {
        if (await target.syncSegment(segmentBase)) group.makeDirect(target, segmentBase, this.#directBytes)
      }),
    )
  }

  #placeFor(bytes: number): number | undefined {
    const tail = this.#header.tailPosition
    const ringEnd = ringStart + this.#header.ringBytes
    if (this.#head < tail) return this.#head + bytes < tail ? this.#head : undefined
    if (this.#head + bytes <= ringEnd) return this.#head
    return ringStart + bytes < tail ? ringStart : undefined
  }

  async #waitForSpace(bytes: number): Promise<number> {
    this.counters.waits += 1
    this.#wantsGrowth = true
    for (;;) {
      const place = this.#placeFor(bytes)
      if (place !== undefined || this.failure !== undefined) return place ?? 0
      const freed = new Promise<void>(resolve => {
        this.#spaceFreed = resolve
      })
      this.#onPressure()
      await freed
    }
  }

  #usedBytes(): number {
    const tail = this.#header.tailPosition
    return this.#head >= tail ? this.#head - tail : this.#header.ringBytes - (tail - this.#head)
  }

  /** Doubles the ring with zeros behind its end; true once the header that says so is durable. */
  async #grow(): Promise<number> {
    this.#wantsGrowth = false
    const ringBytes = Math.min(this.#header.ringBytes * 2, this.#ringBytesMax)
    if (ringBytes <= this.#header.ringBytes) return this.#header.ringBytes
    try {
      await fillWithZeros(this.#file, ringStart + this.#header.ringBytes, ringStart + ringBytes)
    } catch (error) {
      if (!(error instanceof DiskError) || error.errno !== 'ENOSPC') throw error
      this.#file.truncate(ringStart + this.#header.ringBytes) // no room for a larger one: it goes on as it is
      return this.#header.ringBytes
    }
    await this.#file.sync()
    return ringBytes
  }

  /** One timer at a time; it looks again if groups came meanwhile. */
  #armSeal(): void {
    if (
      this.#sealTimer !== undefined ||
      this.#closed ||
      this.failure !== undefined ||
      this.#sealedSequence === this.#sequence
    )
      return
    const sequence = this.#sequence
    this.#sealTimer = this.#clock.after(sealAfterMs, () => {
      this.#sealTimer = undefined
      if (this.#closed || this.failure !== undefined) return
      if (this.#sequence === sequence && !this.#flushing) this.#seal()
      else this.#armSeal()
    })
  }

  #seal(): void {
    if (this.#placeFor(pageBytes) === undefined) return // full: the checkpoint that is under way moves the tail instead
    this.#pending.push(new Group())
    this.#flushing = true
    void this.#flush()
  }
}

function rejected(error: Error): Promise<void> {
  const promise = Promise.reject(error)
  promise.catch(() => {}) // acks=0 has nobody who waits
  return promise
}

/** Writes a header into its slot and waits until it is durable. */
export async function writeSlot(file: DiskFile, header: JournalHeader): Promise<void> {
  file.write([encodeSlot(header)], (header.generation % 2) * pageBytes)
  await file.sync()
}

export async function fillWithZeros(file: DiskFile, from: number, to: number): Promise<void> {
  const chunk = Buffer.alloc(Math.min(1 << 20, to - from))
  for (let position = from; position < to; position += chunk.length)
    await file.writeLater([chunk.subarray(0, Math.min(chunk.length, to - position))], position)
}

/** What becomes true together. */
class Group {
  #head: Buffer = Buffer.allocUnsafe(groupHeaderBytes + 4 * entryHeaderBytes)
  readonly #batches: Buffer[] = []
  readonly targets: JournalTarget[] = []
  /** Three numbers for each entry: nextOffset, segmentBase, endPosition. */
  readonly #ends: number[] = []
  #batchBytes = 0
  largestBytes = 0
  checksum = 0
  readonly landed: Promise<void>
  #resolve!: () => void
  reject!: (error: Error) => void

  constructor() {
    this.landed = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.reject = reject
    })
    this.landed.catch(() => {}) // acks=0 has nobody who waits
  }

  get entryCount(): number {
    return this.#batches.length
  }

  get bytesOnDisk(): number {
    return padToPage(groupHeaderBytes + this.entryCount * entryHeaderBytes + this.#batchBytes)
  }

  hasRoomFor(batch: Buffer, bytesMax: number): boolean {
    if (this.entryCount === 0) return true
    return this.entryCount < groupEntriesMax && this.bytesOnDisk + entryHeaderBytes + batch.length <= bytesMax
  }

  add(target: JournalTarget, segmentBase: number, position: number, nextOffset: number, batch: Buffer): void {
    const at = groupHeaderBytes + this.entryCount * entryHeaderBytes
    if (at + entryHeaderBytes > this.#head.length) {
      const larger = Buffer.allocUnsafe(this.#head.length * 2)
      this.#head.copy(larger)
      this.#head = larger
    }
    writeEntryHeader(this.#head, at, target, segmentBase, position, batch)
    this.#batches.push(batch)
    this.#batchBytes += batch.length
    if (batch.length > this.largestBytes) this.largestBytes = batch.length
    this.targets.push(target)
    this.#ends.push(nextOffset, segmentBase, position + batch.length)
  }

  /** The segments that large batches of this group are in. */
  placesOfLarge(directBytes: number): { target: JournalTarget; segmentBase: number }[] {
    const places: { target: JournalTarget; segmentBase: number }[] = []
    this.#eachLarge(directBytes, (target, segmentBase) => {
      if (!places.some(place => place.target === target && place.segmentBase === segmentBase))
        places.push({ target, segmentBase })
    })
    return places
  }

  /** The segment has them durably: the group need not carry them. */
  makeDirect(target: JournalTarget, segmentBase: number, directBytes: number): void {
    this.#eachLarge(directBytes, (itsTarget, itsBase, i) => {
      if (itsTarget !== target || itsBase !== segmentBase) return
      this.#batchBytes -= (this.#batches[i] as Buffer).length
      this.#batches[i] = nothing
      markDirect(this.#head, groupHeaderBytes + i * entryHeaderBytes)
    })
  }

  #eachLarge(directBytes: number, visit: (target: JournalTarget, segmentBase: number, i: number) => void): void {
    for (let i = 0; i < this.#batches.length; i++)
      if ((this.#batches[i] as Buffer).length >= directBytes)
        visit(this.targets[i] as JournalTarget, this.#ends[3 * i + 1] as number, i)
  }

  seal(salt: Buffer, sequence: number, previousChecksum: number): Buffer[] {
    const headBytes = groupHeaderBytes + this.entryCount * entryHeaderBytes
    const payloadBytes = headBytes - groupHeaderBytes + this.#batchBytes
    this.checksum = sealGroup(this.#head, salt, {
      sequence,
      previousChecksum,
      entryCount: this.entryCount,
      payloadBytes,
    })
    const padding = this.bytesOnDisk - headBytes - this.#batchBytes
    // Whole pages: a partial one that the system has dropped from its cache would have to be read first.
    return [this.#head.subarray(0, headBytes), ...this.#batches, zeros.subarray(0, padding)]
  }

  /** High watermarks first, then the answers. */
  settle(): void {
    for (let i = 0; i < this.targets.length; i++) {
      const target = this.targets[i] as JournalTarget
      target.durableTo(this.#ends[3 * i] as number, this.#ends[3 * i + 1] as number, this.#ends[3 * i + 2] as number)
    }
    this.#resolve()
  }
}
