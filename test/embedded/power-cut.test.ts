// The whole stack in a seeded world: topics are made and deleted, records appended and read, then the power is cut or the
// process killed in the middle of it, and the next process is asked what it has. Repeat one: SEED=7 npx vitest run power-cut

import { expect, test } from 'vitest'
import { type Log, open, type Topic, text } from '../../src/index.ts'
import { type SimulatedPlatform, simulatedPlatform } from '../../src/testing.ts'
import { collect } from './setup.ts'

const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: 25 }, (_, i) => i + 1)
const names = ['a', 'b.c', '__proto__']

test.each(seeds)('seed %i: what was acknowledged or read is there, what was deleted is not', async seed => {
  const world = new World(simulatedPlatform({ seed }))
  for (let life = 0; life < 4; life++) {
    const log = await world.open()
    await world.check(log)
    await world.work(log)
    if (world.sim.random.below(3) === 0) await world.sim.run(log.close())
    else if (world.sim.random.below(2) === 0) world.sim.kill()
    else world.sim.crash()
    world.endLife()
  }
  const log = await world.open()
  await world.check(log)
  await world.sim.run(log.close())
})

type Place = string
interface Known {
  readonly name: string
  /** 'may': its deletion was asked for and never answered. */
  deleted: 'no' | 'may' | 'yes'
  /** What was acknowledged or read while varve.durability was fsync: a promise. */
  readonly values: Map<Place, string | null>
  /** The same while it was not: a promise once a change to fsync is acknowledged, gone with the process until then. */
  readonly loose: Map<Place, string | null>
  /** 'loose' from the moment a change away from fsync is asked for, 'fsync' from the moment a change back is answered. */
  mode: 'fsync' | 'loose'
  /** Changes that were asked for: an answer counts only if no other followed. */
  changes: number
}

class World {
  readonly sim: SimulatedPlatform
  readonly #topics = new Map<string, Known>()
  readonly #sent = new Set<string>()
  /** Names that somebody asked to delete in this life. */
  readonly #deletedNames = new Set<string>()
  #life = 0

  constructor(sim: SimulatedPlatform) {
    this.sim = sim
  }

  open(): Promise<Log> {
    const settings = {
      'varve.journal.bytes': 1 << 20,
      'varve.checkpoint.interval.ms': 50,
      'varve.disk.reserve.bytes': 0,
    }
    return this.sim.run(open('/data', { platform: this.sim.boot(), settings }))
  }

  /** Answers of an earlier life are not heard: nobody was there to get them. */
  endLife(): void {
    this.#life++
    this.#deletedNames.clear()
    for (const known of this.#topics.values()) known.loose.clear()
  }

  async work(log: Log): Promise<void> {
    const { random } = this.sim
    for (let i = 0; i < 60; i++) {
      const name = names[random.below(names.length)]
      const dice = random.below(20)
      if (dice === 0) this.#delete(log, name)
      else if (dice < 3) this.#read(log, name)
      else if (dice === 3) this.#alter(log, name)
      else this.#append(log, name, 1 + random.below(4))
      await this.sim.step(random.below(6))
    }
  }

  async check(log: Log): Promise<void> {
    const topics = await this.sim.run(log.topics())
    const ids = new Set(topics.map(({ topicId }) => topicId))
    for (const [id, known] of this.#topics) {
      if (known.deleted === 'no') expect(ids, `topic ${known.name} is gone`).toContain(id)
      if (known.deleted === 'yes') expect(ids, `topic ${known.name} came back`).not.toContain(id)
      known.deleted = ids.has(id) ? 'no' : 'yes'
    }
    for (const { topic: name, partitions } of topics) {
      const topic = await this.sim.run(log.topic(name, texts))
      await this.#checkRecords(topic)
      this.#known(topic).mode = partitions.every(({ durability }) => durability === 'fsync') ? 'fsync' : 'loose'
    }
  }

  async #checkRecords(topic: Topic<string, string>): Promise<void> {
    const records = await this.sim.run(collect(topic.read()))
    const values = new Map(records.map(record => [placeOf(record), record.value]))
    for (const [place, value] of this.#known(topic).values) expect([place, values.get(place)]).toEqual([place, value])
    expect(new Set(values.values()).size, 'a record came twice').toBe(values.size)
    for (const value of values.values()) expect(this.#sent).toContain(value)
  }

  #append(log: Log, name: string, count: number): void {
    const records = Array.from({ length: count }, () => {
      const value = `${name}-${this.#sent.size}`
      this.#sent.add(value)
      return { key: `${this.sim.random.below(8)}`, value }
    })
    this.#heard(async heard => {
      const topic = await log.topic(name, { ...texts, partitions: 2 })
      heard(() => this.#known(topic))
      const acks = await topic.appendMany(records)
      heard(() => {
        for (const [i, ack] of acks.entries()) note(this.#known(topic), placeOf(ack), records[i].value)
      })
    })
  }

  #read(log: Log, name: string): void {
    this.#heard(async heard => {
      const topic = await log.topic(name, { ...texts, create: false })
      for await (const record of topic.read({ from: '-20' }))
        heard(() => note(this.#known(topic), placeOf(record), record.value))
    })
  }

  #alter(log: Log, name: string): void {
    const durability = (['fsync', 'fsync', 'interval', 'os'] as const)[this.sim.random.below(4)]
    this.#heard(async heard => {
      const topic = await log.topic(name, { ...texts, create: false })
      const known = this.#known(topic)
      if (durability !== 'fsync') known.mode = 'loose'
      const change = ++known.changes
      await log.alterTopic(name, { 'varve.durability': durability })
      heard(() => {
        if (durability !== 'fsync' || change !== known.changes) return
        known.mode = 'fsync'
        for (const [place, value] of known.loose) known.values.set(place, value)
        known.loose.clear()
      })
    })
  }

  #delete(log: Log, name: string): void {
    const asked = [...this.#topics.values()].filter(known => known.name === name && known.deleted !== 'yes')
    for (const known of asked) known.deleted = 'may'
    this.#deletedNames.add(name)
    this.#heard(async heard => {
      await log.deleteTopic(name)
      heard(() => {
        for (const known of asked) known.deleted = 'yes'
      })
    })
  }

  /** A deletion goes by name: it may have hit a topic of that name before anybody heard of it. */
  #known({ id, name }: { id: string; name: string }): Known {
    const known = this.#topics.get(id) ?? {
      name,
      deleted: this.#deletedNames.has(name) ? 'may' : 'no',
      values: new Map(),
      loose: new Map(),
      mode: 'fsync',
      changes: 0,
    }
    this.#topics.set(id, known)
    return known
  }

  /** Runs beside everything else; `heard` notes what was answered, if the process that asked still lives. */
  #heard(work: (heard: (note: () => void) => void) => Promise<void>): void {
    const life = this.#life
    work(note => {
      if (life === this.#life) note()
    }).catch(error => {
      const isExpected = ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'LOG_CLOSED', 'NOT_LEADER_OR_FOLLOWER']
      if (life === this.#life && !isExpected.includes(error.code)) throw error
    })
  }
}

function note(known: Known, place: Place, value: string | null): void {
  const promised = known.mode === 'fsync' ? known.values : known.loose
  promised.set(place, value)
}

const texts = { key: text, value: text }

const placeOf = ({ partition, offset }: { partition: number; offset: number }): Place => `${partition}@${offset}`
