// Topics that are made and deleted while the broker is killed: an acknowledged creation holds with its record, an
// acknowledged deletion holds too, and a name that is made again begins empty. Called by stage.ts.

import { zeroUuid } from '../../src/base/names.ts'
import type { Dice } from '../../src/platform/seeded-random.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import type { Ledger } from './ledger.ts'
import { fetchOnce } from './readers.ts'
import { Wire } from './wire.ts'

interface Life {
  /** unknown: a request about it was not answered. */
  state: 'there' | 'gone' | 'unknown'
  /** Value of its one record, once that was acknowledged. */
  value: string | undefined
}

const names = Array.from({ length: 12 }, (_, i) => `churn-${i}`)

export class Churn {
  readonly #ledger: Ledger
  readonly #random: Dice
  readonly #lives = new Map<string, Life>()
  readonly refusals: string[] = []
  #values = 0
  #isStopping = false
  created = 0
  deleted = 0

  constructor(ledger: Ledger, random: Dice) {
    this.#ledger = ledger
    this.#random = random
  }

  async run(port: number): Promise<void> {
    this.#isStopping = false
    const wire = await Wire.connect(port).catch(() => undefined)
    if (wire === undefined) return
    try {
      while (wire.isOpen && !this.#isStopping) {
        await this.#step(wire)
        await new Promise(resolve => setTimeout(resolve, this.#random.below(40)))
      }
    } catch {
      // The broker is gone; what was asked for is unknown.
    } finally {
      wire.destroy()
    }
  }

  stop(): void {
    this.#isStopping = true
  }

  async #step(wire: Wire): Promise<void> {
    const name = this.#random.pick(names)
    const life = this.#lives.get(name)
    if (life?.state === 'unknown') return
    if (life?.state === 'there') return this.#delete(wire, name, life)
    await this.#create(wire, name)
  }

  async #create(wire: Wire, name: string): Promise<void> {
    const life: Life = { state: 'unknown', value: undefined }
    this.#lives.set(name, life)
    const { topics } = await wire.ask(apis.createTopics, 5, {
      topics: [{ name, numPartitions: 2, replicationFactor: 1 }],
      timeoutMs: 10_000,
    })
    if (this.#ledger.isDeaf) return
    if (topics[0].errorCode !== 0) return this.#refused(`create ${name}`, topics[0].errorCode)
    life.state = 'there'
    this.created += 1
    const value = `life ${this.#values++} of ${name}`
    const builder = new BatchBuilder()
    builder.append({ value, timestampMs: 1 })
    const { responses } = await wire.ask(apis.produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name, topicId: zeroUuid, partitionData: [{ index: 1, records: builder.build() }] }],
    })
    if (this.#ledger.isDeaf) return
    const { errorCode, baseOffset } = responses[0].partitionResponses[0]
    if (errorCode !== 0) return this.#refused(`produce to ${name}`, errorCode)
    if (baseOffset !== 0) this.#ledger.problem(`${name} is new and its first record got offset ${baseOffset}`)
    life.value = value
  }

  async #delete(wire: Wire, name: string, life: Life): Promise<void> {
    life.state = 'unknown'
    const { responses } = await wire.ask(apis.deleteTopics, 4, { topicNames: [name], timeoutMs: 10_000 })
    if (this.#ledger.isDeaf) return
    if (responses[0].errorCode !== 0) return this.#refused(`delete ${name}`, responses[0].errorCode)
    life.state = 'gone'
    this.deleted += 1
  }

  #refused(what: string, errorCode: number): void {
    this.refusals.push(`${what}: error ${errorCode}`)
  }

  /** Compares with what is there; afterwards nothing is unknown. */
  async verify(wire: Wire): Promise<void> {
    const { topics } = await wire.ask(apis.metadata, 9, { topics: null, allowAutoTopicCreation: false })
    const there = new Set(topics.map(({ name }) => name))
    for (const [name, life] of this.#lives) {
      if (life.state === 'there' && !there.has(name)) this.#ledger.problem(`${name} was made and is not there`)
      if (life.state === 'gone' && there.has(name)) this.#ledger.problem(`${name} was deleted and is there`)
      if (life.state === 'unknown' && !there.has(name)) life.value = undefined
      life.state = there.has(name) ? 'there' : 'gone'
      if (life.state === 'there' && life.value !== undefined) await this.#verifyRecord(wire, name, life.value)
    }
  }

  async #verifyRecord(wire: Wire, topic: string, value: string): Promise<void> {
    const [{ errorCode, records }] = await fetchOnce(wire, [{ topic, partition: 1, offset: 0 }])
    if (errorCode !== 0 || records.length !== 1 || records[0].value !== value)
      this.#ledger.problem(
        `${topic} holds ${JSON.stringify(records.map(record => record.value))} and not "${value}" (error ${errorCode})`,
      )
  }
}
