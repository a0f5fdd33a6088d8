// The two sparse indexes beside a segment, in memory as the very bytes of their files.
//   OffsetIndex  8-byte entries: i32 (last offset of a batch − base), i32 position of that batch      (Kafka: OffsetIndex.java)
//   TimeIndex   12-byte entries: i64 largest timestamp so far, i32 (offset that carries it − base)     (Kafka: TimeIndex.java)
//   1  keys rise strictly from entry to entry
//   2  both are caches: a lost or wrong one is rebuilt from the log, and rebuilding never cuts a log
// Called by segment.ts. A lookup is a binary search over the buffer.

const initialBytes = 96

abstract class SparseIndex {
  readonly entryBytes: number
  readonly bytesMax: number
  protected buffer: Buffer = Buffer.allocUnsafe(0)
  bytes = 0
  /** What the file already holds; the rest is written at a roll, a checkpoint or a close. */
  flushedBytes = 0

  constructor(entryBytes: number, bytesMax: number) {
    this.entryBytes = entryBytes
    this.bytesMax = Math.floor(bytesMax / entryBytes) * entryBytes
  }

  get count(): number {
    return this.bytes / this.entryBytes
  }

  get memoryBytes(): number {
    return this.buffer.length
  }

  unflushed(): Buffer {
    return this.buffer.subarray(this.flushedBytes, this.bytes)
  }

  /** Takes over a file's bytes as they are; `problem` says whether they can be trusted. */
  load(bytes: Buffer): void {
    this.buffer = bytes
    this.bytes = bytes.length - (bytes.length % this.entryBytes)
    this.flushedBytes = this.bytes
  }

  /** Forgets the entries from `count` on. */
  truncate(count: number): void {
    this.bytes = Math.min(this.bytes, count * this.entryBytes)
    this.flushedBytes = Math.min(this.flushedBytes, this.bytes)
  }

  /** Everything has to be written again. */
  clear(): void {
    this.bytes = 0
    this.flushedBytes = 0
  }

  protected grow(): number {
    if (this.bytes + this.entryBytes > this.buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.min(Math.max(initialBytes, this.buffer.length * 2), Math.max(this.bytesMax, initialBytes)),
      )
      this.buffer.copy(larger, 0, 0, this.bytes)
      this.buffer = larger
    }
    const at = this.bytes
    this.bytes += this.entryBytes
    return at
  }
}

export class OffsetIndex extends SparseIndex {
  constructor(bytesMax: number) {
    super(8, bytesMax)
  }

  get isFull(): boolean {
    return this.bytes + 8 > this.bytesMax
  }

  add(relativeOffset: number, position: number): void {
    const at = this.grow()
    this.buffer.writeInt32BE(relativeOffset, at)
    this.buffer.writeInt32BE(position, at + 4)
  }

  relativeOffset(entry: number): number {
    return this.buffer.readInt32BE(entry * 8)
  }

  position(entry: number): number {
    return this.buffer.readInt32BE(entry * 8 + 4)
  }

  /** A position at or before the batch that holds the offset: of the last entry ≤ it, or 0. */
  positionBefore(relativeOffset: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.relativeOffset(middle) <= relativeOffset) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.position(low - 1)
  }

  /** The relative last offset of the batch at a position that this index gave out. */
  lastOffsetAt(position: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.position(middle) < position) low = middle + 1
      else high = middle
    }
    return this.relativeOffset(low)
  }

  /** How many entries from the start rise strictly and stay below the log's end: the part that may be kept. */
  soundEntries(logBytes: number): number {
    let entry = 0
    let lastOffset = -1
    let lastPosition = -1
    for (; entry < this.count; entry++) {
      const offset = this.relativeOffset(entry)
      const position = this.position(entry)
      if (offset <= lastOffset || position <= lastPosition || position >= logBytes) break
      lastOffset = offset
      lastPosition = position
    }
    return entry
  }
}

export class TimeIndex extends SparseIndex {
  constructor(bytesMax: number) {
    super(12, bytesMax)
  }

  /** One slot stays free for the entry that a roll adds. */
  get isFull(): boolean {
    return this.bytes + 24 > this.bytesMax
  }

  /** Nothing happens unless the timestamp is larger than the last one. */
  addIfLater(timestamp: number, relativeOffset: number): void {
    if (
      timestamp < 0 ||
      (this.count > 0 && timestamp <= this.timestamp(this.count - 1)) ||
      this.bytes + 12 > this.bytesMax
    )
      return
    const at = this.grow()
    this.buffer.writeInt32BE(Math.floor(timestamp / 0x1_0000_0000), at)
    this.buffer.writeUInt32BE(timestamp % 0x1_0000_0000, at + 4)
    this.buffer.writeInt32BE(relativeOffset, at + 8)
  }

  timestamp(entry: number): number {
    return this.buffer.readInt32BE(entry * 12) * 0x1_0000_0000 + this.buffer.readUInt32BE(entry * 12 + 4)
  }

  relativeOffset(entry: number): number {
    return this.buffer.readInt32BE(entry * 12 + 8)
  }

  /** A relative offset at or before the first record with a timestamp ≥ the target: of the last entry below it, or 0. */
  relativeOffsetBefore(timestamp: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.timestamp(middle) < timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.relativeOffset(low - 1)
  }

  soundEntries(relativeNextOffset: number): number {
    let entry = 0
    let lastTimestamp = -1
    let lastOffset = -1
    for (; entry < this.count; entry++) {
      const timestamp = this.timestamp(entry)
      const offset = this.relativeOffset(entry)
      if (timestamp <= lastTimestamp || offset < lastOffset || offset >= relativeNextOffset) break
      lastTimestamp = timestamp
      lastOffset = offset
    }
    return entry
  }
}
