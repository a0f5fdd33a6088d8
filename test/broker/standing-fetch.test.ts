// A fetch that stays answers what is new, once, and waits at no cost per partition.

import { expect, test } from 'vitest'
import type { StandingFetch } from '../../src/broker/admin-types.ts'
import type { Broker } from '../../src/broker/types.ts'
import { batchOf, brokerWith, stateOf, tick, valuesOf } from './setup.ts'

const now = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20 }
const later = { ...now, maxWaitMs: 20_000 }

const produce = (broker: Broker, topic: string, partition: number, ...values: string[]) =>
  broker.produce({ acks: -1, partitions: [{ topic, partition, batch: batchOf(...values) }] })

function keep(fetch: StandingFetch, topic: string, offsets: Record<number, number>, more: object = {}): void {
  for (const [partition, offset] of Object.entries(offsets))
    fetch.put({ topic, partition: Number(partition), offset, maxBytes: 1 << 20, ...more })
}

const told = async (fetch: StandingFetch, request: Parameters<StandingFetch['poll']>[0] = now) =>
  (await fetch.poll(request)).map(({ request: { topic, partition }, result }) => [
    `${topic}-${partition}`,
    result.error?.code ?? result.highWatermark,
    valuesOf(result.buffers).join(' '),
  ])

test('the first answer has every partition, the next ones only what is new', async () => {
  const { broker } = await brokerWith({ a: 3 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0, 1: 0, 2: 0 })
  expect(await told(fetch)).toEqual([
    ['a-0', 0, ''],
    ['a-1', 0, ''],
    ['a-2', 0, ''],
  ])
  expect(await told(fetch)).toEqual([])
  await produce(broker, 'a', 1, 'x', 'y')
  expect(await told(fetch)).toEqual([['a-1', 2, 'x y']])
  expect(await told(fetch)).toEqual([['a-1', 2, 'x y']])
  keep(fetch, 'a', { 1: 2 })
  expect(await told(fetch)).toEqual([])
})

test('a reader that has come to where damage is the end of a partition is told so', async () => {
  const { broker, directory } = await brokerWith({ a: 1 })
  await produce(broker, 'a', 0, 'x')
  for (const log of directory.partitions.values()) log.degraded ??= { reason: 'rot', fromOffset: log.highWatermark }
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0 })
  expect(await told(fetch)).toEqual([['a-0', 1, 'x']])
  keep(fetch, 'a', { 0: 1 })
  expect(await told(fetch, later)).toEqual([['a-0', 'CORRUPT_MESSAGE', '']])
})

test('a poll waits for bytes of any partition that is kept, and of no other', async () => {
  const { broker } = await brokerWith({ a: 2, b: 1 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0, 1: 0 })
  await fetch.poll(now)
  const waiting = told(fetch, later)
  await produce(broker, 'b', 0, 'z')
  expect(await stateOf(waiting)).toBe('pending')
  await produce(broker, 'a', 1, 'x')
  expect(await waiting).toEqual([['a-1', 1, 'x']])
})

test('a poll waits for as many bytes as it asks for, and answers when its time is over', async () => {
  const { broker } = await brokerWith({ a: 2 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0, 1: 0 })
  await fetch.poll(now)
  const bytes = batchOf('x').length
  const waiting = told(fetch, { ...later, minBytes: 2 * bytes })
  await produce(broker, 'a', 0, 'x')
  expect(await stateOf(waiting)).toBe('pending')
  await produce(broker, 'a', 1, 'y')
  expect((await waiting).length).toBe(2)
  expect((await fetch.poll({ ...now, maxWaitMs: 5, minBytes: 1 << 20 })).length).toBe(2)
})

test('an error is told in every answer, and at once; after it the partition is told of again', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 7, 4: 0 })
  const errors = [
    ['a-0', 'OFFSET_OUT_OF_RANGE', ''],
    ['a-4', 'UNKNOWN_TOPIC_OR_PARTITION', ''],
  ]
  expect(await told(fetch, later)).toEqual(errors)
  expect(await told(fetch, later)).toEqual(errors)
  keep(fetch, 'a', { 0: 0 })
  fetch.remove({ topic: 'a', partition: 4 })
  expect(await told(fetch)).toEqual([['a-0', 0, '']])
  keep(fetch, 'a', { 0: 0 }, { currentLeaderEpoch: 9 })
  expect(await told(fetch, later)).toEqual([['a-0', 'UNKNOWN_LEADER_EPOCH', '']])
})

test('a log start that moved is told, without records', async () => {
  const { broker } = await brokerWith({ a: 2 })
  await produce(broker, 'a', 0, 'x', 'y')
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 2, 1: 0 })
  await fetch.poll(now)
  await broker.deleteRecords([{ topic: 'a', partition: 0, offset: 1 }])
  const [{ result }] = await fetch.poll(now)
  expect(result).toMatchObject({ logStartOffset: 1, highWatermark: 2, bytes: 0 })
  expect(await fetch.poll(now)).toEqual([])
})

test('a deleted topic ends the wait with its error; one of the same name is found by name, not by id', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const [{ topicId }] = await broker.listTopics()
  const [byName, byId] = [broker.openStandingFetch(), broker.openStandingFetch()]
  keep(byName, 'a', { 0: 0 })
  byId.put({ topicId, partition: 0, offset: 0, maxBytes: 1 << 20 })
  await Promise.all([byName.poll(now), byId.poll(now)])
  const waiting = [byName.poll(later), byId.poll(later)]
  await tick()
  await broker.deleteTopics([{ topic: 'a' }])
  const [[named], [known]] = await Promise.all(waiting)
  expect([named.result.error?.code, known.result.error?.code]).toEqual([
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_ID',
  ])
  await broker.createTopics([{ topic: 'a', partitions: 1, replicationFactor: 1 }])
  await produce(broker, 'a', 0, 'new')
  expect(await told(byName)).toEqual([['a-0', 1, 'new']])
  expect((await byId.poll(now))[0].result.error?.code).toBe('UNKNOWN_TOPIC_ID')
})

test('partitions that gave records go behind the others: with little room none starves', async () => {
  const { broker } = await brokerWith({ a: 3 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0, 1: 0, 2: 0 })
  for (const partition of [0, 1, 2]) await produce(broker, 'a', partition, `${partition}`)
  const seen: string[] = []
  for (let i = 0; i < 3; i++)
    for (const { result } of await fetch.poll({ ...now, maxBytes: 1 })) seen.push(...valuesOf(result.buffers))
  expect(seen).toEqual(['0', '1', '2'])
})

test('a newer poll ends the wait of the one before it, and hears of what comes', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0 })
  await fetch.poll(now)
  const first = fetch.poll(later)
  await tick()
  const second = told(fetch, later)
  expect(await first).toEqual([])
  expect(await stateOf(second)).toBe('pending')
  await produce(broker, 'a', 0, 'x')
  expect(await second).toEqual([['a-0', 1, 'x']])
})

test('an abort, the end of the broker and close() end the wait; nothing stays subscribed', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0 })
  await fetch.poll(now)
  const abort = new AbortController()
  const aborted = fetch.poll({ ...later, signal: abort.signal })
  await tick()
  abort.abort()
  expect(await aborted).toEqual([])
  const closed = fetch.poll(later)
  await tick()
  fetch.close()
  expect(await closed).toEqual([])
  expect(fetch.size).toBe(0)
  keep(fetch, 'a', { 0: 0 })
  await fetch.poll(now)
  const ended = fetch.poll(later)
  await tick()
  await broker.close()
  expect(await ended).toEqual([])
  await expect(fetch.poll(now)).rejects.toMatchObject({ code: 'LOG_CLOSED' })
})

test('cold reads are waited for', async () => {
  const { broker, directory } = await brokerWith({ a: 1 })
  const fetch = broker.openStandingFetch()
  keep(fetch, 'a', { 0: 0 })
  for (const partition of directory.partitions.values()) partition.isCold = true
  await produce(broker, 'a', 0, 'x')
  expect(await told(fetch)).toEqual([['a-0', 1, 'x']])
})
