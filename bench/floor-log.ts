// The floor's file: batches end to end, groups that become durable with one sync, and where each batch lies. FROZEN with
// floor.ts, which says what holds.

import { closeSync, fdatasync, fsyncSync, openSync, readSync, writeSync, writevSync } from 'node:fs'
import { join } from 'node:path'

/** What the file tells a connection. */
export interface Peer {
  /** the group closes: what waited is in flight now */
  turn(): void
  /** the group is durable */
  answer(): void
  pause(): void
  resume(): void
}

export interface FloorOptions {
  readonly dir: string
  readonly port: number
  readonly sync: boolean
  /** zeros written (and synced) before the first request: a sync of a file that does not grow costs half */
  readonly preallocateBytes: number
}

/** Shorter pieces are copied together: a view and its entry in the vector cost more than the copy. */
const copyBelowBytes = 4096
const stagingBytes = 1 << 20
const pendingBytesMax = 64 << 20

/** Requests that become true with one sync. Two of them take turns: one forms while the other is in flight. */
class Group {
  readonly vector: Buffer[] = []
  readonly peers: Peer[] = []
  bytes = 0
  nextOffset = 0
  #staging = Buffer.allocUnsafeSlow(stagingBytes)
  #stagingEnd = 0
  #stagingTaken = 0

  add(piece: Buffer): void {
    this.bytes += piece.length
    if (piece.length >= copyBelowBytes) {
      this.seal()
      this.vector.push(piece)
      return
    }
    if (this.#stagingEnd + piece.length > stagingBytes) {
      this.seal()
      this.#staging = Buffer.allocUnsafeSlow(stagingBytes)
      this.#stagingEnd = this.#stagingTaken = 0
    }
    piece.copy(this.#staging, this.#stagingEnd)
    this.#stagingEnd += piece.length
  }

  /** What was copied so far becomes an entry of the vector. */
  seal(): void {
    if (this.#stagingEnd > this.#stagingTaken)
      this.vector.push(this.#staging.subarray(this.#stagingTaken, this.#stagingEnd))
    this.#stagingTaken = this.#stagingEnd
  }

  clear(): void {
    this.vector.length = this.peers.length = this.bytes = this.#stagingEnd = this.#stagingTaken = 0
  }
}

export class FloorLog {
  readonly #fd: number
  readonly peers = new Set<Peer>()
  durableOffset = 0
  readonly #sync: boolean
  /** base offset of each batch, and its position; one more position than batches */
  readonly #offsets: number[] = []
  readonly #positions: number[] = [0]
  #nextOffset = 0
  #forming = new Group()
  #spare = new Group()
  #committing = false
  #writtenBytes = 0
  #pendingBytes = 0

  constructor(options: FloorOptions) {
    this.#fd = openSync(join(options.dir, 'floor.bin'), 'w+')
    this.#sync = options.sync
    const zeros = Buffer.alloc(1 << 20)
    for (let at = 0; at < options.preallocateBytes; at += zeros.length) writeSync(this.#fd, zeros, 0, zeros.length, at)
    fsyncSync(this.#fd)
  }

  /** A batch of `bytes` begins; its pieces follow by add(). Returns its base offset. */
  begin(records: number, bytes: number): number {
    const baseOffset = this.#nextOffset
    this.#offsets.push(baseOffset)
    this.#positions.push(this.#positions[this.#positions.length - 1]! + bytes)
    this.#nextOffset += records
    return baseOffset
  }

  add(piece: Buffer): void {
    this.#forming.add(piece)
    this.#pendingBytes += piece.length
    if (this.#pendingBytes > pendingBytesMax) for (const peer of this.peers) peer.pause()
  }

  end(peer: Peer): void {
    const group = this.#forming
    if (group.peers[group.peers.length - 1] !== peer) group.peers.push(peer)
    group.nextOffset = this.#nextOffset
    if (this.#committing) return
    this.#committing = true
    setImmediate(() => this.#commit())
  }

  /** The write goes to the page cache, from here: cheaper than a trip through the thread pool. The sync takes that trip. */
  #commit(): void {
    const group = this.#forming
    this.#forming = this.#spare
    group.seal()
    for (const peer of group.peers) peer.turn()
    const position = this.#writtenBytes
    this.#writtenBytes += group.bytes
    const written = writevSync(this.#fd, group.vector, position)
    if (written !== group.bytes) throw new Error(`short write: ${written} of ${group.bytes} bytes`)
    if (this.#sync) fdatasync(this.#fd, error => this.#done(group, error))
    else this.#done(group, null)
  }

  #done(group: Group, error: Error | null): void {
    if (error) throw error
    this.durableOffset = group.nextOffset
    for (const peer of group.peers) peer.answer()
    const wasFull = this.#pendingBytes > pendingBytesMax
    this.#pendingBytes -= group.bytes
    if (wasFull && this.#pendingBytes <= pendingBytesMax) for (const peer of this.peers) peer.resume()
    group.clear()
    this.#spare = group
    if (this.#forming.peers.length > 0) this.#commit()
    else this.#committing = false
  }

  read(target: Buffer, at: number, { start, end }: { start: number; end: number }): void {
    readSync(this.#fd, target, at, end - start, start)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** The batch that holds `offset`, and whole ones after it up to bytesMax, as a range of the file. */
  range(offset: number, bytesMax: number): { start: number; end: number } {
    if (offset >= this.durableOffset) return { start: 0, end: 0 }
    const first = lastAtOrBelow(this.#offsets, offset)
    const start = this.#positions[first]!
    const durableNext = lastAtOrBelow(this.#offsets, this.durableOffset - 1) + 1
    const next = Math.min(durableNext, lastAtOrBelow(this.#positions, start + bytesMax))
    return { start, end: this.#positions[Math.max(next, first + 1)]! }
  }
}

function lastAtOrBelow(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
