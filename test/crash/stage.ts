// The crash suites' stage: a broker process that comes and goes, topics, several producers, followers, a ledger.
// Used by kill.test.ts and power-cut.test.ts; they choose how the broker ends.

import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { BrokerProcess, freePort } from './broker-process.ts'
import { Churn } from './churn.ts'
import { type Foreign, foreignProducers } from './foreign.ts'
import { Ledger } from './ledger.ts'
import { CrashProducer, type ProducerOptions, type Target } from './producers.ts'
import { Follower, readPartition } from './readers.ts'
import { Wire } from './wire.ts'

/** Small, so that a short run rolls segments, checkpoints, and goes round the journal's ring. */
export const smallSettings = {
  'num.partitions': '2',
  'varve.journal.bytes': '4194304',
  'varve.checkpoint.interval.ms': '150',
  'varve.disk.reserve.bytes': '0',
}

/** name, partitions, segment.bytes. The second name is legal, and a trap for plain objects. */
const topics = [
  ['sediment', 3, 1 << 20],
  ['constructor', 1, 524_288],
  ['silt', 1, 1 << 30],
] as const

export interface StageOptions {
  readonly settings?: Readonly<Record<string, string>>
  /** kcat and Java produce too, in topics of their own. */
  readonly foreign?: boolean
}

export class Stage {
  readonly ledger = new Ledger()
  readonly random: SeededRandom
  readonly directory: string
  readonly producers: CrashProducer[] = []
  readonly followers: Follower[] = []
  readonly churn: Churn
  /** Other people's clients, if they were asked for. */
  readonly foreign: Foreign[]
  readonly startsMs: number[] = []
  readonly #settings: Readonly<Record<string, string>>
  port = 0
  broker!: BrokerProcess
  #load: Promise<void>[] = []
  #lastEnds = new Map<string, number>()

  constructor(directory: string, seed: number, options: StageOptions = {}) {
    this.directory = directory
    this.#settings = { ...smallSettings, ...options.settings }
    this.foreign = options.foreign ? foreignProducers(this.ledger) : []
    this.random = new SeededRandom(seed)
    this.churn = new Churn(this.ledger, this.random.fork())
    this.#cast()
  }

  #cast(): void {
    const all = topics.flatMap(([topic, partitions]) => targetsOf(topic, partitions))
    const rows: Pick<ProducerOptions, 'name' | 'kind' | 'acks' | 'targets' | 'recordsMax'>[] = [
      { name: 'exact-all', kind: 'exact', acks: -1, targets: all, recordsMax: 60 },
      { name: 'exact-one', kind: 'exact', acks: -1, targets: targetsOf('sediment', 2), recordsMax: 4 },
      { name: 'once-1', kind: 'once', acks: 1, targets: all.slice(1), recordsMax: 30 },
      { name: 'once-all', kind: 'once', acks: -1, targets: all.slice(0, 3), recordsMax: 200 },
      { name: 'mute', kind: 'mute', acks: 0, targets: targetsOf('silt', 1), recordsMax: 10 },
    ]
    for (const row of rows)
      this.producers.push(new CrashProducer({ ...row, ledger: this.ledger, random: this.random.fork() }))
    this.followers.push(new Follower(this.ledger, targetsOf('sediment', 3)), new Follower(this.ledger, all.slice(2)))
  }

  /** A free port, a first start, the topics. */
  async begin(): Promise<void> {
    this.port = await freePort()
    await this.start()
    const wire = await Wire.connect(this.port)
    const { topics: made } = await wire.ask(apis.createTopics, 5, {
      topics: [...topics, ...this.foreign.map(foreignRow)].map(([name, numPartitions, bytes]) => ({
        name,
        numPartitions,
        replicationFactor: 1,
        configs: [{ name: 'segment.bytes', value: String(bytes) }],
      })),
      timeoutMs: 10_000,
    })
    for (const { name, errorCode } of made) if (errorCode !== 0) throw new Error(`create ${name}: error ${errorCode}`)
    await wire.end()
    for (const each of this.foreign) each.start(this.port)
  }

  /** While the broker lives: other people's clients get their last acknowledgements and end. */
  async finishForeign(): Promise<void> {
    await Promise.all(this.foreign.map(each => each.finish()))
  }

  spawn(): BrokerProcess {
    return BrokerProcess.spawn({ directory: this.directory, port: this.port, settings: this.#settings })
  }

  async start(): Promise<void> {
    this.broker = this.spawn()
    await this.broker.ready()
    this.startsMs.push(this.broker.readyMs)
    if (this.broker.foundProblems) this.ledger.problem(`recovery found problems: ${this.broker.recovery}`)
  }

  startLoad(): void {
    const { port } = this
    this.#load = [...this.producers, ...this.followers, this.churn].map(each => each.run(port))
  }

  /** For when the broker has gone. */
  async loadEnded(): Promise<void> {
    await Promise.all(this.#load)
  }

  /** While the broker lives: what is in flight is answered first. */
  async stopLoad(): Promise<void> {
    for (const each of [...this.producers, ...this.followers, this.churn]) each.stop()
    await this.loadEnded()
  }

  /** Reads back what two rounds have written, or everything, and judges it. */
  async verify({ everything = false } = {}): Promise<void> {
    const wire = await Wire.connect(this.port)
    for (const ledger of this.ledger.partitions) {
      const name = `${ledger.topic}-${ledger.partition}`
      const from = everything ? 0 : (this.#lastEnds.get(name) ?? 0)
      this.#lastEnds.set(name, ledger.verifiedTo)
      await readPartition(wire, ledger, from)
    }
    await this.churn.verify(wire)
    await wire.end()
  }

  get refusals(): string[] {
    return [...this.producers.flatMap(producer => producer.refusals), ...this.churn.refusals].slice(0, 10)
  }

  get unackedBatches(): number {
    return this.producers.reduce((sum, producer) => sum + producer.unackedBatches, 0)
  }

  report(rounds: string, tookMs: number): string {
    const { records, acked, unacked } = this.ledger.totals
    const sorted = [...this.startsMs].sort((a, b) => a - b)
    const batches = this.producers.reduce((sum, producer) => sum + producer.batches, 0)
    const followed = this.followers.reduce((sum, follower) => sum + follower.records, 0)
    return [
      `${rounds} in ${(tookMs / 1000).toFixed(1)} s: ${batches} batches sent,`,
      `${records} records in the log, ${acked} of them acknowledged to their producer, ${unacked} not;`,
      `${followed} seen by followers; ${this.churn.created} topics made, ${this.churn.deleted} deleted;`,
      `start to ready p50 ${Math.round(sorted[sorted.length >> 1])} ms, max ${Math.round(sorted.at(-1) ?? 0)} ms`,
    ].join(' ')
  }
}

const foreignRow = ({ topic, partitions }: Foreign) => [topic, partitions, 524_288] as const

function targetsOf(topic: string, partitions: number): Target[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}
