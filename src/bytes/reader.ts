// Takes Kafka's primitive types out of one frame.
//   1  0 ≤ position ≤ end ≤ bytes.length; nothing is read outside
//   2  a length, a count or a tag is compared with the bytes that remain before anything is allocated for it
//   3  views, not copies: bytes() and records share the frame's memory
// What does not hold is a ProtocolError. Called by codec.ts and protocol/headers.ts.

import { ProtocolError } from './protocol-error.ts'

export const arrayElementsMax = 1_000_000
export const tagsMax = 10_000
const stringBytesMax = 32_767

/** Java's Long.MAX_VALUE and MIN_VALUE, as numbers: what an int64 beyond ±2^53 reads as, and what it is written from. */
export const longMax = 2 ** 63
export const longMin = -(2 ** 63)

const safeHigh = 2 ** 21

export class Reader {
  readonly bytes: Buffer
  position: number
  #end: number
  /** Elements of all arrays together: bounds what a small frame can unfold to. */
  #elementsLeft = arrayElementsMax

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.#end = end
  }

  get remaining(): number {
    return this.#end - this.position
  }

  int8(): number {
    const at = this.#take(1)
    return (this.bytes[at] << 24) >> 24
  }

  bool(): boolean {
    return this.bytes[this.#take(1)] !== 0
  }

  int16(): number {
    const at = this.#take(2)
    return (((this.bytes[at] << 8) | this.bytes[at + 1]) << 16) >> 16
  }

  uint16(): number {
    return this.int16() & 0xffff
  }

  int32(): number {
    const at = this.#take(4)
    const { bytes } = this
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** Exact to ±2^53; beyond that longMax or longMin, never a number that looks exact and is not. */
  int64(): number {
    const high = this.int32()
    const low = this.uint32()
    if (high >= safeHigh) return longMax
    if (high < -safeHigh) return longMin
    return high * 0x1_0000_0000 + low
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.#take(8))
  }

  /** 22 characters of base64url. */
  uuid(): string {
    const at = this.#take(16)
    return this.bytes.toString('base64url', at, at + 16)
  }

  /** Unsigned, at most 32 bits in at most 5 bytes. */
  uvarint(): number {
    const first = this.bytes[this.#take(1)]
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.bytes[this.#take(1)]
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break
        return value >>> 0
      }
    }
    throw new ProtocolError('a varint of more than 32 bits', this.position)
  }

  string(compact: boolean): string | null {
    const length = compact ? this.uvarint() - 1 : this.int16()
    if (length < 0) return this.#none(length)
    if (length > stringBytesMax) throw new ProtocolError(`a string of ${length} bytes`, this.position)
    const at = this.#take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** A view of the frame. */
  view(compact: boolean): Buffer | null {
    const length = compact ? this.uvarint() - 1 : this.int32()
    if (length < 0) return this.#none(length)
    const at = this.#take(length)
    return this.bytes.subarray(at, at + length)
  }

  /** The count of an array whose elements take at least `elementBytesMin` each; -1 for null. */
  count(compact: boolean, elementBytesMin: number): number {
    const count = compact ? this.uvarint() - 1 : this.int32()
    if (count <= 0) return count === 0 ? 0 : (this.#none(count) ?? -1)
    if (count > this.#elementsLeft || count * Math.max(1, elementBytesMin) > this.remaining)
      throw new ProtocolError(`an array of ${count} elements with ${this.remaining} bytes left`, this.position)
    this.#elementsLeft -= count
    return count
  }

  /** How many tagged fields follow. Each takes at least two bytes. */
  tagCount(): number {
    const count = this.uvarint()
    if (count > tagsMax || count * 2 > this.remaining)
      throw new ProtocolError(`${count} tagged fields with ${this.remaining} bytes left`, this.position)
    return count
  }

  skip(length: number): void {
    this.#take(length)
  }

  skipTags(): void {
    for (let left = this.tagCount(); left > 0; left -= 1) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }

  /** Runs `read` over exactly the next `length` bytes. */
  within<T>(length: number, read: (reader: this) => T): T {
    const start = this.position
    const outer = this.#end
    if (length > outer - start) throw new ProtocolError(`${length} bytes where ${outer - start} are left`, start)
    this.#end = start + length
    const value = read(this)
    if (this.position !== this.#end) throw new ProtocolError(`${this.remaining} bytes too many in a field`, start)
    this.#end = outer
    return value
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.#end - at) throw new ProtocolError(`${length} bytes where ${this.#end - at} are left`, at)
    this.position = at + length
    return at
  }

  #none(length: number): null {
    if (length !== -1) throw new ProtocolError(`a length of ${length}`, this.position)
    return null
  }
}
