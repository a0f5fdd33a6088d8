// Fetch: when it answers, and with what.

import { describe, expect, test } from 'vitest'
import type { Broker, FetchPartition, FetchRequest } from '../../src/broker/types.ts'
import type { MemoryPartition } from './memory-log.ts'
import { batchAt, batchOf, brokerWith, stateOf, tick, valuesOf } from './setup.ts'

const from = (topic: string, offset: number, more: Partial<FetchPartition> = {}): FetchPartition => ({
  topic,
  partition: 0,
  offset,
  maxBytes: 1 << 20,
  ...more,
})

const fetchOf = (broker: Broker, partitions: FetchPartition[], more: Partial<FetchRequest> = {}) =>
  broker.fetch({ maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, partitions, ...more })

const produce = (broker: Broker, topic: string, ...values: string[]) =>
  broker.produce({ acks: -1, partitions: [{ topic, partition: 0, batch: batchOf(...values) }] })

const waiting = { maxWaitMs: 20_000 }

test('whole batches from the one that holds the offset', async () => {
  const { broker } = await brokerWith({ a: 1 })
  await produce(broker, 'a', '0', '1', '2')
  await produce(broker, 'a', '3')
  const [read] = await fetchOf(broker, [from('a', 1)])
  expect(valuesOf(read.buffers)).toEqual(['0', '1', '2', '3'])
  expect(read).toMatchObject({ error: undefined, highWatermark: 4, lastStableOffset: 4, logStartOffset: 0 })
})

test('nothing that is not durable is ever read', async () => {
  const { broker, directory } = await brokerWith({ a: 1 })
  await produce(broker, 'a', '0')
  directory.hold()
  void produce(broker, 'a', '1')
  const [read] = await fetchOf(broker, [from('a', 0)])
  expect([valuesOf(read.buffers), read.highWatermark]).toEqual([['0'], 1])
  const [beyond] = await fetchOf(broker, [from('a', 2)])
  expect(beyond).toMatchObject({ error: undefined, bytes: 0 })
})

describe('a long poll', () => {
  test('waits for the disk, not for the append', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    directory.hold()
    const answer = fetchOf(broker, [from('a', 0)], waiting)
    void produce(broker, 'a', 'x')
    expect(await stateOf(answer)).toBe('pending')
    directory.release()
    expect(valuesOf((await answer)[0].buffers)).toEqual(['x'])
  })

  test('is woken by an append that was on its way when it began', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    directory.hold()
    void produce(broker, 'a', 'x')
    const answer = fetchOf(broker, [from('a', 0)], waiting)
    await tick()
    directory.release()
    expect(valuesOf((await answer)[0].buffers)).toEqual(['x'])
  })

  test('gathers minBytes over several groups and partitions, and reads once at the end', async () => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    const bytes = batchOf('x').length
    const answer = fetchOf(broker, [from('a', 0), from('b', 0)], { ...waiting, minBytes: 3 * bytes })
    await produce(broker, 'a', 'x')
    await produce(broker, 'b', 'x')
    expect(await stateOf(answer)).toBe('pending')
    expect(directory.reads).toBe(0)
    await produce(broker, 'a', 'x')
    expect((await answer).map(({ buffers }) => valuesOf(buffers))).toEqual([['x', 'x'], ['x']])
    expect(directory.reads).toBe(2)
  })

  test('ends with what is there when its time is over', async () => {
    const { broker } = await brokerWith({ a: 1 })
    await produce(broker, 'a', 'x')
    const answer = fetchOf(broker, [from('a', 0)], { maxWaitMs: 30, minBytes: 1e6 })
    expect(await stateOf(answer)).toBe('pending')
    expect(valuesOf((await answer)[0].buffers)).toEqual(['x'])
  })

  test('ends when its caller gives up, also before it began to wait', async () => {
    const { broker } = await brokerWith({ a: 1 })
    const stop = new AbortController()
    const answer = fetchOf(broker, [from('a', 0)], { ...waiting, signal: stop.signal })
    await tick()
    stop.abort()
    expect((await answer)[0]).toMatchObject({ error: undefined, bytes: 0 })
    expect((await fetchOf(broker, [from('a', 0)], { ...waiting, signal: stop.signal }))[0].bytes).toBe(0)
  })

  test('ends when the broker closes', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    const answer = fetchOf(broker, [from('a', 0)], waiting)
    await tick()
    await broker.close()
    expect((await answer)[0].bytes).toBe(0)
    expect(directory.isClosed).toBe(true)
  })

  test('ends when its topic is deleted', async () => {
    const { broker } = await brokerWith({ a: 1 })
    const answer = fetchOf(broker, [from('a', 0)], waiting)
    await tick()
    await broker.deleteTopics([{ topic: 'a' }])
    expect((await answer)[0].error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  test('misses nothing that becomes durable while a cold read goes on', async () => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    await produce(broker, 'b', 'old')
    for (const partition of directory.partitions.values()) (partition as MemoryPartition).isCold = true
    const bytes = batchOf('old').length + batchOf('x').length
    const answer = fetchOf(broker, [from('a', 0), from('b', 0)], { ...waiting, minBytes: bytes })
    await produce(broker, 'a', 'x')
    expect((await answer).map(({ buffers }) => valuesOf(buffers))).toEqual([['x'], ['old']])
  })

  test('a thousand waiters on other partitions hear nothing of an append', async () => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    const others = Array.from({ length: 1000 }, () => fetchOf(broker, [from('b', 0)], waiting))
    const mine = fetchOf(broker, [from('a', 0)], waiting)
    await tick()
    await produce(broker, 'a', 'x')
    expect(valuesOf((await mine)[0].buffers)).toEqual(['x'])
    expect(directory.reads).toBe(1)
    await broker.close()
    expect((await Promise.all(others)).every(([{ bytes }]) => bytes === 0)).toBe(true)
  })
})

describe('limits', () => {
  const sized = 'v'.repeat(100)
  const bytes = batchOf(sized).length

  test('the first batch always comes whole, further ones only if they fit', async () => {
    const { broker } = await brokerWith({ a: 1, b: 1 })
    for (const topic of ['a', 'a', 'b']) await produce(broker, topic, sized)
    const counts = async (maxBytes: number, each = 1 << 20) =>
      (await fetchOf(broker, [from('a', 0, { maxBytes: each }), from('b', 0, { maxBytes: each })], { maxBytes })).map(
        read => valuesOf(read.buffers).length,
      )
    expect(await counts(1)).toEqual([1, 0])
    expect(await counts(2 * bytes)).toEqual([2, 0])
    expect(await counts(3 * bytes - 1)).toEqual([2, 0])
    expect(await counts(3 * bytes)).toEqual([2, 1])
    expect(await counts(1 << 20, bytes)).toEqual([1, 1])
    expect(await counts(1 << 20, 1)).toEqual([1, 0])
  })

  test('an empty partition before it does not take the first place', async () => {
    const { broker } = await brokerWith({ a: 1, b: 1 })
    await produce(broker, 'b', sized)
    const reads = await fetchOf(broker, [from('a', 0), from('b', 0)], { maxBytes: 1 })
    expect(reads.map(read => valuesOf(read.buffers).length)).toEqual([0, 1])
  })

  test('fetch.max.bytes bounds every answer', async () => {
    const { broker } = await brokerWith({ a: 1 }, { 'fetch.max.bytes': '1024' })
    for (let i = 0; i < 20; i++) await produce(broker, 'a', sized)
    expect((await fetchOf(broker, [from('a', 0)]))[0].bytes).toBeLessThanOrEqual(1024)
  })

  test('a partition that is cut by its own limit does not wait for more', async () => {
    const { broker } = await brokerWith({ a: 1 })
    await produce(broker, 'a', sized)
    await produce(broker, 'a', sized)
    const answer = fetchOf(broker, [from('a', 0, { maxBytes: bytes })], { ...waiting, minBytes: 10 * bytes })
    expect((await answer)[0].bytes).toBe(bytes)
  })
})

describe('errors answer at once', () => {
  test.each([
    ['no such topic', from('none', 0), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['no such partition', from('a', 0, { partition: 3 }), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a negative partition', from('a', 0, { partition: -1 }), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['no such id', { topicId: 'c29tZS1vdGhlci1pZC0xMg', partition: 0, offset: 0, maxBytes: 1 }, 'UNKNOWN_TOPIC_ID'],
    ['beyond the end', from('a', 2), 'OFFSET_OUT_OF_RANGE'],
    ['below the start', from('a', -1), 'OFFSET_OUT_OF_RANGE'],
    ['an old epoch', from('a', 0, { currentLeaderEpoch: 2 }), 'FENCED_LEADER_EPOCH'],
    ['a future epoch', from('a', 0, { currentLeaderEpoch: 4 }), 'UNKNOWN_LEADER_EPOCH'],
  ])('%s', async (_, partition, code) => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    await produce(broker, 'a', 'x')
    for (const log of directory.partitions.values()) (log as MemoryPartition).leaderEpoch = 3
    const [bad, good] = await fetchOf(broker, [partition, from('b', 0)], waiting)
    expect([bad.error?.code, good.error]).toEqual([code, undefined])
  })

  test('an epoch that diverges tells where', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    await produce(broker, 'a', 'x')
    for (const log of directory.partitions.values()) (log as MemoryPartition).leaderEpoch = 3
    const [read] = await fetchOf(broker, [from('a', 1, { lastFetchedEpoch: 5, currentLeaderEpoch: 3 })], waiting)
    expect(read).toMatchObject({ error: undefined, bytes: 0, divergingEpoch: { epoch: 3, endOffset: 1 } })
  })

  test('a degraded partition says so, its neighbour is read', async () => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    await produce(broker, 'a', 'x')
    await produce(broker, 'b', 'x')
    for (const log of directory.partitions.values())
      if (log.topic === 'a') log.degraded = { reason: 'rot', fromOffset: 0 }
    const [a, b] = await fetchOf(broker, [from('a', 0), from('b', 0)])
    expect([a.error?.code, valuesOf(b.buffers)]).toEqual(['CORRUPT_MESSAGE', ['x']])
    expect(broker.health().degraded).toEqual([{ topic: 'a', partition: 0, reason: 'rot', fromOffset: 0 }])
  })

  test('damage that has become the end of a partition is not an empty answer, nor out of range, nor another epoch', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    await produce(broker, 'a', 'x')
    for (const log of directory.partitions.values())
      if (log.topic === 'a') log.degraded = { reason: 'rot', fromOffset: log.highWatermark }
    for (const request of [from('a', 1), from('a', 7), from('a', 1, { lastFetchedEpoch: 5 })]) {
      const [read] = await fetchOf(broker, [request], waiting)
      expect(read.error?.code).toBe('CORRUPT_MESSAGE')
    }
    const [before] = await fetchOf(broker, [from('a', 0)])
    expect([before.error, valuesOf(before.buffers)]).toEqual([undefined, ['x']])
  })

  test('no partitions at all', async () => {
    const { broker } = await brokerWith({ a: 1 })
    expect(await fetchOf(broker, [], waiting)).toEqual([])
  })
})

describe('offsets', () => {
  test('by name and by time', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    const batch = batchAt([
      ['0', 100],
      ['1', 300],
      ['2', 200],
    ])
    await broker.produce({ acks: -1, partitions: [{ topic: 'a', partition: 0, batch }] })
    directory.hold()
    void produce(broker, 'a', 'not yet')
    const ask = async (timestamp: number) => {
      const [{ error, offset, timestamp: found }] = await broker.listOffsets([{ topic: 'a', partition: 0, timestamp }])
      return error?.code ?? [offset, found]
    }
    expect(await ask(-1)).toEqual([3, -1])
    expect(await ask(-2)).toEqual([0, -1])
    expect(await ask(-3)).toEqual([1, 300])
    expect(await ask(-4)).toEqual([0, -1])
    expect(await ask(-5)).toEqual([-1, -1])
    expect(await ask(-6)).toEqual([-1, -1])
    expect(await ask(-7)).toBe('UNSUPPORTED_VERSION')
    expect(await ask(0)).toEqual([0, 100])
    expect(await ask(150)).toEqual([1, 300])
    expect(await ask(301)).toEqual([-1, -1])
  })
})
