// read: places, order, ends, following, bad records.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bytes,
  json,
  type Log,
  msgpack,
  open,
  type ReadOptions,
  type Serde,
  type Topic,
  text,
} from '../../src/index.ts'
import { tick } from '../broker/setup.ts'
import { collect, heldLog } from './setup.ts'

const texts = { key: text, value: text }
const values = async <K, V>(topic: Topic<K, V>, options?: ReadOptions) =>
  (await collect(topic.read(options))).map(({ value }) => value)

describe('places', () => {
  let log: Log
  let topic: Topic<string, string>
  let many: Topic<string, string>

  beforeAll(async () => {
    log = await open({ memory: true })
    topic = await log.topic('one', { ...texts, partitions: 1 })
    for (let batch = 0; batch < 10; batch++)
      await topic.appendMany(
        Array.from({ length: 10 }, (_, i) => ({
          value: `${batch * 10 + i}`,
          timestamp: 1_700_000_000_000 + batch * 10_000 + i * 1000,
        })),
      )
    many = await log.topic('many', { ...texts, partitions: 3 })
    for (let i = 0; i < 90; i++)
      await many.append({ partition: (i * 7) % 3, value: `${i}`, timestamp: 1_700_000_000_000 + i })
  })
  afterAll(() => log.close())

  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`)

  test.each<[ReadOptions, number, number]>([
    [{}, 0, 100],
    [{ from: 'start' }, 0, 100],
    [{ from: 'end' }, 100, 100],
    [{ from: '-5' }, 95, 100],
    [{ from: '+95' }, 95, 100],
    [{ from: 33, to: 47 }, 33, 47],
    [{ from: '33:47' }, 33, 47],
    [{ from: ':5' }, 0, 5],
    [{ from: 5, to: 5 }, 5, 5],
    [{ from: 7, to: 5 }, 7, 7],
    [{ from: 100 }, 100, 100],
    [{ to: 1000 }, 0, 100],
    [{ from: '@1700000042' }, 42, 100],
    [{ from: '@1700000041999:1700000044000' }, 42, 44],
    [{ from: new Date(1_700_000_042_000), to: new Date(1_700_000_044_000) }, 42, 44],
    [{ from: '@2023-11-14T22:13:20Z:5s' }, 0, 5],
    [{ from: '@-1h' }, 100, 100],
    [{ from: 90, limit: 5 }, 90, 95],
    [{ limit: 0 }, 0, 0],
    [{ from: '-3', to: '-1' }, 97, 99],
  ])('%j', async (options, from, to) => {
    expect(await values(topic, options)).toEqual(range(from, to))
    const batches = await collect(topic.read(options).batches({ max: 7 }))
    expect(batches.flatMap(({ records }) => records.map(({ value }) => value))).toEqual(range(from, to))
    expect(batches.every(({ records }) => records.length > 0 && records.length <= 7)).toBe(true)
  })

  test('all partitions are merged by time', async () => {
    expect(await values(many)).toEqual(range(0, 90))
    expect(await values(many, { from: '@1700000000030', to: '@1700000000060' })).toEqual(range(30, 60))
    expect(await values(many, { limit: 10 })).toEqual(range(0, 10))
  })

  test('one partition alone', async () => {
    const read = await collect(many.read({ partition: 1 }))
    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, i) => i))
    expect(new Set(read.map(({ partition }) => partition))).toEqual(new Set([1]))
  })

  test('an exact offset outside the log is an error for one partition, and an end for many', async () => {
    await expect(values(topic, { from: 101 })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', kafkaCode: 1 })
    expect(await values(many, { from: 1000 })).toEqual([])
  })

  test.each<[ReadOptions, string]>([
    [{ partition: 1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ from: 'beginning' }, 'INVALID_ARGUMENT'],
    [{ from: -5 }, 'INVALID_ARGUMENT'],
    [{ from: 1.5 }, 'INVALID_ARGUMENT'],
    [{ from: '10:20', to: 30 }, 'INVALID_ARGUMENT'],
    [{ limit: -1 }, 'INVALID_ARGUMENT'],
    [{ from: new Date('nonsense') }, 'INVALID_ARGUMENT'],
  ])('%j is refused at once with %s', (options, code) => {
    expect(() => topic.read(options)).toThrow(expect.objectContaining({ code }))
  })
})

test('damage behind the last readable record is said, not taken for the end', async () => {
  const { log, directory } = await heldLog({ a: 1 })
  const topic = await log.topic('a', texts)
  await topic.appendMany([{ value: 'x' }, { value: 'y' }])
  for (const partition of directory.partitions.values()) partition.degraded ??= { reason: 'rot', fromOffset: 2 }
  const seen: unknown[] = []
  for (const options of [{}, { follow: true }, { partition: 0, from: 1 }, { from: 7 }]) {
    const reading = (async () => {
      for await (const { value } of topic.read(options)) seen.push(value)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CORRUPT_MESSAGE' })
  }
  expect(seen).toEqual(['x', 'y', 'x', 'y', 'y'])
  expect(await values(topic, { to: 2 })).toEqual(['x', 'y'])
})

test('the end is fixed when the read starts', async () => {
  await using log = await open({ memory: true })
  const topic = await log.topic('a', texts)
  await topic.appendMany([{ value: '0' }, { value: '1' }])
  const seen: (string | null)[] = []
  for await (const { value } of topic.read()) {
    seen.push(value)
    await topic.append({ value: 'more' })
  }
  expect(seen).toEqual(['0', '1'])
})

describe('merging', () => {
  test('keeps each partition in order even when its times go back', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { ...texts, partitions: 2 })
    await topic.appendMany([
      { partition: 0, value: 'a5', timestamp: 5 },
      { partition: 0, value: 'a1', timestamp: 1 },
      { partition: 1, value: 'b3', timestamp: 3 },
      { partition: 1, value: 'b5', timestamp: 5 },
    ])
    expect(await values(topic)).toEqual(['b3', 'a5', 'a1', 'b5'])
  })

  test('over many partitions and many fetches agrees with a plain sort', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { ...texts, partitions: 20 })
    const records = Array.from({ length: 5000 }, (_, i) => ({
      partition: (i * 13) % 20,
      value: `${i}`.padStart(400, '0'),
      timestamp: i >> 2,
    }))
    for (let i = 0; i < records.length; i += 500) await topic.appendMany(records.slice(i, i + 500))
    const read = await collect(topic.read())
    const expected = [...records].sort((a, b) => a.timestamp - b.timestamp || a.partition - b.partition)
    expect(read.map(({ value }) => value)).toEqual(expected.map(({ value }) => value))
  })
})

describe('follow', () => {
  test('goes on with new records of every partition, and an abort ends the loop', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { ...texts, partitions: 2 })
    await topic.append({ value: 'old', partition: 0 })
    const stop = new AbortController()
    const seen: (string | null)[] = []
    const loop = (async () => {
      for await (const { value } of topic.read({ follow: true, signal: stop.signal })) {
        seen.push(value)
        if (value === 'last') stop.abort()
      }
    })()
    await topic.append({ value: 'new', partition: 1 })
    await tick()
    await topic.append({ value: 'last', partition: 0 })
    await loop
    expect(seen).toEqual(['old', 'new', 'last'])
  })

  test('from the end sees only what comes', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.append({ value: 'old' })
    const iterator = topic.read({ from: 'end', follow: true })[Symbol.asyncIterator]()
    const next = iterator.next()
    await tick()
    await topic.append({ value: 'new' })
    expect((await next).value?.value).toBe('new')
    await iterator.return?.()
    expect((await iterator.next()).done).toBe(true)
  })

  test('ends at `to`, at `limit`, and when the log closes', async () => {
    const log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.append({ value: '0' })
    const toTwo = collect(topic.read({ follow: true, to: 2 }))
    const three = collect(topic.read({ follow: true, limit: 3 }))
    const forever = collect(topic.read({ follow: true }))
    for (let i = 1; i < 4; i++) await topic.append({ value: `${i}` })
    expect((await toTwo).length).toBe(2)
    expect((await three).length).toBe(3)
    await log.close()
    expect((await forever).length).toBe(4)
  })

  test('aborted while it waits, it ends; without follow an abort is an error', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.append({ value: 'x' })
    const stop = new AbortController()
    const waiting = collect(topic.read({ from: 'end', follow: true, signal: stop.signal }))
    await tick()
    stop.abort(new Error('enough'))
    expect(await waiting).toEqual([])
    await expect(collect(topic.read({ signal: stop.signal }))).rejects.toThrow('enough')
  })

  test('sees nothing before the disk has it', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    directory.hold()
    void topic.append({ value: 'x' })
    await tick()
    expect(await values(topic)).toEqual([])
    directory.release()
  })
})

describe('iterators', () => {
  test('calls that overlap are answered in order', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.appendMany(['0', '1', '2'].map(value => ({ value })))
    const iterator = topic.read()[Symbol.asyncIterator]()
    const answers = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
    expect(answers.map(({ done, value }) => (done ? 'done' : value.value))).toEqual(['0', '1', '2', 'done'])
    expect((await iterator.next()).done).toBe(true)
  })

  test('break ends the run, and the reader can be walked again', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.appendMany(['0', '1', '2'].map(value => ({ value })))
    const reader = topic.read()
    for await (const { value } of reader) {
      expect(value).toBe('0')
      break
    }
    expect((await collect(reader)).length).toBe(3)
  })

  test('a log that closes in the middle of a read that has an end is an error', async () => {
    const log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.append({ value: 'x' })
    const iterator = topic.read()[Symbol.asyncIterator]()
    await log.close()
    await expect(iterator.next()).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })
})

describe('serdes', () => {
  const roundTrip = async <T>(serde: Serde<T>, value: T) => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { key: serde, value: serde })
    await topic.append({ key: value, value })
    const [read] = await collect(topic.read())
    expect(read.key).toEqual(read.value)
    return read.value
  }

  test('give back what they were given', async () => {
    expect(await roundTrip(text, 'grüße ✓ \u0000')).toBe('grüße ✓ \u0000')
    expect(await roundTrip(text, '')).toBe('')
    expect(await roundTrip(json<unknown>(), { a: [1, null, 'x'] })).toEqual({ a: [1, null, 'x'] })
    const map = { when: 1_700_000_000_000, list: [1, 2.5, -7], text: 'ü', nested: { yes: true } }
    expect(await roundTrip(msgpack<typeof map>(), map)).toEqual(map)
    expect(Buffer.from((await roundTrip(bytes, Buffer.from([0, 255, 128])))!)).toEqual(Buffer.from([0, 255, 128]))
  })

  test('null is a null key and a tombstone; headers keep order, repeats and nulls', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', texts)
    await topic.append({
      headers: [
        ['h', '1'],
        ['h', Buffer.from([2])],
        ['none', null],
      ],
    })
    const [read] = await collect(topic.read())
    expect([read.key, read.value]).toEqual([null, null])
    expect(read.headers.map(([name, value]) => [name, value?.toString() ?? null])).toEqual([
      ['h', '1'],
      ['h', '\u0002'],
      ['none', null],
    ])
  })

  test('what is read is private: writing into it changes nothing for others', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a')
    await topic.append({ value: Buffer.from('intact') })
    const [mine] = await collect(topic.read())
    mine.value?.fill(0)
    const [other] = await collect(topic.read())
    expect(Buffer.from(other.value!).toString()).toBe('intact')
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('batches compressed with %s read back', async compression => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { ...texts, compression })
    await topic.appendMany(Array.from({ length: 100 }, (_, i) => ({ value: `${'v'.repeat(100)}${i}` })))
    expect((await log.describe('a')).partitions[0].bytes).toBeLessThan(5000)
    expect((await values(topic)).length).toBe(100)
  })
})

describe('records that do not decode', () => {
  const setUp = async () => {
    const log = await open({ memory: true })
    const plain = await log.topic('a', { value: text })
    await plain.appendMany([{ value: '1' }, { value: '{' }, { value: '3' }])
    return { log, topic: await log.topic('a', { value: json<number>() }) }
  }

  test("'throw': the good ones before it come first, then INVALID_RECORD with its place", async () => {
    const { topic } = await setUp()
    const seen: unknown[] = []
    const loop = async () => {
      for await (const { value } of topic.read()) seen.push(value)
    }
    await expect(loop()).rejects.toMatchObject({ code: 'INVALID_RECORD', details: { partition: 0, offset: 1 } })
    expect(seen).toEqual([1])
    const batches = topic.read().batches()[Symbol.asyncIterator]()
    expect((await batches.next()).value?.records.length).toBe(1)
    await expect(batches.next()).rejects.toMatchObject({ code: 'INVALID_RECORD' })
  })

  test("'skip' leaves it out", async () => {
    const { topic } = await setUp()
    expect(await values(topic, { onBadRecord: 'skip' })).toEqual([1, 3])
  })

  test("'raw' hands it out as bytes", async () => {
    const { topic } = await setUp()
    const read = await collect(topic.read({ onBadRecord: 'raw' }))
    expect(read.map(({ value, bad }) => bad?.value?.toString() ?? value)).toEqual([1, '{', 3])
  })
})
