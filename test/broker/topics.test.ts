// Topics: what may be made, what stays over a restart, and when others may hear of it.

import { describe, expect, test } from 'vitest'
import type { NewTopic } from '../../src/broker/types.ts'
import { MemoryDirectory } from './memory-log.ts'
import { batchOf, brokerOver, brokerWith, stateOf } from './setup.ts'

const topic = (name: string, more: Partial<NewTopic> = {}): NewTopic => ({
  topic: name,
  partitions: 1,
  replicationFactor: 1,
  ...more,
})

describe('creating', () => {
  test.each([
    ['a bad name', topic('no/slash'), 'INVALID_TOPIC_EXCEPTION'],
    ['no name', topic(''), 'INVALID_TOPIC_EXCEPTION'],
    ['an internal name', topic('__consumer_offsets'), 'INVALID_TOPIC_EXCEPTION'],
    ['the registry', topic('__varve_registry'), 'INVALID_TOPIC_EXCEPTION'],
    ['an existing name', topic('a.b'), 'TOPIC_ALREADY_EXISTS'],
    ['a colliding name', topic('a_b'), 'INVALID_TOPIC_EXCEPTION'],
    ['no partitions', topic('x', { partitions: 0 }), 'INVALID_PARTITIONS'],
    ['fewer than none', topic('x', { partitions: -2 }), 'INVALID_PARTITIONS'],
    ['two replicas', topic('x', { replicationFactor: 2 }), 'INVALID_REPLICATION_FACTOR'],
    ['no replicas', topic('x', { replicationFactor: 0 }), 'INVALID_REPLICATION_FACTOR'],
    ['too many partitions', topic('x', { partitions: 10 }), 'POLICY_VIOLATION'],
    ['an unknown setting', topic('x', { settings: [['retention.hours', '1']] }), 'INVALID_CONFIG'],
    ["a broker's setting", topic('x', { settings: [['num.partitions', '1']] }), 'INVALID_CONFIG'],
    ['an impossible value', topic('x', { settings: [['retention.ms', 'soon']] }), 'INVALID_CONFIG'],
    [
      'an assignment to another node',
      topic('x', { partitions: -1, replicationFactor: -1, assignments: [{ partition: 0, nodeIds: [2] }] }),
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'an assignment with a gap',
      topic('x', { partitions: -1, replicationFactor: -1, assignments: [{ partition: 1, nodeIds: [1] }] }),
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    ['an assignment and a number', topic('x', { assignments: [{ partition: 0, nodeIds: [1] }] }), 'INVALID_REQUEST'],
  ])('%s is refused', async (_, request, code) => {
    const { broker } = await brokerWith({ 'a.b': 1 }, { 'varve.partitions.max': '5' })
    const [result] = await broker.createTopics([request])
    expect(result.error?.code).toBe(code)
    expect((await broker.listTopics()).map(({ topic }) => topic)).toEqual(['a.b'])
  })

  test('-1 means the defaults, and the answer names every setting with its source', async () => {
    const { broker } = await brokerOver(undefined, { 'num.partitions': '3', 'retention.ms': '5000' })
    const [result] = await broker.createTopics([
      topic('x', {
        partitions: -1,
        replicationFactor: -1,
        settings: [
          ['segment.bytes', ' 4096 '],
          ['flush.ms', null],
        ],
      }),
    ])
    expect(result).toMatchObject({ error: undefined, partitions: 3, replicationFactor: 1 })
    expect(result.settings).toContainEqual({ name: 'segment.bytes', value: '4096', source: 'topic' })
    expect(result.settings).toContainEqual({ name: 'retention.ms', value: '5000', source: 'broker' })
    expect(result.settings).toContainEqual({ name: 'flush.ms', value: '1000', source: 'default' })
  })

  test('a name twice in one request is refused both times, its neighbours are made', async () => {
    const { broker } = await brokerOver()
    const results = await broker.createTopics([topic('a'), topic('b'), topic('a')])
    expect(results.map(({ error }) => error?.code)).toEqual(['INVALID_REQUEST', undefined, 'INVALID_REQUEST'])
  })

  test('validateOnly answers as if, and makes nothing', async () => {
    const { broker, directory } = await brokerOver()
    const [result] = await broker.createTopics([topic('a', { partitions: 7 })], { validateOnly: true })
    expect(result).toMatchObject({ error: undefined, partitions: 7 })
    expect(await broker.listTopics()).toEqual([])
    expect(directory.partitions.size).toBe(1)
  })

  test('a topic whose last partition cannot be made leaves nothing behind', async () => {
    const { broker, directory } = await brokerOver()
    directory.refuseOpenOf = { topic: 'a', partition: 2 }
    const [result] = await broker.createTopics([topic('a', { partitions: 3 })])
    expect(result.error?.code).toBe('KAFKA_STORAGE_ERROR')
    expect(directory.deleted).toEqual(['a-0', 'a-1'])
    expect(await broker.listTopics()).toEqual([])
  })
})

describe('names that objects know', () => {
  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])('%s is a topic like any other', async name => {
    const { broker, directory } = await brokerWith({ [`${name}`]: 1, other: 1 })
    if (name === '__proto__') await broker.createTopics([topic(name)])
    await broker.produce({ acks: -1, partitions: [{ topic: name, partition: 0, batch: batchOf('v') }] })
    const { broker: again } = await brokerOver(directory.crashed())
    const [found] = await again.describeTopics([{ topic: name }])
    expect(found.description?.partitions[0].highWatermark).toBe(1)
    expect((await again.deleteTopics([{ topic: name }]))[0].error).toBeUndefined()
    expect((await again.listTopics()).map(({ topic }) => topic)).toEqual(['other'])
  })
})

describe('durability', () => {
  test('the answer to a creation, and every list that shows it, waits for the disk', async () => {
    const { broker, directory } = await brokerOver()
    directory.hold()
    const created = broker.createTopics([topic('a')])
    const listed = broker.listTopics()
    const described = broker.describeTopics([{ topic: 'a' }])
    expect(await stateOf(Promise.race([created, listed, described]))).toBe('pending')
    directory.release()
    await created
    expect((await listed).map(({ topic }) => topic)).toEqual(['a'])
    expect((await described)[0].error).toBeUndefined()
  })

  test('creation, data and settings of one stretch share one group', async () => {
    const { broker, directory } = await brokerOver()
    await broker.createTopics([topic('a', { partitions: 4 })])
    expect(directory.groups).toBe(1)
  })

  test('a topic whose record never reached the disk is not shown', async () => {
    const { broker, directory } = await brokerWith({ old: 1 })
    directory.hold()
    const created = broker.createTopics([topic('a')])
    directory.fail(new Error('sync failed'))
    expect((await created)[0].error?.code).toBe('UNKNOWN_SERVER_ERROR')
    expect((await broker.listTopics()).map(({ topic }) => topic)).toEqual(['old'])
    expect((await broker.describeTopics([{ topic: 'a' }]))[0].error).toBeDefined()
    expect(broker.health().failure?.message).toBe('sync failed')
  })

  test('a restart finds topics, ids, partitions and settings as they were', async () => {
    const { broker, directory } = await brokerOver()
    const [a] = await broker.createTopics([topic('a', { partitions: 3, settings: [['retention.ms', '1']] })])
    await broker.createTopics([topic('b')])
    await broker.deleteTopics([{ topic: 'b' }])
    await broker.createTopics([topic('b', { partitions: 2 })])
    await broker.alterTopic(
      { topic: 'a' },
      new Map([
        ['retention.bytes', '9'],
        ['retention.ms', null],
      ] as const),
    )
    const { broker: again } = await brokerOver(directory.crashed())
    const topics = await again.listTopics()
    expect(topics.map(({ topic, partitions }) => [topic, partitions.length])).toEqual([
      ['a', 3],
      ['b', 2],
    ])
    expect(topics[0].topicId).toBe(a.topicId)
    expect(topics[0].settings.filter(({ source }) => source === 'topic')).toEqual([
      { name: 'retention.bytes', value: '9', source: 'topic' },
    ])
  })

  test('a creation that no sync carried is gone after a power cut', async () => {
    const { broker, directory } = await brokerWith({ old: 1 })
    directory.hold()
    void broker.createTopics([topic('a')])
    const { broker: again } = await brokerOver(directory.crashed())
    expect((await again.listTopics()).map(({ topic }) => topic)).toEqual(['old'])
  })
})

describe('deleting', () => {
  test('by name or by id; what is not there is said so', async () => {
    const { broker, directory } = await brokerWith({ a: 2, b: 1 })
    const [b] = await broker.describeTopics([{ topic: 'b' }])
    const results = await broker.deleteTopics([
      { topic: 'a' },
      { topicId: b.topicId },
      { topic: 'a' },
      { topicId: b.topicId },
      { topic: '__varve_registry' },
    ])
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_ID',
      'INVALID_TOPIC_EXCEPTION',
    ])
    expect(directory.deleted).toEqual(['a-0', 'a-1', 'b-0'])
  })
})

describe('altering', () => {
  test('a slow change does not come true after a later one', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    const partition = [...directory.partitions.values()].find(({ topic }) => topic === 'a')!
    const done: (() => void)[] = []
    partition.configure = settings =>
      new Promise(resolve => {
        done.push(() => {
          partition.settings = settings
          resolve()
        })
      })
    const first = broker.alterTopic({ topic: 'a' }, new Map([['varve.durability', 'interval']]))
    const second = broker.alterTopic({ topic: 'a' }, new Map([['varve.durability', 'fsync']]))
    expect(done.length).toBe(1)
    done[0]()
    await first
    expect(await stateOf(second)).toBe('pending')
    done[1]()
    await second
    expect(partition.durability).toBe('fsync')
  })

  test('reaches every partition, and refuses as a whole', async () => {
    const { broker, directory } = await brokerWith({ a: 2 })
    await broker.alterTopic({ topic: 'a' }, new Map([['varve.durability', 'interval']]))
    expect(directory.configured).toEqual([
      { topic: 'a', durability: 'interval' },
      { topic: 'a', durability: 'interval' },
    ])
    const changes = new Map([
      ['varve.durability', 'os'],
      ['nonsense', '1'],
    ])
    await expect(broker.alterTopic({ topic: 'a' }, changes)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    expect((await broker.listTopics())[0].partitions[0].durability).toBe('interval')
  })
})

describe('auto-creation', () => {
  test('a topic that is asked for by name is there in the answer', async () => {
    const { broker } = await brokerOver(undefined, { 'num.partitions': '2' })
    const [made] = await broker.describeTopics([{ topic: 'new' }], { autoCreate: true })
    expect(made.description?.partitions.length).toBe(2)
  })

  test('not without being asked, not by id, not with a bad name, not when it is off', async () => {
    const { broker } = await brokerOver()
    const { broker: off } = await brokerOver(new MemoryDirectory(), { 'auto.create.topics.enable': 'false' })
    const id = 'c29tZS1vdGhlci1pZC0xMg'
    const code = async (answer: ReturnType<typeof broker.describeTopics>) => (await answer)[0].error?.code
    expect(await code(broker.describeTopics([{ topic: 'a' }]))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await code(broker.describeTopics([{ topicId: id }], { autoCreate: true }))).toBe('UNKNOWN_TOPIC_ID')
    expect(await code(broker.describeTopics([{ topic: 'a b' }], { autoCreate: true }))).toBe('INVALID_TOPIC_EXCEPTION')
    expect(await code(off.describeTopics([{ topic: 'a' }], { autoCreate: true }))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})
