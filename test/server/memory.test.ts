// Memory in flight is bounded, per connection and in all, and pushes back on the socket; and there is always someone who gets on.

import { describe, expect, test } from 'vitest'
import type { FetchResult, ProduceResult } from '../../src/broker/types.ts'
import { NodeClock } from '../../src/platform/node-clock.ts'
import type { Clock } from '../../src/platform/platform.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { Memory, type MemoryUser, type Usage } from '../../src/server/kafka/memory.ts'
import { batchOf } from '../broker/setup.ts'
import { gate, Stage, turns } from './probe.ts'

const mib = 1 << 20
const stored: ProduceResult = { error: undefined, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 }

const produceOf = (bytes: number) => ({
  acks: -1,
  timeoutMs: 1000,
  topicData: [{ name: 't', topicId: '', partitionData: [{ index: 0, records: Buffer.alloc(bytes, 1) }] }],
})

const fetchOf = (maxBytes: number) => ({
  maxWaitMs: 1000,
  minBytes: 1,
  maxBytes,
  topics: [{ topic: 't', topicId: '', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: maxBytes }] }],
})

describe('a disk that does not answer', () => {
  test('stops the reading of a connection at its bound, and all of it is served afterwards', async () => {
    const disk = gate()
    let begun = 0
    const produce = async (): Promise<ProduceResult[]> => {
      begun += 1
      await disk.promise
      return [stored]
    }
    const stage = await Stage.open({ settings: { 'varve.memory.connection.bytes': String(mib) }, broker: { produce } })
    const probe = await stage.connect()
    const answers = Array.from({ length: 100 }, () => probe.ask(apis.produce, 9, produceOf(100_000)))
    await turns(300)
    expect(begun).toBeGreaterThan(5)
    expect(begun).toBeLessThan(11)
    expect(stage.server.bytesInFlight).toBeLessThan(mib + 200_000)
    disk.open()
    await Promise.all(answers)
    expect(begun).toBe(100)
    expect(stage.server.bytesInFlight).toBe(0)
  })

  test('a request above the bound is served when it is alone', async () => {
    const stage = await Stage.open({
      settings: { 'varve.memory.connection.bytes': '65536', 'varve.memory.total.bytes': String(mib) },
      broker: { produce: async () => [stored] },
    })
    const probe = await stage.connect()
    const answers = [0, 1, 2].map(() => probe.ask(apis.produce, 9, produceOf(5 * mib)))
    await expect(Promise.all(answers)).resolves.toHaveLength(3)
    expect(stage.server.bytesInFlight).toBe(0)
  })

  test('a hundred connections stay under the bound for all, and all are served afterwards', async () => {
    const disk = gate()
    const produce = async (): Promise<ProduceResult[]> => {
      await disk.promise
      return [stored]
    }
    const stage = await Stage.open({ settings: { 'varve.memory.total.bytes': String(16 * mib) }, broker: { produce } })
    const probes = await Promise.all(Array.from({ length: 100 }, () => stage.connect()))
    const answers = probes.map(probe => probe.ask(apis.produce, 9, produceOf(mib)))
    let most = 0
    for (let i = 0; i < 100; i += 1) {
      await turns(3)
      most = Math.max(most, stage.server.bytesInFlight)
    }
    // Half of 16 MiB, a quarter of that, a frame, and at most a chunk of each connection that was read when it was full.
    expect(most).toBeGreaterThan(7 * mib)
    expect(most).toBeLessThan(11 * mib + 100 * 65_536)
    disk.open()
    await Promise.all(answers)
    expect(stage.server.bytesInFlight).toBe(0)
  })
})

describe('a client that does not read', () => {
  const found = (bytes: number): FetchResult => ({
    error: undefined,
    highWatermark: 1,
    lastStableOffset: 1,
    logStartOffset: 0,
    divergingEpoch: undefined,
    buffers: [Buffer.alloc(bytes)],
    bytes,
  })

  test('is asked nothing more of the engine, and is served when it reads again', async () => {
    let fetched = 0
    const fetch = async () => {
      fetched += 1
      return [found(mib)]
    }
    const stage = await Stage.open({ broker: { fetch } })
    const probe = await stage.connect()
    probe.connection.pause()
    const answers = Array.from({ length: 50 }, () => probe.ask(apis.fetch, 11, fetchOf(mib)))
    await turns(200)
    expect(fetched).toBeLessThanOrEqual(2)
    expect(stage.server.bytesInFlight).toBeLessThan(3 * mib)
    probe.connection.resume()
    await Promise.all(answers)
    expect(probe.received).toBeGreaterThan(50 * mib)
    expect(stage.server.bytesInFlight).toBe(0)
  })

  test('is closed when it has been idle too long', async () => {
    const stage = await Stage.open({
      settings: { 'connections.max.idle.ms': '80' },
      broker: { fetch: async () => [found(mib)] },
    })
    const probe = await stage.connect()
    probe.connection.pause()
    probe.ask(apis.fetch, 11, fetchOf(mib))
    await probe.closed
    expect(stage.reasons).toEqual(['connections.max.idle.ms'])
    expect(stage.server.bytesInFlight).toBe(0)
  })

  test('a fetch is told its share of what is left, and no more than its connection may have', async () => {
    const asked: number[] = []
    const stage = await Stage.open({
      settings: { 'varve.memory.connection.bytes': String(mib), 'varve.memory.total.bytes': String(16 * mib) },
      broker: {
        fetch: async ({ maxBytes }) => {
          asked.push(maxBytes)
          return [found(6 * mib)]
        },
      },
    })
    const [one, two] = await Promise.all([stage.connect(), stage.connect()])
    one.connection.pause()
    one.ask(apis.fetch, 11, fetchOf(50 * mib))
    await turns()
    await two.ask(apis.fetch, 11, fetchOf(50 * mib))
    await two.ask(apis.fetch, 11, fetchOf(1000))
    expect(asked[0]).toBe(mib)
    expect(asked[1]).toBeLessThan(mib / 2 + 65_536)
    expect(asked[2]).toBe(1000)
  })

  test('forty fetches that begin at once are not granted more than there is', async () => {
    const asked: number[] = []
    const reads = gate<FetchResult[]>()
    const stage = await Stage.open({
      broker: {
        fetch: ({ maxBytes }) => {
          asked.push(maxBytes)
          return reads.promise
        },
      },
    })
    const probes = await Promise.all(Array.from({ length: 40 }, () => stage.connect()))
    const answers = probes.map(probe => probe.ask(apis.fetch, 11, fetchOf(50 * mib)))
    await turns()
    expect(asked).toHaveLength(40)
    expect(asked[0]).toBe(6 * mib)
    expect(asked.reduce((sum, bytes) => sum + bytes)).toBeLessThan(24 * mib + 40 * 65_536)
    reads.open([found(10)])
    await Promise.all(answers)
  })
})

describe('turns', () => {
  class User implements MemoryUser {
    woken = 0
    readonly usage: Usage = { arriving: 0, underWay: 0, answers: 0 }
    readonly memory: Memory
    readonly isInside: boolean
    constructor(memory: Memory, arriving: number) {
      this.memory = memory
      this.isInside = arriving > 0
      this.has({ arriving })
    }
    has(usage: Partial<Usage>): void {
      this.memory.set(this.usage, { arriving: 0, underWay: 0, answers: 0, ...usage })
    }
    asks(): boolean {
      return this.memory.mayRead(this, this.isInside)
    }
    wake(): void {
      this.woken += 1
      this.asks()
    }
  }
  const ask = (...users: User[]) => users.map(user => user.asks())

  test('when frames that are arriving fill it, one gets on after the other, and never an idle one', async () => {
    const memory = new Memory(200, new NodeClock())
    const [idle, one, two, three] = [0, 40, 40, 40].map(arriving => new User(memory, arriving))
    expect(ask(idle, one, two, three)).toEqual([false, true, false, false])
    one.has({ underWay: 20 })
    memory.leave(one)
    await turns(3)
    expect(ask(two, three, idle)).toEqual([true, false, false])
  })

  test('what is under way is waited for', async () => {
    const memory = new Memory(200, new NodeClock())
    const [one, two] = [new User(memory, 40), new User(memory, 1)]
    two.has({ underWay: 90 })
    expect(ask(one, two)).toEqual([false, false])
    two.has({ answers: 1000 })
    await turns(3)
    expect([one.woken, two.woken]).toEqual([1, 1])
    expect(ask(one, two)).toEqual([true, true])
  })

  test('one that is woken and has nothing to read does not keep the turn of the next', async () => {
    const memory = new Memory(200_000, new NodeClock())
    const [slow, idle, one, two] = [100_000, 0, 1, 1].map(arriving => new User(memory, arriving))
    slow.has({ underWay: 100_000 })
    expect(ask(idle, one, two)).toEqual([false, false, false])
    slow.has({ underWay: 60_000 })
    await turns(5)
    expect([idle.woken, one.woken, two.woken]).toEqual([1, 1, 1])
  })

  test('slow readers take nothing from requests, and leave little for answers', () => {
    const memory = new Memory(2_000_000, new NodeClock())
    const slow = new User(memory, 0)
    const granted = () => {
      const grant = memory.grant(1_000_000)
      memory.release(grant)
      return grant.bytes
    }
    expect(granted()).toBe(250_000)
    slow.has({ answers: 400_000 })
    expect(granted()).toBe(150_000)
    slow.has({ answers: 3_000_000 })
    expect(granted()).toBe(65_536)
    expect(new User(memory, 1).asks()).toBe(true)
  })

  test('a user that goes away gives up its turn', async () => {
    const memory = new Memory(200, new NodeClock())
    const [one, two] = [new User(memory, 100), new User(memory, 100)]
    expect(ask(one, two)).toEqual([true, false])
    memory.leave(one)
    await turns(3)
    expect(two.woken).toBe(1)
    expect(two.asks()).toBe(true)
  })

  test('one that stands still gives its turn to the next', async () => {
    let stall = () => {}
    const fake: Clock = Object.assign(Object.create(new NodeClock()), {
      after: (_: number, fire: () => void) => {
        stall = fire
        return { cancel() {} }
      },
    })
    const memory = new Memory(200, fake)
    const [one, two] = [new User(memory, 100), new User(memory, 100)]
    expect(ask(one, two)).toEqual([true, false])
    stall()
    await turns(3)
    expect(ask(two, one)).toEqual([true, false])
  })
})

test('a batch as large as the engine takes goes through unchanged', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics([{ topic: 't', partitions: 1, replicationFactor: 1 }])
  const probe = await stage.connect()
  const batch = batchOf('x'.repeat(1_000_000))
  const request = {
    ...produceOf(0),
    topicData: [{ name: 't', topicId: '', partitionData: [{ index: 0, records: batch }] }],
  }
  const answer = await probe.ask(apis.produce, 9, request)
  expect(answer.responses[0].partitionResponses[0].errorCode).toBe(0)
  const fetched = await probe.ask(apis.fetch, 11, fetchOf(2 * mib))
  expect(fetched.responses[0].partitions[0].records?.subarray(21).equals(batch.subarray(21))).toBe(true)
})
