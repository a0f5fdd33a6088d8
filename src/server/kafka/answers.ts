// The answers of one connection, in the order of its requests, whatever the order in which they are ready.
//   1  take() gives what is ready at the front, and nothing behind one that is not
//   2  bytesUnderWay are the requests whose answers are not ready, bytesReady the answers that are not taken
// Called by connection.ts.

import type { AnswerBytes } from './dispatch.ts'

/** What a request costs beside its frame: promises, the decoded object. */
const requestOverheadBytes = 512

export interface Slot {
  bytes: number
  readonly overlaps: boolean
  ready: boolean
  answer: AnswerBytes
  /** The connection ends here, instead of an answer. */
  isLast: boolean
}

export interface Taken {
  readonly buffers: Buffer[]
  readonly bytes: number
  readonly isLast: boolean
}

export class Answers {
  #slots: Slot[] = []
  /** Of the first slot that was not taken. */
  #head = 0
  #underWay = 0
  #ready = 0

  get count(): number {
    return this.#slots.length - this.#head
  }

  get bytesUnderWay(): number {
    return this.#underWay
  }

  get bytesReady(): number {
    return this.#ready
  }

  get hasReady(): boolean {
    return this.count > 0 && this.#slots[this.#head].ready
  }

  begin(frameBytes: number, overlaps: boolean): Slot {
    const slot = { bytes: frameBytes + requestOverheadBytes, overlaps, ready: false, answer: undefined, isLast: false }
    this.#slots.push(slot)
    this.#underWay += slot.bytes
    return slot
  }

  ready(slot: Slot, answer: AnswerBytes): void {
    this.#underWay -= slot.bytes
    slot.bytes = answer?.bytes ?? 0
    this.#ready += slot.bytes
    slot.answer = answer
    slot.ready = true
  }

  /** Everything that is ready at the front. */
  take(): Taken {
    const buffers: Buffer[] = []
    let bytes = 0
    while (this.hasReady) {
      const slot = this.#slots[this.#head]
      this.#head += 1
      bytes += slot.bytes
      if (slot.answer !== undefined) for (const buffer of slot.answer.buffers) buffers.push(buffer)
      if (slot.isLast) {
        this.drop()
        return { buffers, bytes, isLast: true }
      }
    }
    this.#ready -= bytes
    this.#forgetTaken()
    return { buffers, bytes, isLast: false }
  }

  drop(): void {
    this.#slots = []
    this.#head = 0
    this.#underWay = 0
    this.#ready = 0
  }

  #forgetTaken(): void {
    if (this.#head === this.#slots.length) {
      this.#slots.length = 0
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#slots.splice(0, this.#head)
      this.#head = 0
    }
  }
}
