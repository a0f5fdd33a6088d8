// Puts Kafka's primitive types into buffers, and links large payloads between them without a copy.
//   1  [start, position) of the chunk is what was written since the last piece was cut off; [0, start) belongs to others
//   2  pieces are never written to again, but for the four length bytes of a frame
// One Writer serves many messages, one after the other: small answers share a chunk, so that none costs an allocation.
// Called by codec.ts and protocol/.

import { assert } from '../base/assert.ts'
import { longMax, longMin } from './reader.ts'

const chunkBytes = 16_384

export interface Encoded {
  readonly buffers: readonly Buffer[]
  readonly bytes: number
}

export class Writer {
  #chunk = Buffer.allocUnsafeSlow(chunkBytes)
  #start = 0
  #position = 0
  #pieces: Buffer[] = []
  #piecesBytes = 0

  int8(value: number): void {
    const at = this.#room(1)
    this.#chunk[at] = value
  }

  bool(value: boolean): void {
    const at = this.#room(1)
    this.#chunk[at] = value ? 1 : 0
  }

  int16(value: number): void {
    const at = this.#room(2)
    this.#chunk[at] = value >> 8
    this.#chunk[at + 1] = value
  }

  int32(value: number): void {
    const at = this.#room(4)
    const chunk = this.#chunk
    chunk[at] = value >> 24
    chunk[at + 1] = value >> 16
    chunk[at + 2] = value >> 8
    chunk[at + 3] = value
  }

  int64(value: number): void {
    if (value >= longMax) this.#halves(0x7fff_ffff, 0xffff_ffff)
    else if (value <= longMin) this.#halves(0x8000_0000, 0)
    else this.#halves(Math.floor(value / 0x1_0000_0000), value >>> 0)
  }

  float64(value: number): void {
    const at = this.#room(8)
    this.#chunk.writeDoubleBE(value, at)
  }

  uuid(value: string): void {
    const at = this.#room(16)
    const written = this.#chunk.write(value, at, 16, 'base64url')
    assert(written === 16, 'a uuid is 22 characters of base64url')
  }

  uvarint(value: number): void {
    const at = this.#room(5)
    this.#position = at + putUvarint(this.#chunk, at, value)
  }

  string(value: string | null, compact: boolean): void {
    if (value === null) {
      if (compact) this.uvarint(0)
      else this.int16(-1)
      return
    }
    const length = Buffer.byteLength(value)
    assert(length <= 0x7fff, 'a string takes at most 32,767 bytes')
    if (compact) this.uvarint(length + 1)
    else this.int16(length)
    const at = this.#room(length)
    this.#chunk.write(value, at, length, 'utf8')
  }

  /** Copied in: for short values. */
  view(value: Uint8Array | null, compact: boolean): void {
    this.#length(value === null ? -1 : value.length, compact)
    if (value === null) return
    const at = this.#room(value.length)
    this.#chunk.set(value, at)
  }

  /** Linked, not copied: the caller leaves the bytes alone until they are sent. */
  records(value: Buffer | readonly Buffer[] | null, compact: boolean): void {
    if (value === null) {
      this.#length(-1, compact)
      return
    }
    const buffers = Buffer.isBuffer(value) ? [value] : (value as readonly Buffer[])
    let bytes = 0
    for (const buffer of buffers) bytes += buffer.length
    this.#length(bytes, compact)
    for (const buffer of buffers) this.#link(buffer)
  }

  /** Of an array; -1 for null. */
  count(count: number, compact: boolean): void {
    this.#length(count, compact)
  }

  /** What `write` writes, with its length as a varint before it. Nothing inside may be linked. */
  measured(write: () => void): void {
    const before = this.#position - this.#start
    const pieces = this.#pieces.length
    write()
    assert(pieces === this.#pieces.length, 'a tagged field links nothing')
    const length = this.#position - this.#start - before
    const room = uvarintBytes(length)
    this.#room(room)
    const at = this.#start + before
    this.#chunk.copyWithin(at + room, at, at + length)
    putUvarint(this.#chunk, at, length)
  }

  /** Everything written since the last take(). */
  take(): Encoded {
    this.#cut()
    const encoded = { buffers: this.#pieces, bytes: this.#piecesBytes }
    this.#pieces = []
    this.#piecesBytes = 0
    return encoded
  }

  /** The same, with its length in four bytes before it. `write` throws: nothing of it stays. */
  frame(write: () => void): Encoded {
    assert(this.#position === this.#start && this.#pieces.length === 0, 'a frame begins where the last one was taken')
    this.int32(0)
    try {
      write()
    } catch (error) {
      this.#position = this.#start
      this.#pieces = []
      this.#piecesBytes = 0
      throw error
    }
    const frame = this.take()
    frame.buffers[0].writeInt32BE(frame.bytes - 4, 0)
    return frame
  }

  #length(length: number, compact: boolean): void {
    if (compact) this.uvarint(length + 1)
    else this.int32(length)
  }

  #halves(high: number, low: number): void {
    this.int32(high)
    this.int32(low)
  }

  #link(buffer: Buffer): void {
    if (buffer.length === 0) return
    this.#cut()
    this.#pieces.push(buffer)
    this.#piecesBytes += buffer.length
  }

  #cut(): void {
    if (this.#position === this.#start) return
    this.#pieces.push(this.#chunk.subarray(this.#start, this.#position))
    this.#piecesBytes += this.#position - this.#start
    this.#start = this.#position
  }

  /** Moves the position over `length` bytes that the caller then fills; returns where they begin. */
  #room(length: number): number {
    if (this.#position + length > this.#chunk.length) this.#grow(length)
    const at = this.#position
    this.#position = at + length
    return at
  }

  #grow(length: number): void {
    const written = this.#position - this.#start
    const chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, 2 * (written + length)))
    this.#chunk.copy(chunk, 0, this.#start, this.#position)
    this.#chunk = chunk
    this.#start = 0
    this.#position = written
  }
}

function uvarintBytes(value: number): number {
  let bytes = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes += 1
  return bytes
}

function putUvarint(target: Buffer, at: number, value: number): number {
  let position = at
  let rest = value
  while (rest > 0x7f) {
    target[position] = (rest & 0x7f) | 0x80
    position += 1
    rest >>>= 7
  }
  target[position] = rest
  return position + 1 - at
}
