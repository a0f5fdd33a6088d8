// One append or appendMany that is under way, and the batches that its records went into.
//   1  a call ends when the last batch with a record of it is durable, or with the first error of one
//   2  acks are made when records are enqueued and get their offsets when the batch has its own
// Called by appender.ts.

import type { BatchBuilder } from '../records/index.ts'
import type { Ack } from './types.ts'

export type OpenAck = { -readonly [field in keyof Ack]: Ack[field] }

export class Call {
  readonly acks: OpenAck[] = []
  readonly done: Promise<Ack[]>
  #batches = 0
  #isEnqueued = false
  #resolve!: (acks: Ack[]) => void
  #reject!: (error: unknown) => void

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  joined(): void {
    this.#batches++
  }

  landed(): void {
    this.#batches--
    this.#endIfLanded()
  }

  /** No record follows. */
  enqueued(): void {
    this.#isEnqueued = true
    this.#endIfLanded()
  }

  /** Only the first one is heard. */
  fail(error: unknown): void {
    this.#reject(error)
  }

  #endIfLanded(): void {
    if (this.#isEnqueued && this.#batches === 0) this.#resolve(this.acks)
  }
}

/** A batch of one partition, from its first record until it is durable. */
export interface PendingBatch {
  readonly builder: BatchBuilder
  readonly acks: OpenAck[]
  readonly calls: Call[]
  readonly expectOffset: number | undefined
  memoryBytes: number
}
