// Appends of one open log, gathered: records that arrive together share a batch and a sync.
//   1  a partition's open batch is flushed at the end of the turn when nothing of it is in flight, else when that has landed;
//      full batches do not wait. No timers: a single append costs its sync
//   2  records of a partition keep the order in which they were accepted
//   3  what was accepted and is not durable stays below the bound (room.ts); what waits for room waits in order
// Called by topic.ts and log.ts.

import { KafkaError } from '../base/errors.ts'
import type { Broker, ProducePartition, ProduceResult } from '../broker/types.ts'
import type { BatchBuilder, RecordInput } from '../records/index.ts'
import { BuilderPool } from './builder-pool.ts'
import { Call, type PendingBatch } from './calls.ts'
import { keyless, memoryBytesOf } from './encode.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { Room } from './room.ts'
import type { Ack, AppendOptions } from './types.ts'

/** The partitions of one topic, and the one that keyless records stick to for the moment. */
export interface AppendTarget {
  readonly queues: readonly PartitionQueue[]
  sticky: number
}

/** Records that were asked for and are not all accepted yet. */
interface Job {
  readonly target: AppendTarget
  readonly inputs: readonly RecordInput[]
  readonly partitions: readonly number[]
  readonly call: Call
  readonly expectOffset: number | undefined
  next: number
}

export class Appender {
  readonly #broker: Broker
  readonly #room: Room
  readonly #whenFull: 'wait' | 'error'
  readonly #waiting: Job[] = []
  readonly #builders = new BuilderPool()
  #listed: PartitionQueue[] = []
  #isScheduled = false
  #inFlight = 0
  #isClosed = false
  #idle: (() => void) | undefined

  constructor(broker: Broker, { bufferBytesMax, whenFull }: { bufferBytesMax: number; whenFull: 'wait' | 'error' }) {
    this.#broker = broker
    this.#room = new Room(bufferBytesMax)
    this.#whenFull = whenFull
  }

  readonly takeBuilder = (): BatchBuilder => this.#builders.take()

  /** Resolves when all records are durable. `partitions`: index by index, or keyless. */
  append(
    target: AppendTarget,
    { inputs, partitions }: { inputs: readonly RecordInput[]; partitions: readonly number[] },
    { expect, signal }: AppendOptions,
  ): Promise<Ack[]> {
    if (this.#isClosed) throw new KafkaError('LOG_CLOSED', { message: 'the log is closed' })
    signal?.throwIfAborted()
    const call = new Call()
    const job: Job = { target, inputs, partitions, call, expectOffset: expect?.offset, next: 0 }
    if (this.#whenFull === 'error') this.#checkRoom(inputs)
    if (this.#waiting.length > 0 || !this.#accept(job)) this.#wait(job, signal)
    return call.done
  }

  /** Resolves when everything that was accepted, or waits for room, has ended; refuses more from now on. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#isIdle()) return
    await new Promise<void>(resolve => {
      this.#idle = resolve
    })
  }

  /** Takes in what there is room for. True when that was all. */
  #accept(job: Job): boolean {
    if (job.expectOffset !== undefined) return this.#acceptWhole(job, job.expectOffset)
    const { inputs, partitions, target, call } = job
    this.#stick(target)
    while (job.next < inputs.length) {
      const input = inputs[job.next]
      const memoryBytes = memoryBytesOf(input)
      if (!this.#room.has(memoryBytes)) return false
      const queue = target.queues[partitions[job.next] === keyless ? target.sticky : partitions[job.next]]
      queue.add(input, call, memoryBytes)
      this.#room.take(memoryBytes)
      if (!queue.isListed) this.#list(queue)
      job.next++
    }
    call.enqueued()
    return true
  }

  /** Keyless records stay with one partition while it has an open batch, then move on. */
  #stick(target: AppendTarget): void {
    if (target.queues.length > 1 && target.queues[target.sticky].isEmpty)
      target.sticky = this.#broker.platform.random.below(target.queues.length)
  }

  #acceptWhole({ inputs, partitions, target, call }: Job, expectOffset: number): boolean {
    const memoryBytes = bytesOf(inputs)
    if (!this.#room.has(memoryBytes)) return false
    const queue = target.queues[partitions[0]]
    queue.addExpecting(inputs, call, expectOffset)
    this.#room.take(memoryBytes)
    this.#list(queue)
    call.enqueued()
    return true
  }

  #checkRoom(inputs: readonly RecordInput[]): void {
    const bytes = bytesOf(inputs)
    if (this.#room.bytesTaken + bytes <= this.#room.bytesMax) return
    throw new KafkaError('BUFFER_EXHAUSTED', {
      message: 'more records are on their way to the disk than the buffer holds',
      bytes,
      bytesTaken: this.#room.bytesTaken,
      bufferBytesMax: this.#room.bytesMax,
    })
  }

  #wait(job: Job, signal: AbortSignal | undefined): void {
    this.#waiting.push(job)
    if (signal === undefined) return
    const abort = () => {
      const at = this.#waiting.indexOf(job)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      job.call.fail(signal.reason)
      this.#acceptWaiting()
    }
    signal.addEventListener('abort', abort, { once: true })
    const forget = () => signal.removeEventListener('abort', abort)
    job.call.done.then(forget, forget)
  }

  #acceptWaiting(): void {
    while (this.#waiting.length > 0 && this.#accept(this.#waiting[0])) this.#waiting.shift()
  }

  #list(queue: PartitionQueue): void {
    if (!queue.isListed) {
      queue.isListed = true
      this.#listed.push(queue)
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#broker.platform.clock.soon(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** Everything that is ready goes in one request: one promise, and one journal group, however many partitions. */
  #flush(): void {
    const listed = this.#listed
    this.#listed = []
    const queues: PartitionQueue[] = []
    const batches: PendingBatch[] = []
    const partitions: ProducePartition[] = []
    for (const queue of listed) {
      queue.isListed = false
      for (const batch of queue.isReady ? queue.take() : []) {
        const built = this.#build(queue, batch)
        if (built === undefined) continue
        queue.inFlight++
        queues.push(queue)
        batches.push(batch)
        partitions.push(built)
      }
    }
    if (batches.length === 0) return
    this.#inFlight++
    this.#broker.produce({ acks: -1, partitions }).then(
      results => this.#land({ queues, batches, results, error: undefined }),
      error => this.#land({ queues, batches, results: undefined, error }),
    )
  }

  /** Undefined if it could not be built; then its calls have heard why. */
  #build({ options }: PartitionQueue, pending: PendingBatch): ProducePartition | undefined {
    const { builder, expectOffset } = pending
    try {
      const { bytes } = builder
      const batch = builder.build({ codec: options.codec })
      this.#builders.give(builder, bytes)
      return { topicId: options.topicId, partition: options.partition, batch, expectOffset }
    } catch (error) {
      this.#room.give(pending.memoryBytes)
      fail(pending, error)
      return undefined
    }
  }

  #land({
    queues,
    batches,
    results,
    error,
  }: {
    queues: readonly PartitionQueue[]
    batches: readonly PendingBatch[]
    results: readonly ProduceResult[] | undefined
    error: unknown
  }): void {
    this.#inFlight--
    for (let i = 0; i < batches.length; i++) {
      this.#room.give(batches[i].memoryBytes)
      if (results === undefined) fail(batches[i], error)
      else settle(batches[i], results[i])
      const queue = queues[i]
      // Not at once: whoever was just answered may append again in this very turn, and shares the next batch.
      if (--queue.inFlight === 0 && !queue.isEmpty) this.#list(queue)
    }
    this.#acceptWaiting()
    if (this.#isIdle()) this.#idle?.()
  }

  #isIdle(): boolean {
    return this.#inFlight === 0 && this.#listed.length === 0 && this.#waiting.length === 0
  }
}

function bytesOf(inputs: readonly RecordInput[]): number {
  let bytes = 0
  for (const input of inputs) bytes += memoryBytesOf(input)
  return bytes
}

function settle(batch: PendingBatch, { error, baseOffset, logAppendTimeMs }: ProduceResult): void {
  if (error !== undefined) return fail(batch, error)
  const { acks, calls } = batch
  for (let delta = 0; delta < acks.length; delta++) {
    acks[delta].offset = baseOffset + delta
    if (logAppendTimeMs >= 0) acks[delta].timestamp = logAppendTimeMs
  }
  for (const call of calls) call.landed()
}

function fail({ calls }: PendingBatch, error: unknown): void {
  for (const call of calls) call.fail(error)
}
