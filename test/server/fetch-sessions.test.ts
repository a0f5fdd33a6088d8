// Fetch sessions over the wire, by Kafka's rules.

import { beforeEach, describe, expect, test } from 'vitest'
import type { StandingFetch } from '../../src/broker/admin-types.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { FetchSessions, type SessionRequest } from '../../src/server/kafka/fetch-sessions.ts'
import { batchOf, valuesOf } from '../broker/setup.ts'
import { type Probe, Stage } from './probe.ts'

let stage: Stage
let probe: Probe
let id: string

beforeEach(async () => {
  stage = await Stage.open()
  const [made] = await stage.broker.createTopics([{ topic: 'orders', partitions: 3, replicationFactor: 1 }])
  id = made.topicId
  probe = await stage.connect()
})

const produce = (partition: number, value: string) =>
  stage.broker.produce({ acks: -1, partitions: [{ topic: 'orders', partition, batch: batchOf(value) }] })

interface Session {
  id?: number
  epoch: number
  offsets?: Record<number, number>
  forgotten?: number[]
  version?: number
  waitMs?: number
  by?: Probe
}

function fetch({ id: sessionId = 0, epoch, offsets = {}, forgotten = [], version = 12, waitMs = 0, by }: Session) {
  const name = { topic: version < 13 ? 'orders' : '', topicId: version < 13 ? '' : id }
  const partitions = Object.entries(offsets).map(([partition, fetchOffset]) => ({
    partition: Number(partition),
    fetchOffset,
    partitionMaxBytes: 1 << 20,
  }))
  return (by ?? probe).ask(apis.fetch, version, {
    maxWaitMs: waitMs,
    minBytes: 1,
    sessionId,
    sessionEpoch: epoch,
    topics: partitions.length > 0 ? [{ ...name, partitions }] : [],
    forgottenTopicsData: forgotten.length > 0 ? [{ ...name, partitions: forgotten }] : [],
  })
}

type Answer = Awaited<ReturnType<typeof fetch>>
const partitionsIn = ({ responses }: Answer) =>
  responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex))
const all = { 0: 0, 1: 0, 2: 0 }

describe.each([7, 12, 13, 18])('version %d', version => {
  test('a session is opened, goes on with what is new, and is closed', async () => {
    const opened = await fetch({ epoch: 0, offsets: all, version })
    expect(opened.errorCode).toBe(0)
    expect(opened.sessionId).toBeGreaterThan(0)
    expect(partitionsIn(opened)).toEqual([0, 1, 2])
    const session = { id: opened.sessionId, version }
    expect(await fetch({ ...session, epoch: 1 })).toMatchObject({ sessionId: session.id, responses: [] })
    const waiting = fetch({ ...session, epoch: 2, waitMs: 20_000 })
    await produce(1, 'new')
    const news = await waiting
    expect(partitionsIn(news)).toEqual([1])
    expect(news.responses[0]).toMatchObject(version < 13 ? { topic: 'orders' } : { topicId: id })
    expect(valuesOf([news.responses[0].partitions[0].records!])).toEqual(['new'])
    expect(partitionsIn(await fetch({ ...session, epoch: 3, offsets: { 1: 1 } }))).toEqual([])
    const closing = await fetch({ ...session, epoch: -1, offsets: { 0: 0 } })
    expect(closing).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect(partitionsIn(closing)).toEqual([0])
    expect((await fetch({ ...session, epoch: 4 })).errorCode).toBe(70)
  })
})

test('an epoch out of order is refused and changes nothing; an unknown id is refused', async () => {
  const { sessionId } = await fetch({ epoch: 0, offsets: all })
  for (const epoch of [2, 7, 0x7fffffff])
    expect(await fetch({ id: sessionId, epoch })).toMatchObject({ errorCode: 71, sessionId: 0, responses: [] })
  expect((await fetch({ id: sessionId, epoch: 1 })).errorCode).toBe(0)
  expect((await fetch({ id: sessionId, epoch: 1 })).errorCode).toBe(71)
  expect((await fetch({ id: sessionId + 1, epoch: 1 })).errorCode).toBe(70)
})

test('a session made with names is not used with ids, nor the other way around', async () => {
  const named = await fetch({ epoch: 0, offsets: all, version: 12 })
  expect((await fetch({ id: named.sessionId, epoch: 1, version: 13 })).errorCode).toBe(106)
  const known = await fetch({ epoch: 0, offsets: all, version: 13 })
  expect((await fetch({ id: known.sessionId, epoch: 1, version: 12 })).errorCode).toBe(106)
  expect((await fetch({ id: known.sessionId, epoch: 1, version: 13 })).errorCode).toBe(0)
})

test('epoch 0 with an id gives that session up and opens another', async () => {
  const first = await fetch({ epoch: 0, offsets: all })
  const second = await fetch({ id: first.sessionId, epoch: 0, offsets: { 0: 0 } })
  expect(second.sessionId).toBeGreaterThan(0)
  expect(second.sessionId).not.toBe(first.sessionId)
  expect((await fetch({ id: first.sessionId, epoch: 1 })).errorCode).toBe(70)
})

test('partitions come and go; a session without any is over', async () => {
  const { sessionId } = await fetch({ epoch: 0, offsets: { 0: 0 } })
  expect(partitionsIn(await fetch({ id: sessionId, epoch: 1, offsets: { 1: 0 }, forgotten: [0] }))).toEqual([1])
  await produce(0, 'unseen')
  expect(partitionsIn(await fetch({ id: sessionId, epoch: 2 }))).toEqual([])
  expect(await fetch({ id: sessionId, epoch: 3, forgotten: [1] })).toMatchObject({ errorCode: 0, sessionId: 0 })
  expect((await fetch({ id: sessionId, epoch: 4 })).errorCode).toBe(70)
})

test('a session belongs to the broker: it goes on over another connection', async () => {
  const { sessionId } = await fetch({ epoch: 0, offsets: all })
  probe.connection.destroy()
  await produce(2, 'x')
  const answer = await fetch({ id: sessionId, epoch: 1, by: await stage.connect() })
  expect(partitionsIn(answer)).toEqual([2])
})

test('of two requests of one session that overlap, only the newer one is answered with data', async () => {
  const { sessionId } = await fetch({ epoch: 0, offsets: all })
  const older = fetch({ id: sessionId, epoch: 1, waitMs: 20_000 })
  await new Promise(resolve => setTimeout(resolve, 20))
  const newer = fetch({ id: sessionId, epoch: 2, waitMs: 20_000, by: await stage.connect() })
  expect(await older).toMatchObject({ errorCode: 71, responses: [] })
  await produce(0, 'x')
  expect(partitionsIn(await newer)).toEqual([0])
})

test('without slots every fetch is answered in full, with session 0', async () => {
  stage = await Stage.open({ settings: { 'max.incremental.fetch.session.cache.slots': '0' } })
  await stage.broker.createTopics([{ topic: 'orders', partitions: 3, replicationFactor: 1 }])
  probe = await stage.connect()
  const answer = await fetch({ epoch: 0, offsets: all })
  expect(answer.sessionId).toBe(0)
  expect(partitionsIn(answer)).toEqual([0, 1, 2])
})

describe('the cache', () => {
  let nowMs = 0
  const clock = { monotonic: () => nowMs } as never
  const open = (): StandingFetch => {
    const keys = new Set<string>()
    return {
      get size() {
        return keys.size
      },
      put: ({ topic, partition }) => void keys.add(`${topic}-${partition}`),
      remove: ({ topic, partition }) => void keys.delete(`${topic}-${partition}`),
      poll: async () => [],
      close: () => keys.clear(),
    }
  }
  const of = (count: number, more: Partial<SessionRequest> = {}): SessionRequest => ({
    sessionId: 0,
    sessionEpoch: 0,
    usesTopicIds: false,
    partitions: Array.from({ length: count }, (_, partition) => ({ topic: 'a', partition, offset: 0, maxBytes: 1 })),
    forgotten: [],
    ...more,
  })
  const cache = (slots: number) => new FetchSessions({ open, clock, random: new SeededRandom(1) as never, slots })

  beforeEach(() => {
    nowMs = 0
  })

  test('a full one gives up what was not used for two minutes, the oldest first', () => {
    const sessions = cache(2)
    const [first, second] = [sessions.begin(of(5))!, sessions.begin(of(5))!]
    expect(sessions.begin(of(5))).toBeUndefined()
    nowMs = 60_000
    sessions.begin(of(0, { sessionId: first.id, sessionEpoch: 1 }))
    nowMs = 121_000
    expect(sessions.begin(of(5))).toBeDefined()
    expect(() => sessions.begin(of(0, { sessionId: second.id, sessionEpoch: 1 }))).toThrow('FETCH_SESSION_ID_NOT_FOUND')
    expect(sessions.begin(of(0, { sessionId: first.id, sessionEpoch: 2 }))).toBe(first)
  })

  test('a larger one takes the place of the smallest that is two minutes old, a smaller one does not', () => {
    const sessions = cache(2)
    const [large, small] = [sessions.begin(of(10))!, sessions.begin(of(5))!]
    nowMs = 119_000
    for (const { id: sessionId } of [large, small]) sessions.begin(of(0, { sessionId, sessionEpoch: 1 }))
    expect(sessions.begin(of(20))).toBeUndefined()
    nowMs = 120_000
    expect(sessions.begin(of(5))).toBeUndefined()
    expect(sessions.begin(of(6))).toBeDefined()
    expect(() => sessions.begin(of(0, { sessionId: small.id, sessionEpoch: 2 }))).toThrow('FETCH_SESSION_ID_NOT_FOUND')
    expect(sessions.size).toBe(2)
  })

  test('epochs go round to 1', () => {
    const sessions = cache(1)
    const session = sessions.begin(of(1))!
    session.epoch = 2 ** 31 - 1
    sessions.begin(of(0, { sessionId: session.id, sessionEpoch: 2 ** 31 - 1 }))
    expect(session.epoch).toBe(1)
  })

  test('partitions of all sessions together are bounded', () => {
    const sessions = cache(1000)
    expect(sessions.begin(of(200_001))).toBeUndefined()
    const session = sessions.begin(of(150_000))!
    expect(sessions.begin(of(60_000))).toBeUndefined()
    const more = of(60_000).partitions.map(each => ({ ...each, topic: 'b' }))
    const grown = of(0, { sessionId: session.id, sessionEpoch: 1, partitions: more })
    expect(() => sessions.begin(grown)).toThrow('FETCH_SESSION_ID_NOT_FOUND')
    expect(sessions.begin(of(60_000))).toBeDefined()
  })
})
