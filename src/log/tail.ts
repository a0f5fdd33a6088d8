// The newest batches of all partitions, kept in memory for consumers that keep up. One bound for the directory; what was
// appended longest ago goes first, whichever partition it belongs to.
//   1  a partition's batches here are its newest ones, end to end, so an offset is either in the tail or before it
//   2  the batches are the produced buffers themselves: no copy
// Called by partition-log.ts.

import { batchBytesOf, lastOffsetOf } from '../records/batch.ts'

export interface TailRead {
  readonly buffers: Buffer[]
  readonly bytes: number
}

export class Tail {
  readonly #bytesMax: number
  #bytes = 0
  /** Owners of the batches in the order of their appends; `#oldest` is the first one still in. */
  #owners: PartitionTail[] = []
  #oldest = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(owner: PartitionTail, batch: Buffer, baseOffset: number): void {
    if (batch.length > this.#bytesMax) {
      owner.clear() // rule 1: the newest batch is not here, so nothing older may be
      return
    }
    owner.push(batch, baseOffset)
    this.#owners.push(owner)
    this.#bytes += batch.length
    while (this.#bytes > this.#bytesMax) this.#evict()
  }

  /** Called by PartitionTail.clear: its batches no longer count; their places in the order are skipped later. */
  released(bytes: number): void {
    this.#bytes -= bytes
  }

  #evict(): void {
    const owner = this.#owners[this.#oldest++] as PartitionTail
    this.#bytes -= owner.shift()
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#owners.length) {
      this.#owners = this.#owners.slice(this.#oldest)
      this.#oldest = 0
    }
  }
}

/** One partition's part of the tail. */
export class PartitionTail {
  readonly #tail: Tail
  #batches: Buffer[] = []
  #baseOffsets: number[] = []
  #first = 0
  /** Places in the common order that belong to batches which clear() took out. */
  #stale = 0

  constructor(tail: Tail) {
    this.#tail = tail
  }

  push(batch: Buffer, baseOffset: number): void {
    this.#batches.push(batch)
    this.#baseOffsets.push(baseOffset)
  }

  /** Drops the oldest batch; its bytes. */
  shift(): number {
    if (this.#stale > 0) {
      this.#stale -= 1
      return 0
    }
    const batch = this.#batches[this.#first] as Buffer
    this.#first += 1
    if (this.#first > 64 && this.#first * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#first)
      this.#baseOffsets = this.#baseOffsets.slice(this.#first)
      this.#first = 0
    } else this.#batches[this.#first - 1] = nothing
    return batch.length
  }

  clear(): void {
    let bytes = 0
    for (let i = this.#first; i < this.#batches.length; i++) bytes += (this.#batches[i] as Buffer).length
    this.#stale += this.#batches.length - this.#first
    this.#batches = []
    this.#baseOffsets = []
    this.#first = 0
    this.#tail.released(bytes)
  }

  /** Whole batches from the one that holds `offset`, below `endOffset`; undefined if that batch is not in memory. */
  read(offset: number, bytesMax: number, endOffset: number): TailRead | undefined {
    let index = this.#indexOf(offset)
    if (index < 0) return undefined
    const buffers: Buffer[] = []
    let bytes = 0
    for (; index < this.#batches.length && (this.#baseOffsets[index] as number) < endOffset; index++) {
      const batch = this.#batches[index] as Buffer
      if (bytes > 0 && bytes + batch.length > bytesMax) break
      buffers.push(batch)
      bytes += batch.length
    }
    return { buffers, bytes }
  }

  /** Of the last batch with a base offset ≤ `offset`, or -1. */
  #indexOf(offset: number): number {
    let low = this.#first
    let high = this.#baseOffsets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#baseOffsets[middle] as number) <= offset) low = middle + 1
      else high = middle
    }
    if (low === this.#first) return -1
    const batch = this.#batches[low - 1] as Buffer
    return batch.length === batchBytesOf(batch) && lastOffsetOf(batch) >= offset ? low - 1 : -1
  }
}

const nothing = Buffer.alloc(0)
