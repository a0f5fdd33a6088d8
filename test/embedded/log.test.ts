// The log as a whole: topics, restart on a real directory, listeners, names.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { checkListenAddress, parseListenAddress } from '../../src/base/listen-address.ts'
import { json, open, type Serde, text } from '../../src/index.ts'
import { memoryLog, memoryPlatform } from '../../src/testing.ts'
import { collect } from './setup.ts'

const texts = { key: text, value: text }

describe('topics', () => {
  test('are made on first use and taken as they are afterwards', async () => {
    await using log = await memoryLog({ settings: { 'num.partitions': 3 } })
    const made = await log.topic('a', { config: { 'retention.ms': 5000, 'varve.durability': 'os' } })
    expect(made.partitions).toBe(3)
    expect((await log.topic('a')).id).toBe(made.id)
    const { settings } = await log.describe('a')
    expect(settings.filter(({ source }) => source === 'topic').map(({ name, value }) => `${name}=${value}`)).toEqual([
      'retention.ms=5000',
      'varve.durability=os',
    ])
  })

  test('without a name, or with a serde that is none, are refused before they are made', async () => {
    await using log = await memoryLog()
    const wrong = json as unknown as Serde<string>
    await expect(log.topic('a', { value: wrong })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(log.topic('a', { key: {} as Serde<string> })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(log.topic(undefined as unknown as string)).rejects.toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION' })
    expect(await log.topics()).toEqual([])
  })

  test('are described in words: JSON and console.log show the numbers', async () => {
    await using log = await memoryLog()
    await (await log.topic('a', texts)).append({ value: 'x' })
    const { partitions } = JSON.parse(JSON.stringify(await log.describe('a')))
    expect(partitions[0]).toMatchObject({ partition: 0, logStartOffset: 0, highWatermark: 1, durability: 'fsync' })
    expect(inspect(await log.describe('a'), { depth: 5 })).toContain('highWatermark: 1')
  })

  test('with another number of partitions are refused with a sentence', async () => {
    await using log = await memoryLog()
    await log.topic('a', { partitions: 2 })
    await expect(log.topic('a', { partitions: 3 })).rejects.toThrow('topic "a" has 2 partitions, not 3')
  })

  test('an impossible setting is refused by the name that was given', async () => {
    const opening = memoryLog({ settings: { 'log.segment.bytes': 'many' } })
    await expect(opening).rejects.toThrow('log.segment.bytes is a whole number')
  })

  test('asked for at the same time are one topic', async () => {
    await using log = await memoryLog()
    const topics = await Promise.all(Array.from({ length: 10 }, () => log.topic('a', { partitions: 2 })))
    expect(new Set(topics.map(({ id }) => id)).size).toBe(1)
  })

  test.each([
    ['a bad name', 'a b', {}, 'INVALID_TOPIC_EXCEPTION'],
    ['an internal name', '__consumer_offsets', {}, 'INVALID_TOPIC_EXCEPTION'],
    ['no partitions', 'a', { partitions: 0 }, 'INVALID_PARTITIONS'],
    ['an unknown setting', 'a', { config: { nonsense: 1 } as never }, 'INVALID_CONFIG'],
    ['an impossible value', 'a', { config: { 'retention.ms': 'soon' } }, 'INVALID_CONFIG'],
    ['an unknown codec', 'a', { compression: 'rar' as never }, 'INVALID_ARGUMENT'],
    ['one that is not there, not to be made', 'a', { create: false }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])('%s is refused', async (_, name, options, code) => {
    await using log = await memoryLog()
    await expect(log.topic(name, options)).rejects.toMatchObject({ code })
  })

  test.each(['__proto__', 'constructor', 'toString'])('%s is a topic like any other', async name => {
    await using log = await memoryLog()
    const topic = await log.topic(name, texts)
    await topic.append({ key: name, value: name })
    expect((await collect(topic.read()))[0]).toMatchObject({ topic: name, key: name, value: name })
    expect((await log.topics()).map(({ topic }) => topic)).toEqual([name])
    await log.deleteTopic(name)
    expect(await log.topics()).toEqual([])
  })

  test('change their settings, also back', async () => {
    await using log = await memoryLog()
    await log.topic('a')
    await log.alterTopic('a', { 'retention.ms': 1, 'varve.durability': 'interval' })
    await log.alterTopic('a', { 'retention.ms': null })
    const description = await log.describe('a')
    expect(description.settings.filter(({ source }) => source === 'topic').map(({ name }) => name)).toEqual([
      'varve.durability',
    ])
    expect(description.partitions[0].durability).toBe('interval')
    await expect(log.alterTopic('none', {})).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })
})

describe('a restart', () => {
  let directory: string | undefined
  afterEach(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  test('on a real directory finds every record, topic and setting', async () => {
    directory = await mkdtemp(join(tmpdir(), 'varve-embedded-'))
    const records = Array.from({ length: 5000 }, (_, i) => ({
      key: `k${i % 100}`,
      value: `${i}`,
      headers: [['n', `${i}`]] as const,
    }))
    {
      await using log = await open(directory)
      const topic = await log.topic('a.b', { ...texts, partitions: 4, config: { 'retention.ms': 9e9 } })
      await topic.appendMany(records)
    }
    await using log = await open(directory)
    const topic = await log.topic('a.b', { ...texts, partitions: 4, create: false })
    const read = await collect(topic.read())
    expect(read.length).toBe(5000)
    for (const { value, headers } of read) expect(headers[0][1]?.toString()).toBe(value)
    for (let partition = 0; partition < 4; partition++) {
      const inPartition = read.filter(record => record.partition === partition).map(({ value }) => Number(value))
      expect(inPartition).toEqual([...inPartition].sort((a, b) => a - b))
    }
    expect((await log.describe('a.b')).settings).toContainEqual({
      name: 'retention.ms',
      value: '9000000000',
      source: 'topic',
    })
    await expect(open(directory)).rejects.toMatchObject({ code: 'DIRECTORY_IN_USE' })
  })

  test('after a kill finds every acknowledged record', async () => {
    const platform = memoryPlatform()
    const first = await open('/data', { platform })
    const topic = await first.topic('a', { ...texts, partitions: 3 })
    for (let i = 0; i < 50; i++) await topic.append({ key: `${i}`, value: `${i}` })
    // The process is gone; its log was never closed.
    platform.disk.kill()
    await using log = await open('/data', { platform: { ...platform, disk: platform.disk.boot() } })
    const read = await collect((await log.topic('a', texts)).read())
    expect(read.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })
})

test('a failed sync ends appends for good, and what was durable is read on', async () => {
  const platform = memoryPlatform()
  const log = await open('/data', { platform })
  const topic = await log.topic('a', texts)
  await topic.append({ value: 'durable' })
  platform.disk.fail({ on: 'sync' })
  await expect(topic.append({ value: 'lost' })).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR', retriable: true })
  await expect(topic.append({ value: 'late' })).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
  await expect(log.topic('b')).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
  expect((await collect(topic.read())).map(({ value }) => value)).toEqual(['durable'])
  expect((await log.topics()).map(({ topic }) => topic)).toEqual(['a'])
  expect(log.health().failure).toBeInstanceOf(Error)
  await log.close().catch(() => {})
})

describe('opening', () => {
  test.each([
    ['no path', '', {}, 'INVALID_ARGUMENT'],
    ['an unknown setting', { memory: true as const }, { settings: { nonsense: 1 } }, 'INVALID_CONFIG'],
    ['an unknown durability', { memory: true as const }, { durability: 'batch' as never }, 'INVALID_CONFIG'],
    ['a bound below 1', { memory: true as const }, { bufferBytesMax: 0 }, 'INVALID_ARGUMENT'],
    ['an unknown whenFull', { memory: true as const }, { whenFull: 'drop' as never }, 'INVALID_ARGUMENT'],
  ])('with %s is refused', async (_, where, options, code) => {
    await expect(open(where, options)).rejects.toMatchObject({ code })
  })

  test('closing twice is closing once', async () => {
    const log = await memoryLog()
    await Promise.all([log.close(), log.close()])
    await log.close()
  })
})

describe('listening', () => {
  test.each<[number | string | { host?: string; port: number }, string, number]>([
    [9092, '127.0.0.1', 9092],
    ['9092', '127.0.0.1', 9092],
    [':0', '127.0.0.1', 0],
    ['0.0.0.0:9092', '0.0.0.0', 9092],
    ['[::1]:9092', '::1', 9092],
    ['localhost:1', 'localhost', 1],
    [{ port: 5 }, '127.0.0.1', 5],
    [{ host: 'example.org', port: 5 }, 'example.org', 5],
  ])('%j', (address, host, port) => {
    expect(parseListenAddress(address)).toEqual({ host, port })
  })

  test.each<number | string>([-1, 65_536, 1.5, 'x', '', 'host:', '::1:9092', 'a b:1', '1:2:3', 'http://x:1'])(
    '%j is no address',
    address => {
      expect(() => parseListenAddress(address)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    },
  )

  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.evil.org', ''])(
    'on %j is refused without insecure',
    host => {
      expect(() => checkListenAddress({ host, port: 1 }, { insecure: false })).toThrow(
        expect.objectContaining({ code: 'INSECURE_LISTENER' }),
      )
      checkListenAddress({ host, port: 1 }, { insecure: true })
    },
  )

  test.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1'])('on %j is fine', host => {
    checkListenAddress({ host, port: 1 }, { insecure: false })
  })

  test('the library refuses what others can reach, before anything is opened', async () => {
    await using log = await memoryLog()
    await expect(log.listen({ kafka: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'INSECURE_LISTENER' })
  })
})
