// The newest batches of all partitions in memory: read from here by consumers that keep up, and written from here into the
// segments, many at a time. One bound for the directory; what was begun longest ago goes first, whichever partition it is of.
//   1  a partition's chunks hold its newest batches, end to end, so an offset is either here or before it
//   2  a chunk leaves only after its bytes are in the segment's page cache: the owner writes out first
//   3  batches are copied into chunks, small ones together: the memory that they came in is its owner's again at once, they
//      cost no object each, and chunks are used again (new memory for each large batch: 12 % of the time in garbage
//      collection, and the system's zeroing of it)
//   4  bytes of a chunk that were handed out never change: later batches go behind them, and its memory is not used again
// Called by partition-log.ts.

import { baseOffsetOf, batchBytesOf, lastOffsetOf } from '../records/batch.ts'

export interface TailRead {
  readonly buffers: Buffer[]
  readonly bytes: number
}

const chunkBytesMin = 4 << 10
/** Of a chunk for many batches; a larger batch has one of its own. */
const chunkBytesMax = 64 << 10
/** Kept for the next chunks. */
const freeBytesMax = 4 << 20

interface Chunk {
  readonly buffer: Buffer
  readonly baseOffset: number
  used: number
  /** Bytes from the start that are in the segment. */
  written: number
  nextOffset: number
  wasRead: boolean
}

/** Whose chunks they are: writes them into the segment when their time has come. Throws if the segment cannot be written. */
export interface TailOwner {
  /** Below it the journal needs no batch any more. */
  readonly highWatermark: number
  writeOut(): void
}

export class Tail {
  readonly #bytesMax: number
  #bytes = 0
  /** Owners of the chunks in the order in which they were begun; `#oldest` is the first one still in. */
  #owners: PartitionTail[] = []
  #oldest = 0
  readonly chunks = new ChunkMemory()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Of all chunks, filled or not. */
  get bytes(): number {
    return this.#bytes
  }

  /** False: it is larger than the tail may be; the owner writes it at once, and clears. */
  takes(batch: Buffer): boolean {
    return Math.max(batch.length, chunkBytesMax) <= this.#bytesMax
  }

  /** A chunk was begun. The oldest ones go as far as they can be written; a full disk keeps them. */
  begun(owner: PartitionTail, bytes: number): void {
    this.#owners.push(owner)
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#owners[this.#oldest] as PartitionTail
      const freed = oldest.shift()
      if (freed === undefined) return
      this.#bytes -= freed
      this.#oldest += 1
    }
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#owners.length) {
      this.#owners = this.#owners.slice(this.#oldest)
      this.#oldest = 0
    }
  }

  /** Called by PartitionTail.clear: its chunks no longer count; their places in the order are skipped later. */
  released(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** One partition's part of the tail. */
export class PartitionTail {
  readonly #tail: Tail
  readonly #owner: TailOwner
  #chunks: Chunk[] = []
  /** Size of the next chunk: doubles while they fill up, shrinks to what was used when they have to go early. */
  #wantedBytes = chunkBytesMin
  /** Places in the common order that belong to chunks which clear() took out. */
  #stale = 0
  unwrittenBytes = 0

  constructor(tail: Tail, owner: TailOwner) {
    this.#tail = tail
    this.#owner = owner
  }

  /** Returns the copy. `isWritten`: the segment has it already. Otherwise the owner writes it later, from here. */
  add(batch: Buffer, baseOffset: number, isWritten: boolean): Buffer {
    const nextOffset = lastOffsetOf(batch) + 1
    if (!isWritten) this.unwrittenBytes += batch.length
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.used + batch.length <= last.buffer.length) {
      const at = last.used
      last.buffer.set(batch, at)
      last.used += batch.length
      last.nextOffset = nextOffset
      if (isWritten) last.written = last.used
      return last.buffer.subarray(at, last.used)
    }
    const buffer = this.#newChunk(batch)
    const written = isWritten ? batch.length : 0
    this.#chunks.push({ buffer, used: batch.length, written, baseOffset, nextOffset, wasRead: false })
    this.#tail.begun(this, buffer.length)
    return buffer.subarray(0, batch.length)
  }

  #newChunk(batch: Buffer): Buffer {
    const buffer = this.#tail.chunks.take(Math.max(batch.length, this.#wantedBytes))
    this.#wantedBytes = Math.min(buffer.length * 2, chunkBytesMax)
    buffer.set(batch)
    return buffer
  }

  /** What the segment does not have yet, end to end. */
  unwritten(): Buffer[] {
    const buffers: Buffer[] = []
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const { buffer, used, written } = this.#chunks[i] as Chunk
      if (written === used) break
      buffers.push(buffer.subarray(written, used))
    }
    return buffers.reverse()
  }

  /** All of it is in the segment now. */
  wasWritten(): void {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i] as Chunk
      if (chunk.written === chunk.used) break
      chunk.written = chunk.used
    }
    this.unwrittenBytes = 0
  }

  /** Drops the oldest chunk; its bytes, or undefined if it cannot be written now. */
  shift(): number | undefined {
    if (this.#stale > 0) {
      this.#stale -= 1
      return 0
    }
    const chunk = this.#chunks[0] as Chunk
    if (chunk.written < chunk.used && !this.#writeOut()) return undefined
    this.#chunks.shift()
    this.#recycle(chunk)
    return chunk.buffer.length
  }

  /** Not what a reader may hold, and not what the journal has still to write. */
  #recycle({ buffer, used, nextOffset, wasRead }: Chunk): void {
    if (used * 2 <= buffer.length) this.#wantedBytes = Math.max(chunkBytesMin, Math.min(used, chunkBytesMax))
    if (!wasRead && nextOffset <= this.#owner.highWatermark) this.#tail.chunks.giveBack(buffer)
  }

  #writeOut(): boolean {
    try {
      this.#owner.writeOut()
      return true
    } catch {
      return false // the directory knows; the bytes are durable in the journal and stay here
    }
  }

  clear(): void {
    this.#stale += this.#chunks.length
    this.#tail.released(this.#chunks.reduce((sum, chunk) => sum + chunk.buffer.length, 0))
    this.#chunks = []
    this.unwrittenBytes = 0
  }

  /** Whole batches from the one that holds `offset`, below `endOffset`; undefined if that batch is not in memory. */
  read(offset: number, bytesMax: number, endOffset: number): TailRead | undefined {
    let index = this.#indexOf(offset)
    if (index < 0) return undefined
    const buffers: Buffer[] = []
    let bytes = 0
    for (; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk
      if (chunk.baseOffset >= endOffset) break
      chunk.wasRead = true
      const view = viewOf(chunk, { offset, endOffset, bytesMax: bytesMax - bytes, atLeastOne: bytes === 0 })
      if (view.length === 0) break
      buffers.push(view)
      bytes += view.length
      if (view.byteOffset + view.length < chunk.buffer.byteOffset + chunk.used) break
    }
    return { buffers, bytes }
  }

  /** Of the chunk that holds `offset`, or -1. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#chunks[middle] as Chunk).baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return low > 0 && (this.#chunks[low - 1] as Chunk).nextOffset > offset ? low - 1 : -1
  }
}

/**
 * Memory of shared chunks, in powers of two, used again when nobody has seen it: with 1,000 partitions at once allocating
 * it anew cost 30 % of the time in garbage collection.
 */
class ChunkMemory {
  readonly #free = new Map<number, Buffer[]>()
  #bytes = 0

  take(bytes: number): Buffer {
    let size = chunkBytesMin
    while (size < bytes) size *= 2
    const free = this.#free.get(size)?.pop()
    if (free === undefined) return Buffer.allocUnsafeSlow(size)
    this.#bytes -= size
    return free
  }

  giveBack(buffer: Buffer): void {
    if (this.#bytes + buffer.length > freeBytesMax) return
    this.#bytes += buffer.length
    const free = this.#free.get(buffer.length)
    if (free === undefined) this.#free.set(buffer.length, [buffer])
    else free.push(buffer)
  }
}

interface Wanted {
  readonly offset: number
  readonly endOffset: number
  readonly bytesMax: number
  /** The first batch comes, however large it is. */
  readonly atLeastOne: boolean
}

/** The batches of a chunk from the one that holds `offset` on, as far as the limits allow. */
function viewOf(chunk: Chunk, { offset, endOffset, bytesMax, atLeastOne }: Wanted): Buffer {
  const { buffer, used } = chunk
  let from = 0
  while (lastOffsetOf(buffer, from) < offset) from += batchBytesOf(buffer, from)
  if (used - from <= bytesMax && chunk.nextOffset <= endOffset) return buffer.subarray(from, used)
  let to = from
  while (to < used && baseOffsetOf(buffer, to) < endOffset) {
    const next = to + batchBytesOf(buffer, to)
    if (next - from > bytesMax && !(atLeastOne && to === from)) break
    to = next
  }
  return buffer.subarray(from, to)
}
