// Frames out of a stream of chunks: four bytes of length, then that many bytes.
//   1  a length is checked when its four bytes are there, before anything else; nothing is allocated because of it
//   2  bytesBuffered is what arrived and has not been taken: the owner bounds it by pausing the socket
//   3  a frame inside one chunk is a view of it; one that spans chunks is put together once, when its last byte is there
// Pull, not push: next() is called when there is room to serve what it returns. Called by server/kafka/connection.ts.

import { ProtocolError } from '../bytes/protocol-error.ts'

const lengthBytes = 4

export interface FrameOptions {
  /** Largest frame, without its length. */
  readonly bytesMax: number
  /** Memory for a frame of several chunks that begins with this API key, if not its own; the owner says for how long. */
  readonly borrow?: (apiKey: number, bytes: number) => Buffer | undefined
}

export class Frames {
  readonly #options: FrameOptions
  #chunks: Buffer[] = []
  /** Of chunks[0]: where the next unread byte is. */
  #position = 0
  #buffered = 0
  /** Of the frame that comes next; -1 until its four bytes are there. */
  #length = -1

  constructor(options: FrameOptions) {
    this.#options = options
  }

  get bytesBuffered(): number {
    return this.#buffered
  }

  /** Inside a frame: some of its bytes are here and some are not. */
  get isInside(): boolean {
    return this.#buffered > 0 || this.#length >= 0
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The first four bytes of what comes next, left where they are; undefined if they are not there. */
  peek(): Buffer | undefined {
    if (this.#buffered < lengthBytes) return undefined
    const first = this.#chunks[0].subarray(this.#position, this.#position + lengthBytes)
    return first.length === lengthBytes
      ? first
      : Buffer.concat([first, ...this.#chunks.slice(1)]).subarray(0, lengthBytes)
  }

  /** The next whole frame, without its length; undefined if it is not all there. Throws ProtocolError for a bad length. */
  next(): Buffer | undefined {
    if (this.#length < 0) {
      if (this.#buffered < lengthBytes) return undefined
      this.#length = this.#checked(this.#int32())
    }
    if (this.#buffered < this.#length) return undefined
    const length = this.#length
    this.#length = -1
    return this.#take(length)
  }

  #checked(length: number): number {
    const { bytesMax } = this.#options
    if (length < 0 || length > bytesMax)
      throw new ProtocolError(`a frame of ${length} bytes (socket.request.max.bytes is ${bytesMax})`)
    return length
  }

  #int32(): number {
    const first = this.#chunks[0]
    if (first.length - this.#position < lengthBytes) return this.#take(lengthBytes).readInt32BE(0)
    const length = first.readInt32BE(this.#position)
    this.#advance(lengthBytes)
    return length
  }

  #take(length: number): Buffer {
    const first = this.#chunks[0]
    if (length === 0) return Buffer.alloc(0)
    const position = this.#position
    if (first.length - position < length) return this.#gather(length)
    const frame = first.subarray(position, position + length)
    this.#advance(length)
    return frame
  }

  #gather(length: number): Buffer {
    const frame = this.#borrowed(length) ?? Buffer.allocUnsafe(length)
    let filled = 0
    let used = 0
    while (filled < length) {
      const chunk = this.#chunks[used]
      const end = Math.min(chunk.length, this.#position + length - filled)
      filled += chunk.copy(frame, filled, this.#position, end)
      this.#position = end
      if (end === chunk.length && filled < length) {
        used += 1
        this.#position = 0
      }
    }
    const position = this.#position
    if (used > 0) this.#chunks.splice(0, used)
    this.#position = position
    this.#buffered -= length
    this.#dropSpent()
    return frame
  }

  /** Nothing is borrowed where the key itself is cut. */
  #borrowed(length: number): Buffer | undefined {
    const first = this.#chunks[0]
    if (length < 2 || first.length - this.#position < 2) return undefined
    return this.#options.borrow?.(first.readUInt16BE(this.#position), length)
  }

  #advance(length: number): void {
    this.#position += length
    this.#buffered -= length
    this.#dropSpent()
  }

  #dropSpent(): void {
    if (this.#position < this.#chunks[0].length) return
    this.#chunks.shift()
    this.#position = 0
  }
}
