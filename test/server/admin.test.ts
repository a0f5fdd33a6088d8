// The admin APIs at every version that is announced: what a tool asks is what it gets, and a single node says so honestly.

import { beforeEach, describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/names.ts'
import type { Broker } from '../../src/broker/types.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { batchOf } from '../broker/setup.ts'
import { type Probe, Stage } from './probe.ts'

const versions = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const space: Partial<Broker> = { diskSpace: async () => ({ path: '/data', totalBytes: 1000, freeBytes: 400 }) }

let stage: Stage
let probe: Probe
let id: string

beforeEach(async () => {
  stage = await Stage.open({ broker: space })
  const [made] = await stage.broker.createTopics([{ topic: 'orders', partitions: 2, replicationFactor: 1 }])
  id = made.topicId
  await stage.broker.produce({ acks: -1, partitions: [{ topic: 'orders', partition: 0, batch: batchOf('x', 'y') }] })
  probe = await stage.connect()
})

const topic = 2
const broker = 4

test.each(versions(0, 3))('CreatePartitions v%d', async version => {
  const ask = (name: string, count: number, validateOnly = false) =>
    probe.ask(apis.createPartitions, version, {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 1000,
      validateOnly,
    })
  expect((await ask('orders', 4, true)).results).toEqual([{ name: 'orders', errorCode: 0, errorMessage: null }])
  expect((await ask('orders', 3)).results).toMatchObject([{ errorCode: 0 }])
  expect((await ask('orders', 3)).results).toMatchObject([{ name: 'orders', errorCode: 37 }])
  expect((await ask('none', 3)).results).toMatchObject([{ name: 'none', errorCode: 3 }])
})

test.each(versions(0, 2))('DeleteRecords v%d', async version => {
  const offsets = [
    { partitionIndex: 0, offset: 1 },
    { partitionIndex: 1, offset: 9 },
    { partitionIndex: 5, offset: 0 },
  ]
  const { topics } = await probe.ask(apis.deleteRecords, version, {
    topics: [{ name: 'orders', partitions: offsets }],
    timeoutMs: 1000,
  })
  expect(topics).toEqual([
    {
      name: 'orders',
      partitions: [
        { partitionIndex: 0, lowWatermark: 1, errorCode: 0 },
        { partitionIndex: 1, lowWatermark: -1, errorCode: 1 },
        { partitionIndex: 5, lowWatermark: -1, errorCode: 3 },
      ],
    },
  ])
})

test.each(versions(0, 4))('OffsetForLeaderEpoch v%d', async version => {
  const asked = (partition: number, currentLeaderEpoch = -1) => ({ partition, currentLeaderEpoch, leaderEpoch: 0 })
  const { topics } = await probe.ask(apis.offsetForLeaderEpoch, version, {
    topics: [{ topic: 'orders', partitions: [asked(0), asked(9), asked(0, 5)] }],
  })
  const leaderEpoch = version >= 1 ? 0 : -1
  expect(topics[0].partitions).toMatchObject([
    { errorCode: 0, partition: 0, leaderEpoch, endOffset: 2 },
    { errorCode: 3, partition: 9, leaderEpoch: -1, endOffset: -1 },
    version >= 2 ? { errorCode: 75 } : { errorCode: 0 },
  ])
})

describe.each(versions(0, 4))('DescribeConfigs v%d', version => {
  const ask = async (resourceType: number, resourceName: string, configurationKeys: string[] | null = null) =>
    (
      await probe.ask(apis.describeConfigs, version, {
        resources: [{ resourceType, resourceName, configurationKeys }],
        includeSynonyms: version >= 1,
        includeDocumentation: version >= 3,
      })
    ).results[0]

  test('a topic, whole or by name, with where each value comes from', async () => {
    await stage.broker.alterTopic({ topic: 'orders' }, new Map([['retention.ms', '5']]))
    const { errorCode, configs } = await ask(topic, 'orders')
    expect(errorCode).toBe(0)
    expect(configs.map(({ name }) => name)).toContain('segment.bytes')
    const wanted = ['retention.ms', 'cleanup.policy', 'no.such']
    const [cleanup, retention] = (await ask(topic, 'orders', wanted)).configs
    expect(retention).toMatchObject({ name: 'retention.ms', value: '5', readOnly: false, isSensitive: false })
    if (version === 0) expect([retention.isDefault, cleanup.isDefault]).toEqual([false, true])
    else {
      expect([retention.configSource, cleanup.configSource]).toEqual([1, 5])
      expect(retention.synonyms).toEqual([
        { name: 'retention.ms', value: '5', source: 1 },
        { name: 'log.retention.ms', value: '604800000', source: 5 },
      ])
    }
    if (version >= 3) expect([retention.configType, cleanup.configType]).toEqual([5, 7])
    if (version >= 3) expect(retention.documentation).toMatch(/newest record/)
  })

  test('the broker by its id, all brokers without a name', async () => {
    const named = await ask(broker, '1', ['log.retention.ms', 'varve.journal.bytes'])
    expect(named.configs).toMatchObject([
      { name: 'log.retention.ms', value: '604800000', readOnly: false },
      { name: 'varve.journal.bytes', readOnly: true },
    ])
    expect((await ask(broker, '')).configs).toEqual([])
  })

  test('what is not there', async () => {
    expect(await ask(topic, 'none')).toMatchObject({ errorCode: 3, configs: [] })
    expect(await ask(topic, 'a/b')).toMatchObject({ errorCode: 17 })
    expect(await ask(broker, '7')).toMatchObject({ errorCode: 42 })
    expect(await ask(32, 'group')).toMatchObject({ errorCode: 42, resourceType: 32, resourceName: 'group' })
  })
})

test.each(versions(0, 2))('AlterConfigs v%d puts all of a resource in place of what it had', async version => {
  const ask = async (configs: { name: string; value: string | null }[], resourceName = 'orders') =>
    (
      await probe.ask(apis.alterConfigs, version, {
        resources: [{ resourceType: topic, resourceName, configs }],
        validateOnly: false,
      })
    ).responses[0]
  const own = async () =>
    (await stage.broker.describeTopicSettings({ topic: 'orders' }))
      .filter(({ source }) => source === 'topic')
      .map(({ name, value }) => `${name}=${value}`)
  expect(await ask([{ name: 'retention.ms', value: '5' }])).toMatchObject({ errorCode: 0, resourceName: 'orders' })
  expect(await ask([{ name: 'segment.ms', value: '6' }])).toMatchObject({ errorCode: 0 })
  expect(await own()).toEqual(['segment.ms=6'])
  expect(await ask([{ name: 'segment.ms', value: 'x' }])).toMatchObject({ errorCode: 40 })
  expect(await ask([{ name: 'segment.ms', value: null }])).toMatchObject({ errorCode: 42 })
  expect(await ask([], 'none')).toMatchObject({ errorCode: 3 })
  expect(await own()).toEqual(['segment.ms=6'])
})

test.each(versions(0, 1))('IncrementalAlterConfigs v%d changes what is named', async version => {
  type Config = { name: string; configOperation: number; value: string | null }
  const ask = async (...resources: [type: number, name: string, configs: Config[]][]) =>
    (
      await probe.ask(apis.incrementalAlterConfigs, version, {
        resources: resources.map(([resourceType, resourceName, configs]) => ({ resourceType, resourceName, configs })),
        validateOnly: false,
      })
    ).responses.map(({ errorCode }) => errorCode)
  const retention: Config = { name: 'retention.ms', configOperation: 0, value: '5' }
  const policy: Config = { name: 'cleanup.policy', configOperation: 2, value: 'compact' }
  const partitions: Config = { name: 'num.partitions', configOperation: 0, value: '4' }
  expect(await ask([topic, 'orders', [retention, policy]], [broker, '1', [partitions]])).toEqual([0, 0])
  expect(await ask([topic, 'orders', [{ ...retention, configOperation: 1, value: null }]])).toEqual([0])
  const settings = new Map((await stage.broker.describeTopicSettings({ topic: 'orders' })).map(s => [s.name, s.value]))
  expect([settings.get('retention.ms'), settings.get('cleanup.policy')]).toEqual(['604800000', 'delete,compact'])
  expect(stage.broker.settings.number('num.partitions')).toBe(4)
  expect(await ask([topic, 'orders', [{ ...retention, configOperation: 9 }]])).toEqual([42])
  expect(await ask([topic, 'orders', []], [topic, 'orders', []])).toEqual([42, 42])
  expect(await ask([broker, '1', [{ ...partitions, name: 'varve.journal.bytes' }]])).toEqual([40])
  expect(await ask([16, 'metrics', []])).toEqual([42])
})

test.each(versions(1, 5))('DescribeLogDirs v%d', async version => {
  const ask = async (topics: { topic: string; partitions: number[] }[] | null) =>
    (await probe.ask(apis.describeLogDirs, version, { topics })).results
  const [all] = await ask(null)
  expect(all).toMatchObject({ errorCode: 0, logDir: '/data', isCordoned: false })
  expect([all.totalBytes, all.usableBytes]).toEqual(version >= 4 ? [1000, 400] : [-1, -1])
  expect(all.topics[0].partitions).toEqual([
    { partitionIndex: 0, partitionSize: batchOf('x', 'y').length, offsetLag: 0, isFutureKey: false },
    { partitionIndex: 1, partitionSize: 0, offsetLag: 0, isFutureKey: false },
  ])
  const some = await ask([
    { topic: 'orders', partitions: [1, 7] },
    { topic: 'none', partitions: [0] },
  ])
  expect(some[0].topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([['orders', 1]])
})

test.each(versions(0, 2))('ElectLeaders v%d: no election is needed', async version => {
  const topicPartitions = [{ topic: 'orders', partitions: [0, 9] }]
  const answer = await probe.ask(apis.electLeaders, version, { topicPartitions, timeoutMs: 1000 })
  expect(answer.errorCode).toBe(0)
  const codes = answer.replicaElectionResults[0].partitionResult.map(({ errorCode }) => errorCode)
  expect(codes).toEqual([84, 3])
  const all = await probe.ask(apis.electLeaders, version, { topicPartitions: null, timeoutMs: 1000 })
  expect(all.replicaElectionResults).toEqual([])
})

test.each(versions(0, 1))('AlterPartitionReassignments v%d: a partition stays where it is', async version => {
  const asked = [[1], [1, 2], null]
  const { responses } = await probe.ask(apis.alterPartitionReassignments, version, {
    topics: [
      { name: 'orders', partitions: asked.map(replicas => ({ partitionIndex: 0, replicas })) },
      { name: 'none', partitions: [{ partitionIndex: 0, replicas: [1] }] },
    ],
  })
  expect(responses.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([[0, 39, 85], [3]])
})

test('ListPartitionReassignments: nothing is on the move', async () => {
  expect(await probe.ask(apis.listPartitionReassignments, 0, {})).toMatchObject({ errorCode: 0, topics: [] })
})

test.each(versions(0, 2))('DescribeQuorum v%d: this node is the quorum', async version => {
  const answer = await probe.ask(apis.describeQuorum, version, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }],
  })
  const [first, second] = answer.topics[0].partitions
  expect(first).toMatchObject({ errorCode: 0, leaderId: 1, currentVoters: [{ replicaId: 1 }], observers: [] })
  expect(second.errorCode).toBe(3)
  if (version >= 2) expect(answer.nodes).toMatchObject([{ nodeId: 1, listeners: [{ host: '127.0.0.1', port: 9092 }] }])
})

test.each(versions(0, 2))('UpdateFeatures v%d: there are none', async version => {
  const update = { feature: 'kraft.version', maxVersionLevel: 1 }
  const answer = await probe.ask(apis.updateFeatures, version, { featureUpdates: [update] })
  if (version >= 2) expect(answer.errorCode).toBe(95)
  else expect(answer.results).toMatchObject([{ feature: 'kraft.version', errorCode: 95 }])
  expect((await probe.ask(apis.updateFeatures, version, { featureUpdates: [] })).errorCode).toBe(0)
})

test('DescribeProducers: what partitions remember', async () => {
  const producers = [{ producerId: 7, producerEpoch: 1, lastSequence: 3, lastTimestamp: 99 }]
  stage = await Stage.open({
    broker: { describeProducers: async asked => asked.map(() => ({ error: undefined, producers })) },
  })
  probe = await stage.connect()
  const ask = () => probe.ask(apis.describeProducers, 0, { topics: [{ name: 'orders', partitionIndexes: [1] }] })
  expect((await ask()).topics[0].partitions).toEqual([
    {
      partitionIndex: 1,
      errorCode: 0,
      errorMessage: null,
      activeProducers: [{ ...producers[0], coordinatorEpoch: -1, currentTxnStartOffset: -1 }],
    },
  ])
  probe = await (await Stage.open()).connect()
  expect((await ask()).topics[0].partitions).toMatchObject([{ errorCode: 3, activeProducers: [] }])
})

test('what is named a hundred thousand times is not described a hundred thousand times', async () => {
  const many = <T>(one: T): T[] => Array.from({ length: 100_000 }, () => one)
  const resource = { resourceType: topic, resourceName: 'orders', configurationKeys: null }
  const { results } = await probe.ask(apis.describeConfigs, 4, { resources: many(resource) })
  expect(results.length).toBe(100_000)
  expect(results[7]).toMatchObject({ errorCode: 42, configs: [] })
  const producers = await probe.ask(apis.describeProducers, 0, {
    topics: [{ name: 'orders', partitionIndexes: many(0) }],
  })
  expect(producers.topics[0].partitions[7]).toMatchObject({ errorCode: 42, activeProducers: [] })
  const deleted = await probe.ask(apis.deleteTopics, 5, { topicNames: many('orders'), timeoutMs: 1 })
  expect(deleted.responses[7].errorCode).toBe(42)
})

test('ListConfigResources: client metrics alone in v0, by type in v1', async () => {
  expect((await probe.ask(apis.listConfigResources, 0, {})).configResources).toEqual([])
  const ask = async (...resourceTypes: number[]) => {
    const { errorCode, configResources } = await probe.ask(apis.listConfigResources, 1, { resourceTypes })
    return errorCode === 0 ? configResources.map(each => `${each.resourceType} ${each.resourceName}`) : errorCode
  }
  expect(await ask()).toEqual(['2 orders', '4 1'])
  expect(await ask(topic)).toEqual(['2 orders'])
  expect(await ask(16, 32)).toEqual([])
  expect(await ask(3)).toBe(35)
})

describe('DescribeTopicPartitions', () => {
  const ask = (
    names: string[],
    responsePartitionLimit = 2000,
    cursor: { topicName: string; partitionIndex: number } | null = null,
  ) =>
    probe.ask(apis.describeTopicPartitions, 0, {
      topics: names.map(name => ({ name })),
      responsePartitionLimit,
      cursor,
    })

  test('topics with their partitions, unknown ones with their error', async () => {
    const { topics, nextCursor } = await ask(['orders', 'none', 'a/b'])
    expect(topics).toMatchObject([
      { errorCode: 17, name: 'a/b', topicId: zeroUuid },
      { errorCode: 3, name: 'none', partitions: [] },
      { errorCode: 0, name: 'orders', topicId: id, partitions: [{ partitionIndex: 0, leaderId: 1 }, {}] },
    ])
    expect(topics[2].partitions[0]).toMatchObject({ isrNodes: [1], eligibleLeaderReplicas: [], offlineReplicas: [] })
    expect(topics[2].topicAuthorizedOperations).toBe(3576)
    expect(nextCursor).toBeNull()
  })

  test.each([1, 2, 3, 4, 100])('pages of %d partitions give all of them once, in order', async limit => {
    await stage.broker.createTopics(
      ['a', 'z', 'm'].map((each, i) => ({ topic: each, partitions: 1 + i * 2, replicationFactor: 1 })),
    )
    const seen: string[] = []
    let cursor: Parameters<typeof ask>[2] = null
    do {
      const page: Awaited<ReturnType<typeof ask>> = await ask([], limit, cursor)
      const rows = page.topics.flatMap(each => each.partitions.map(row => `${each.name}-${row.partitionIndex}`))
      expect(rows.length).toBeLessThanOrEqual(limit)
      seen.push(...rows)
      cursor = page.nextCursor
    } while (cursor !== null)
    const partitions = { a: 1, m: 5, orders: 2, z: 3 }
    expect(seen).toEqual(Object.entries(partitions).flatMap(([name, n]) => versions(0, n - 1).map(p => `${name}-${p}`)))
  })
})
