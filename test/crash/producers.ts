// Producers for the crash suites, each with its own habits. All send over one raw connection per life of the broker.
//   1  what is acknowledged goes into the ledger the moment its answer is decoded
//   2  an idempotent producer keeps its id, its sequences and its unacknowledged batches over a restart, and repeats them first

import { zeroUuid } from '../../src/base/names.ts'
import type { Dice } from '../../src/platform/seeded-random.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { type Ledger, type ProducerKind, recordText } from './ledger.ts'
import { Wire } from './wire.ts'

export interface Target {
  readonly topic: string
  readonly partition: number
}

interface Batch {
  readonly target: Target
  readonly first: number
  readonly count: number
  readonly bytes: Buffer
}

export interface ProducerOptions {
  readonly name: string
  readonly kind: ProducerKind
  /** -1, 1 or 0 */
  readonly acks: number
  readonly targets: readonly Target[]
  readonly recordsMax: number
  readonly ledger: Ledger
  readonly random: Dice
}

const inFlightMax = 5
const produceVersion = 9
const timestampMs = 1_760_000_000_000

export class CrashProducer {
  readonly #options: ProducerOptions
  readonly #builder = new BatchBuilder()
  /** Idempotent: by target, oldest first. */
  readonly #unacked: Batch[][]
  readonly #sequences: number[]
  #producerId = -1
  #isStopping = false
  batches = 0
  /** Answers with an error, other than a broker that goes. */
  readonly refusals: string[] = []

  constructor(options: ProducerOptions) {
    this.#options = options
    this.#unacked = options.targets.map(() => [])
    this.#sequences = options.targets.map(() => 0)
  }

  /** Until the connection goes, or stop(). */
  async run(port: number): Promise<void> {
    this.#isStopping = false
    const wire = await Wire.connect(port).catch(() => undefined)
    if (wire === undefined) return
    try {
      if (this.#isExact && this.#producerId < 0) await this.#init(wire)
      await Promise.all(this.#options.targets.map((_, i) => this.#feed(wire, i)))
    } catch {
      // The broker is gone: what was not acknowledged is repeated or forgotten, by kind.
    } finally {
      wire.destroy()
    }
  }

  /** No new batches; run() resolves when those in flight have been answered. */
  stop(): void {
    this.#isStopping = true
  }

  get unackedBatches(): number {
    return this.#unacked.reduce((sum, batches) => sum + batches.length, 0)
  }

  get #isExact(): boolean {
    return this.#options.kind === 'exact'
  }

  async #init(wire: Wire): Promise<void> {
    const { producerId } = await wire.ask(apis.initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    })
    this.#producerId = producerId
  }

  /** Keeps up to five batches of one partition in flight. */
  async #feed(wire: Wire, at: number): Promise<void> {
    const { random } = this.#options
    const inFlight = new Set<Promise<void>>()
    const repeats = this.#isExact ? [...this.#unacked[at]] : []
    while (wire.isOpen && (repeats.length > 0 || !this.#isStopping)) {
      const batch = repeats.shift() ?? this.#make(at)
      const answered: Promise<void> = this.#send(wire, at, batch).finally(() => inFlight.delete(answered))
      answered.catch(() => {})
      inFlight.add(answered)
      if (inFlight.size >= inFlightMax) await Promise.race(inFlight)
      if (random.below(4) === 0) await new Promise(resolve => setTimeout(resolve, random.below(12)))
      else await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(inFlight)
  }

  #make(at: number): Batch {
    const { name, kind, targets, recordsMax, ledger, random } = this.#options
    const target = targets[at]
    const count = 1 + random.below(random.below(8) === 0 ? recordsMax : 4)
    const first = ledger.partition(target.topic, target.partition).send(name, kind, count)
    for (let i = 0; i < count; i++)
      this.#builder.append({
        key: `key-${first + i}`,
        value: recordText(name, first + i),
        timestampMs: timestampMs + first,
      })
    const bytes = this.#builder.build({ codec: codecs[random.below(codecs.length)], ...this.#identity(at) })
    const batch = { target, first, count, bytes }
    if (this.#isExact) {
      this.#sequences[at] += count
      this.#unacked[at].push(batch)
    }
    return batch
  }

  #identity(at: number): { producerId?: number; producerEpoch?: number; baseSequence?: number } {
    if (!this.#isExact) return {}
    return { producerId: this.#producerId, producerEpoch: 0, baseSequence: this.#sequences[at] }
  }

  async #send(wire: Wire, at: number, batch: Batch): Promise<void> {
    const { name, acks, ledger } = this.#options
    const { topic, partition } = batch.target
    const request = {
      transactionalId: null,
      acks,
      timeoutMs: 30_000,
      topicData: [{ name: topic, topicId: zeroUuid, partitionData: [{ index: partition, records: batch.bytes }] }],
    }
    this.batches += 1
    if (acks === 0) {
      wire.send(apis.produce, produceVersion, request)
      return
    }
    const { responses } = await wire.ask(apis.produce, produceVersion, request)
    if (ledger.isDeaf) return
    const { errorCode, errorMessage, baseOffset } = responses[0].partitionResponses[0]
    if (errorCode !== 0) {
      this.refusals.push(`${name} to ${topic}-${partition}: error ${errorCode} ${errorMessage ?? ''}`)
      return
    }
    if (this.#isExact) this.#unacked[at].splice(this.#unacked[at].indexOf(batch), 1)
    ledger.partition(topic, partition).acked({ producer: name, first: batch.first, count: batch.count, baseOffset })
  }
}

/** Mostly plain: the point is the log, not the compressor. */
const codecs = [0, 0, 0, 0, 1, 2, 3, 4]
