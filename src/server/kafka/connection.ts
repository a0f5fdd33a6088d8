// One client on the Kafka port: frames in, answers out.
//   1  requests begin in the order of their frames, overlap, and are answered in that order
//   2  bytesInFlight = frames still arriving + requests under way + answers ready or queued in the socket. Over the bound, or
//      while the socket is full, nothing more is read or begun; a single frame may exceed the bound when it is alone
//   3  Produce overlaps with everything; other requests begin one after the other, or a few bytes could ask for gigabytes
//   4  what ends a connection is logged once
// Made by listener.ts.

import type { Writer } from '../../bytes/writer.ts'
import type { Connection, ConnectionHandler } from '../../platform/platform.ts'
import { Frames } from '../../protocol/frames.ts'
import { Answers, type Slot } from './answers.ts'
import { type AnswerBytes, begin, overlaps } from './dispatch.ts'
import { type Ending, endingOf } from './endings.ts'
import type { Grant } from './grants.ts'
import { type Context, Disconnect } from './handler.ts'
import { bytesOf, type Memory, type Usage } from './memory.ts'
import { recogniseStranger } from './strangers.ts'
import type { Surroundings } from './surroundings.ts'

/** Answers up to this size, on average, are copied together: one piece costs the socket less than many. */
const joinBytesMax = 1_024
const produceKey = 0
/** For a client that does not close its side after we have closed ours. */
const endGraceMs = 1_000

export class KafkaConnection implements ConnectionHandler {
  readonly #connection: Connection
  readonly #around: Surroundings
  readonly #memory: Memory
  readonly #writer: Writer
  readonly #frames: Frames
  readonly #answers = new Answers()
  readonly #abort = new AbortController()
  readonly #context: Context
  /** Taken from the frames, waiting for its turn. */
  #next: Buffer | undefined
  /** Requests under way that do not overlap: 0 or 1. */
  #alone = 0
  #grant: Grant | undefined
  readonly #usage: Usage = { arriving: 0, underWay: 0, answers: 0 }
  #isKnown = false
  #isPaused = false
  #isFull = false
  #isFlushing = false
  /** Nothing more is read or begun; what is under way is still answered. */
  #isEnding = false
  #isFinished = false
  #isPumping = false
  #isClosed = false
  activeMs: number

  constructor(connection: Connection, around: Surroundings) {
    this.#connection = connection
    this.#around = around
    this.#memory = around.memory
    this.#writer = around.writer
    this.#frames = new Frames({
      bytesMax: around.frameBytesMax,
      borrow: (apiKey, bytes) => (apiKey === produceKey ? around.scratch.take(bytes) : undefined),
    })
    this.#context = around.contextOf(connection, {
      signal: this.#abort.signal,
      answerBytesMax: () => this.#answerBytesMax(),
    })
    this.activeMs = around.clock.monotonic()
    connection.handler = this
  }

  /** Under way, or not yet sent. */
  get isBusy(): boolean {
    return this.#answers.count > 0
  }

  get isStuck(): boolean {
    return this.#isFull
  }

  data(chunk: Buffer): void {
    if (this.#isEnding) return
    this.activeMs = this.#around.clock.monotonic()
    this.#frames.push(chunk)
    this.#pump()
  }

  drained(): void {
    this.#isFull = false
    this.activeMs = this.#around.clock.monotonic()
    this.#flush()
    this.#pump()
  }

  closed(): void {
    this.#isClosed = true
    this.#isEnding = true
    this.#abort.abort()
    this.#answers.drop()
    this.#memory.set(this.#usage, { arriving: 0, underWay: 0, answers: 0 })
    this.#memory.leave(this)
    this.#around.forget(this)
  }

  /** Called by memory.ts when there may be room. */
  wake(): void {
    if (!this.#isClosed) this.#pump()
  }

  /** Answers what is under way, without waiting for more data, then ends. */
  drain(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#pause()
    this.#abort.abort()
    this.#flush()
  }

  destroy(reason?: string): void {
    if (this.#isClosed) return
    if (reason !== undefined) this.#log({ level: 'info', reason })
    this.#connection.destroy()
  }

  // Begins what may begin, then decides whether to read on.
  #pump(): void {
    this.#isPumping = true
    try {
      if (this.#isKnown || this.#knows()) this.#beginAll()
    } catch (error) {
      this.#endWith(error)
    }
    this.#isPumping = false
    this.#account()
    if (this.#isEnding || this.#isClosed) return
    if (this.#mayRead()) this.#resume()
    else this.#pause()
  }

  /** False until the first four bytes are there. */
  #knows(): boolean {
    const head = this.#frames.peek()
    if (head === undefined) return false
    const stranger = recogniseStranger(head)
    if (stranger !== undefined) throw new Disconnect(stranger)
    this.#isKnown = true
    return true
  }

  #beginAll(): void {
    while (!this.#isEnding) {
      if (this.#next === undefined) {
        this.#next = this.#frames.next()
        if (this.#next === undefined) return
      }
      const frame = this.#next
      if (!this.#mayBegin(frame)) {
        if (this.#around.scratch.owns(frame)) this.#next = Buffer.from(frame)
        return
      }
      this.#next = undefined
      this.#begin(frame)
      this.#memory.leave(this)
    }
  }

  #mayBegin(frame: Buffer): boolean {
    if (this.#isFull) return false
    if (this.#answers.count === 0) return true
    const inFlight = this.#answers.bytesUnderWay + this.#answers.bytesReady
    if (inFlight + frame.length > this.#around.connectionBytesMax) return false
    return this.#alone === 0 || overlaps(frame)
  }

  #begin(frame: Buffer): void {
    const slot = this.#answers.begin(frame.length, overlaps(frame))
    if (!slot.overlaps) this.#alone += 1
    try {
      const answer = begin(this.#context, frame, this.#writer)
      if (answer instanceof Promise)
        answer.then(
          bytes => this.#answered(slot, bytes),
          error => this.#failed(slot, error),
        )
      else this.#answered(slot, answer)
    } catch (error) {
      this.#failed(slot, error)
    }
  }

  #answered(slot: Slot, answer: AnswerBytes): void {
    if (!slot.overlaps) this.#endAlone()
    if (this.#isClosed) return
    this.#answers.ready(slot, answer)
    this.#account()
    if (this.#answers.count === 1) this.#flush()
    else if (this.#answers.hasReady) this.#flushSoon()
    this.#pumpIfHeld()
  }

  #endAlone(): void {
    this.#alone -= 1
    if (this.#grant !== undefined) this.#memory.release(this.#grant)
    this.#grant = undefined
  }

  /** Asked for by a request that does not overlap: there is one at a time. */
  #answerBytesMax(): number {
    this.#grant ??= this.#memory.grant(this.#around.connectionBytesMax)
    return this.#grant.bytes
  }

  #failed(slot: Slot, error: unknown): void {
    slot.isLast = true
    this.#endWith(error)
    this.#answered(slot, undefined)
  }

  /** Answers that become ready in one turn of the loop (a group commit) leave in one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#around.clock.soon(() => {
      this.#isFlushing = false
      this.#flush()
      this.#pumpIfHeld()
    })
  }

  /** Something was answered or sent: what waited for that may go on. */
  #pumpIfHeld(): void {
    if (this.#isClosed || this.#isPumping) return
    if (this.#isPaused || this.#next !== undefined) this.#pump()
  }

  #flush(): void {
    if (this.#isClosed || this.#isFull) return
    const { buffers, bytes, isLast } = this.#answers.take()
    if (buffers.length > 0) {
      const isSmall = bytes <= joinBytesMax * buffers.length
      const pieces = buffers.length > 1 && isSmall ? [Buffer.concat(buffers, bytes)] : buffers
      this.#isFull = !this.#connection.write(pieces)
      this.activeMs = this.#around.clock.monotonic()
    }
    this.#account()
    if (isLast || (this.#isEnding && this.#answers.count === 0)) this.#finish()
  }

  /** What is queued still leaves. What still comes is read and forgotten, so that the other side's end is seen. */
  #finish(): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#connection.end()
    this.#resume()
    this.#around.clock.after(endGraceMs, () => this.destroy())
  }

  #mayRead(): boolean {
    if (this.#isFull || this.#next !== undefined) return false
    if (this.#answers.count > 0 && bytesOf(this.#usage) >= this.#around.connectionBytesMax) return false
    return this.#memory.mayRead(this, this.#frames.isInside)
  }

  #account(): void {
    if (this.#isClosed) return
    // What a socket takes without getting full is small, and nobody tells when it has left.
    const queued = this.#isFull ? this.#connection.bytesQueued : 0
    this.#memory.set(this.#usage, {
      arriving: this.#frames.bytesBuffered + (this.#next?.length ?? 0),
      underWay: this.#answers.bytesUnderWay,
      answers: this.#answers.bytesReady + queued,
    })
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#connection.pause()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#connection.resume()
  }

  /** Nothing more is read; what was asked before is answered, then the connection ends. */
  #endWith(error: unknown): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#pause()
    this.#memory.leave(this)
    this.#log(endingOf(error))
    this.#abort.abort()
    this.#flush()
  }

  #log({ level, reason }: Ending): void {
    this.#around.logger[level]('connection closed', { remote: this.#connection.remote, reason })
  }
}
