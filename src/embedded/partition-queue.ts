// What waits to be appended to one partition: full batches, and the one that is being filled. Called by appender.ts.

import { type BatchBuilder, type RecordInput, recordBytesMax } from '../records/index.ts'
import type { Call, PendingBatch } from './calls.ts'
import { memoryBytesOf } from './encode.ts'

export interface QueueOptions {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** Of an uncompressed batch. */
  readonly batchBytesMax: number
  readonly codec: number
  takeBuilder(): BatchBuilder
}

export class PartitionQueue {
  readonly options: QueueOptions
  /** Batches that were handed to the engine and are not durable yet. */
  inFlight = 0
  /** In the appender's list of queues to flush. */
  isListed = false
  #full: PendingBatch[] = []
  #open: PendingBatch | undefined

  constructor(options: QueueOptions) {
    this.options = options
  }

  add(input: RecordInput, call: Call, memoryBytes: number): void {
    const { batchBytesMax } = this.options
    if (this.#open !== undefined && this.#open.builder.bytes + recordBytesMax(input) > batchBytesMax) this.#close()
    this.#put(this.#openBatch(undefined), { input, call, memoryBytes })
  }

  /** A batch of its own, whatever its size: the engine takes it whole or refuses it. */
  addExpecting(inputs: readonly RecordInput[], call: Call, expectOffset: number): void {
    this.#close()
    const batch = this.#openBatch(expectOffset)
    for (const input of inputs) this.#put(batch, { input, call, memoryBytes: memoryBytesOf(input) })
    this.#close()
  }

  /** Something can be flushed now: a full batch always, the open one when nothing is in flight. */
  get isReady(): boolean {
    return this.#full.length > 0 || (this.#open !== undefined && this.inFlight === 0)
  }

  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#open === undefined
  }

  /** What can be flushed now, in order. */
  take(): PendingBatch[] {
    if (this.inFlight === 0) this.#close()
    const batches = this.#full
    this.#full = []
    return batches
  }

  #openBatch(expectOffset: number | undefined): PendingBatch {
    this.#open ??= { builder: this.options.takeBuilder(), acks: [], calls: [], expectOffset, memoryBytes: 0 }
    return this.#open
  }

  #close(): void {
    if (this.#open === undefined) return
    this.#full.push(this.#open)
    this.#open = undefined
  }

  #put(
    batch: PendingBatch,
    { input, call, memoryBytes }: { input: RecordInput; call: Call; memoryBytes: number },
  ): void {
    const { topic, partition } = this.options
    batch.builder.append(input)
    const ack = { topic, partition, offset: -1, timestamp: input.timestampMs }
    batch.acks.push(ack)
    call.acks.push(ack)
    if (batch.calls.length === 0 || batch.calls[batch.calls.length - 1] !== call) {
      batch.calls.push(call)
      call.joined()
    }
    batch.memoryBytes += memoryBytes
  }
}
