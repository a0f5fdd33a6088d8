// Every API at every version that ApiVersions announces, over the engine: what a client asks is what it gets.

import { beforeEach, describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/names.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { setBaseOffset, stampCrc } from '../../src/records/index.ts'
import { batchAt, batchOf, valuesOf } from '../broker/setup.ts'
import { type Probe, Stage } from './probe.ts'

const versions = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

let stage: Stage
let probe: Probe
let id: string

beforeEach(async () => {
  stage = await Stage.open()
  const [made] = await stage.broker.createTopics([{ topic: 'orders', partitions: 2, replicationFactor: 1 }])
  id = made.topicId
  probe = await stage.connect()
})

describe('ApiVersions', () => {
  test.each(versions(0, 4))('v%d lists the table of handlers', async version => {
    const named = { clientSoftwareName: 'probe', clientSoftwareVersion: '1.0' }
    const answer = await probe.ask(apis.apiVersions, version, named)
    expect(answer.errorCode).toBe(0)
    expect(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion])).toEqual([
      [0, 0, 13],
      [1, 4, 18],
      [2, 0, 11],
      [3, 0, 13],
      [10, 0, 6],
      [18, 0, 4],
      [19, 0, 7],
      [20, 0, 6],
      [21, 0, 2],
      [22, 0, 5],
      [23, 0, 4],
      [32, 0, 4],
      [33, 0, 2],
      [35, 1, 5],
      [37, 0, 3],
      [43, 0, 2],
      [44, 0, 1],
      [45, 0, 1],
      [46, 0, 0],
      [55, 0, 2],
      [57, 0, 2],
      [60, 0, 2],
      [61, 0, 0],
      [74, 0, 1],
      [75, 0, 0],
    ])
    expect(answer.finalizedFeatures).toEqual([])
  })

  test('a version that is too new is answered in v0, with error 35 and our ranges, and the connection lives', async () => {
    probe.raw(Buffer.from(`0000000c${'0012'}${'0063'}${'00000000'}ffff${'0000'}`, 'hex'))
    const answer = probe.expectFrame()
    const frame = await answer
    expect(frame.subarray(0, 6).toString('hex')).toBe('00000000' + '0023')
    expect(frame.readInt32BE(6)).toBe(25)
    await expect(probe.ask(apis.metadata, 1, { topics: [] })).resolves.toBeDefined()
  })

  test.each(['', '-x', 'x-', 'a b', 'ä'])('a client that calls itself "%s" is refused', async clientSoftwareName => {
    const answer = await probe.ask(apis.apiVersions, 3, { clientSoftwareName, clientSoftwareVersion: '1' })
    expect(answer.errorCode).toBe(42)
  })
})

describe('Metadata', () => {
  test.each(versions(8, 13))(
    'v%d tells who asks that everything is allowed, as Kafka does without access lists',
    async version => {
      const ask = async (isAsked: boolean) => {
        const { topics, clusterAuthorizedOperations } = await probe.ask(apis.metadata, version, {
          topics: [{ name: 'orders' }],
          includeTopicAuthorizedOperations: isAsked,
          ...(version <= 10 && { includeClusterAuthorizedOperations: isAsked }),
        })
        return [topics[0].topicAuthorizedOperations, clusterAuthorizedOperations]
      }
      const notAsked = -(2 ** 31)
      expect(await ask(false)).toEqual([notAsked, notAsked])
      // Kafka's AclEntry.supportedOperations(TOPIC) and (CLUSTER)
      expect(await ask(true)).toEqual([3576, version <= 10 ? 8096 : notAsked])
    },
  )

  test.each(versions(0, 13))('v%d describes the node and the topic', async version => {
    const answer = await probe.ask(apis.metadata, version, { topics: [{ name: 'orders' }] })
    expect(answer.brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port: 9092, rack: null }])
    if (version >= 1) expect(answer.controllerId).toBe(1)
    if (version >= 2) expect(answer.clusterId).toBe(stage.broker.clusterId)
    const [topic] = answer.topics
    expect(topic).toMatchObject({ errorCode: 0, name: 'orders', isInternal: false })
    expect(topic.topicId).toBe(version >= 10 ? id : zeroUuid)
    expect(topic.topicAuthorizedOperations).toBe(-(2 ** 31))
    expect(topic.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1])
    expect(topic.partitions[0]).toMatchObject({ leaderId: 1, replicaNodes: [1], isrNodes: [1], offlineReplicas: [] })
    expect(topic.partitions[0].leaderEpoch).toBe(version >= 7 ? 0 : -1)
  })

  test('all topics: an empty list in v0, null later; none: an empty list from v1 on', async () => {
    const names = async (version: number, topics: [] | null) =>
      (await probe.ask(apis.metadata, version, { topics })).topics.map(({ name }) => name)
    expect(await names(0, [])).toEqual(['orders'])
    expect(await names(1, null)).toEqual(['orders'])
    expect(await names(1, [])).toEqual([])
    expect(await names(12, null)).toEqual(['orders'])
  })

  test('a missing topic is made at once if the client allows it, and in old versions always', async () => {
    const ask = async (version: number, name: string, allowAutoTopicCreation: boolean) =>
      (await probe.ask(apis.metadata, version, { topics: [{ name }], allowAutoTopicCreation })).topics[0]
    expect(await ask(9, 'missing', false)).toMatchObject({ errorCode: 3, name: 'missing', partitions: [] })
    expect(await ask(9, 'made', true)).toMatchObject({ errorCode: 0, partitions: [{ leaderId: 1 }] })
    expect(await ask(1, 'old', false)).toMatchObject({ errorCode: 0, partitions: [{ leaderId: 1 }] })
    expect(await ask(9, 'a/b', true)).toMatchObject({ errorCode: 17 })
    expect(await ask(9, '__proto__', true)).toMatchObject({ errorCode: 0, name: '__proto__' })
    expect(await ask(9, 'constructor', true)).toMatchObject({ errorCode: 0, name: 'constructor' })
  })

  test('without auto.create.topics.enable a missing topic stays missing', async () => {
    const closed = await Stage.open({ settings: { 'auto.create.topics.enable': 'false' } })
    const answer = await (await closed.connect()).ask(apis.metadata, 9, { topics: [{ name: 'x' }] })
    expect(answer.topics[0].errorCode).toBe(3)
  })

  test('topics by id from v12 on; an id nobody has is UNKNOWN_TOPIC_ID; an id in v10 is INVALID_REQUEST', async () => {
    const ask = async (version: number, topicId: string) =>
      (await probe.ask(apis.metadata, version, { topics: [{ topicId, name: version < 12 ? '' : null }] })).topics
    expect(await ask(12, id)).toMatchObject([{ errorCode: 0, name: 'orders', topicId: id }])
    const unknown = 'BBBBBBBBBBBBBBBBBBBBBA'
    expect(await ask(13, unknown)).toMatchObject([{ errorCode: 100, name: null, topicId: unknown }])
    expect(await ask(10, id)).toMatchObject([{ errorCode: 42 }])
  })

  test('the address is the one that the client dialled, unless another is advertised', async () => {
    const dialled = await stage.connect('varve.example')
    expect((await dialled.ask(apis.metadata, 1, { topics: [] })).brokers[0].host).toBe('varve.example')
    const other = await Stage.open({ advertised: { host: 'logs.example', port: 19_092 } })
    const answer = await (await other.connect()).ask(apis.describeCluster, 0, {
      includeClusterAuthorizedOperations: false,
    })
    expect(answer.brokers).toMatchObject([{ host: 'logs.example', port: 19_092 }])
  })
})

const produceRequest = (
  records: Buffer | null,
  more: { acks?: number; transactionalId?: string; name?: string } = {},
) => ({
  acks: more.acks ?? -1,
  timeoutMs: 1000,
  transactionalId: more.transactionalId ?? null,
  topicData: [
    {
      name: more.name ?? 'orders',
      topicId: more.name === undefined ? id : zeroUuid,
      partitionData: [{ index: 1, records }],
    },
  ],
})

const partitionOf = async (version: number, request: ReturnType<typeof produceRequest>) =>
  (await probe.ask(apis.produce, version, request)).responses[0].partitionResponses[0]

describe('Produce and Fetch', () => {
  test.each(versions(3, 13))('Produce v%d stores the batch', async version => {
    const answer = await probe.ask(apis.produce, version, produceRequest(batchOf('a', 'b')))
    expect(answer.responses[0]).toMatchObject(version >= 13 ? { topicId: id } : { name: 'orders' })
    expect(answer.responses[0].partitionResponses).toMatchObject([
      { index: 1, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1, errorMessage: null, recordErrors: [] },
    ])
    expect((await partitionOf(version, produceRequest(batchOf('c')))).baseOffset).toBe(2)
  })

  const fetchRequest = (more: object = {}, partition: object = {}) => ({
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic: 'orders',
        topicId: id,
        partitions: [{ partition: 1, fetchOffset: 0, partitionMaxBytes: 1 << 20, ...partition }],
      },
    ],
    ...more,
  })

  test.each(versions(4, 18))('Fetch v%d returns what was stored', async version => {
    await partitionOf(9, produceRequest(batchOf('a', 'b')))
    const answer = await probe.ask(apis.fetch, version, fetchRequest())
    expect(answer).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect(answer.responses[0]).toMatchObject(version >= 13 ? { topicId: id } : { topic: 'orders' })
    const [partition] = answer.responses[0].partitions
    expect(partition).toMatchObject({
      partitionIndex: 1,
      errorCode: 0,
      highWatermark: 2,
      lastStableOffset: 2,
      logStartOffset: version >= 5 ? 0 : -1,
      abortedTransactions: null,
      preferredReadReplica: -1,
    })
    expect(valuesOf([partition.records!])).toEqual(['a', 'b'])
  })

  test('read_committed gets an empty list of aborted transactions; records are never null', async () => {
    const answer = await probe.ask(apis.fetch, 11, fetchRequest({ isolationLevel: 1 }))
    const [partition] = answer.responses[0].partitions
    expect(partition.abortedTransactions).toEqual([])
    expect(partition.records?.length).toBe(0)
  })

  test('an offset outside the log, a missing partition, a missing topic, a foreign epoch: the code of each', async () => {
    const code = async (partition: object, more: object = {}) =>
      (await probe.ask(apis.fetch, 12, fetchRequest(more, partition))).responses[0].partitions[0].errorCode
    expect(await code({ fetchOffset: 5 })).toBe(1)
    expect(await code({ fetchOffset: -1 })).toBe(1)
    expect(await code({ partition: 9 })).toBe(3)
    expect(await code({ currentLeaderEpoch: 7 })).toBe(75)
    const unknown = await probe.ask(apis.fetch, 13, {
      ...fetchRequest(),
      topics: [{ ...fetchRequest().topics[0], topicId: zeroUuid }],
    })
    expect(unknown.responses[0].partitions[0].errorCode).toBe(100)
  })

  test('a long poll ends when the record comes', async () => {
    const other = await stage.connect()
    const polled = probe.ask(apis.fetch, 12, fetchRequest({ maxWaitMs: 20_000 }))
    await other.ask(apis.produce, 9, produceRequest(batchOf('late')))
    expect(valuesOf([(await polled).responses[0].partitions[0].records!])).toEqual(['late'])
  })

  describe('what is not a batch that we take is refused by name', () => {
    const damaged = () => {
      const batch = batchOf('a')
      batch[batch.length - 1] ^= 1
      return batch
    }
    const changed = (change: (batch: Buffer) => void) => {
      const batch = batchOf('a')
      change(batch)
      stampCrc(batch)
      return batch
    }
    const cases: Record<string, [() => Buffer | null, number]> = {
      'no records': [() => null, 87],
      'empty records': [() => Buffer.alloc(0), 87],
      'two batches': [() => Buffer.concat([batchOf('a'), batchOf('b')]), 87],
      'half a batch': [() => batchOf('a').subarray(0, 40), 87],
      'a wrong CRC': [damaged, 2],
      'magic 1': [() => changed(batch => batch.writeInt8(1, 16)), 87],
      'a base offset': [() => changed(batch => setBaseOffset(batch, 0, 5)), 87],
      'a control batch': [() => changed(batch => batch.writeInt16BE(0x20, 21)), 87],
      'a transactional batch': [() => changed(batch => batch.writeInt16BE(0x10, 21)), 53],
      'too large a batch': [() => batchOf('x'.repeat(1_100_000)), 10],
      'zstd before v7': [() => changed(batch => batch.writeInt16BE(4, 21)), 76],
    }
    test.each(Object.entries(cases))('%s', async (_, [records, code]) => {
      const answer = await partitionOf(6, produceRequest(records()))
      expect(answer).toMatchObject({ errorCode: code, baseOffset: -1 })
    })
  })

  test('trouble with one partition does not touch the others, and each answer stands in its place', async () => {
    const answer = await probe.ask(apis.produce, 9, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [
        { name: 'nowhere', topicId: '', partitionData: [{ index: 0, records: batchOf('a') }] },
        {
          name: 'orders',
          topicId: '',
          partitionData: [
            { index: 0, records: null },
            { index: 1, records: batchOf('b') },
            { index: 2, records: batchOf('c') },
          ],
        },
      ],
    })
    const codes = answer.responses.map(topic =>
      topic.partitionResponses.map(({ index, errorCode }) => [index, errorCode]),
    )
    expect(codes).toEqual([
      [[0, 3]],
      [
        [0, 87],
        [1, 0],
        [2, 3],
      ],
    ])
  })

  test('impossible acks, a transactional id, an unknown topic id', async () => {
    expect(await partitionOf(9, produceRequest(batchOf('a'), { acks: 2 }))).toMatchObject({ errorCode: 21 })
    const transactional = await partitionOf(9, produceRequest(batchOf('a'), { transactionalId: 'tx' }))
    expect(transactional).toMatchObject({ errorCode: 53, errorMessage: expect.stringContaining('not served') })
    expect(await partitionOf(13, produceRequest(batchOf('a'), { name: 'x' }))).toMatchObject({ errorCode: 100 })
  })
})

describe('ListOffsets', () => {
  const ask = async (version: number, timestamp: number, more: object = {}) => {
    const partitions = [{ partitionIndex: 1, timestamp, maxNumOffsets: 10, ...more }]
    const answer = await probe.ask(apis.listOffsets, version, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions }],
    })
    return answer.topics[0].partitions[0]
  }

  beforeEach(async () => {
    const batch = batchAt([
      ['a', 1000],
      ['b', 3000],
      ['c', 2000],
    ])
    await probe.ask(apis.produce, 9, produceRequest(batch))
  })

  test.each(versions(1, 11))('v%d by name and by time', async version => {
    expect(await ask(version, -1)).toMatchObject({ errorCode: 0, offset: 3, timestamp: -1 })
    expect(await ask(version, -2)).toMatchObject({ errorCode: 0, offset: 0, timestamp: -1 })
    expect(await ask(version, 1500)).toMatchObject({ errorCode: 0, offset: 1, timestamp: 3000 })
    expect(await ask(version, 9999)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 })
    expect(await ask(version, 2 ** 63)).toMatchObject({ errorCode: 0, offset: -1 })
    expect((await ask(version, -1)).leaderEpoch).toBe(version >= 4 ? 0 : -1)
  })

  test('names that a version does not know are UNSUPPORTED_VERSION for the partition', async () => {
    for (const [timestamp, since] of [
      [-3, 7],
      [-4, 8],
      [-5, 9],
      [-6, 11],
    ]) {
      expect((await ask(since - 1, timestamp)).errorCode).toBe(35)
      expect((await ask(since, timestamp)).errorCode).toBe(0)
    }
    expect((await ask(11, -7)).errorCode).toBe(35)
    expect(await ask(7, -3)).toMatchObject({ offset: 1, timestamp: 3000 })
  })

  test('v0 gets a list: the end and the starts of segments', async () => {
    expect((await ask(0, -1)).oldStyleOffsets).toEqual([3, 0])
    expect((await ask(0, -1, { maxNumOffsets: 1 })).oldStyleOffsets).toEqual([3])
    expect((await ask(0, -2)).oldStyleOffsets).toEqual([0])
    expect((await ask(0, -1, { partitionIndex: 7 })).errorCode).toBe(3)
  })

  test('a partition that is asked for twice is refused', async () => {
    const partition = { partitionIndex: 1, timestamp: -1 }
    const topics = [{ name: 'orders', partitions: [partition, partition] }]
    const answer = await probe.ask(apis.listOffsets, 5, { replicaId: -1, topics })
    expect(answer.topics[0].partitions.map(({ errorCode }) => errorCode)).toEqual([0, 42])
  })
})

describe('CreateTopics and DeleteTopics', () => {
  const topic = (name: string, more: object = {}) => ({ name, numPartitions: 2, replicationFactor: 1, ...more })

  test.each(versions(0, 7))('CreateTopics v%d', async version => {
    const configs = [{ name: 'retention.ms', value: '5000' }]
    const answer = await probe.ask(apis.createTopics, version, { topics: [topic('new', { configs })] })
    const [made] = answer.topics
    expect(made).toMatchObject({ name: 'new', errorCode: 0, errorMessage: version >= 1 ? null : '' })
    if (version >= 5) {
      expect(made).toMatchObject({ numPartitions: 2, replicationFactor: 1 })
      expect(made.configs).toContainEqual({
        name: 'retention.ms',
        value: '5000',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
      })
      expect(made.configs?.find(({ name }) => name === 'segment.bytes')?.configSource).toBe(5)
    }
    const [there] = await stage.broker.describeTopics([{ topic: 'new' }])
    expect(there.description?.partitions).toHaveLength(2)
    if (version >= 7) expect(made.topicId).toBe(there.topicId)
  })

  test('each kind of impossible topic has its own code', async () => {
    const cases: [object, number][] = [
      [topic('orders'), 36],
      [topic('a', { numPartitions: 0 }), 37],
      [topic('b', { replicationFactor: 3 }), 38],
      [
        topic('c', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [2] }] }),
        39,
      ],
      [topic('d', { configs: [{ name: 'retention.ms', value: 'soon' }] }), 40],
      [topic('e/f'), 17],
      [topic('__consumer_offsets'), 17],
    ]
    const answer = await probe.ask(apis.createTopics, 7, {
      topics: cases.map(([given]) => given as ReturnType<typeof topic>),
    })
    expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual(cases.map(([, code]) => code))
    const twice = await probe.ask(apis.createTopics, 7, { topics: [topic('g'), topic('g')] })
    expect(twice.topics.map(({ errorCode }) => errorCode)).toEqual([42, 42])
  })

  test('validateOnly makes nothing', async () => {
    const answer = await probe.ask(apis.createTopics, 7, { topics: [topic('new')], validateOnly: true })
    expect(answer.topics[0]).toMatchObject({ errorCode: 0, numPartitions: 2 })
    expect((await stage.broker.describeTopics([{ topic: 'new' }]))[0].error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  test.each(versions(0, 6))('DeleteTopics v%d', async version => {
    const request =
      version < 6
        ? { topicNames: ['orders', 'missing'], timeoutMs: 1000 }
        : {
            topics: [
              { name: 'orders', topicId: zeroUuid },
              { name: 'missing', topicId: zeroUuid },
            ],
            timeoutMs: 1000,
          }
    const answer = await probe.ask(apis.deleteTopics, version, request)
    expect(answer.responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['orders', 0],
      ['missing', 3],
    ])
    expect(await stage.broker.listTopics()).toEqual([])
  })

  test('by id, and what names a topic twice or not at all is refused', async () => {
    const ask = async (...topics: { name: string | null; topicId: string }[]) =>
      (await probe.ask(apis.deleteTopics, 6, { topics, timeoutMs: 1000 })).responses.map(({ errorCode }) => errorCode)
    expect(await ask({ name: 'orders', topicId: id }, { name: null, topicId: zeroUuid })).toEqual([42, 42])
    expect(await ask({ name: null, topicId: id }, { name: null, topicId: id })).toEqual([42, 42])
    expect(await ask({ name: null, topicId: id })).toEqual([0])
    expect(await ask({ name: null, topicId: id })).toEqual([100])
  })
})

describe('InitProducerId, FindCoordinator, DescribeCluster', () => {
  test.each(versions(0, 5))('InitProducerId v%d gives a fresh id, and none for a transactional id', async version => {
    const ask = (transactionalId: string | null) =>
      probe.ask(apis.initProducerId, version, { transactionalId, transactionTimeoutMs: 1000 })
    const [one, two] = [await ask(null), await ask(null)]
    expect(one).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    expect(two.producerId).toBeGreaterThan(one.producerId)
    expect(await ask('tx')).toMatchObject({ errorCode: 53, producerId: -1 })
    expect(await ask('')).toMatchObject({ errorCode: 42 })
  })

  test.each(versions(0, 6))(
    'FindCoordinator v%d: no coordinator, and for transactions a final error',
    async version => {
      const codes = async (keyType: number) => {
        const answer = await probe.ask(apis.findCoordinator, version, {
          key: 'g',
          keyType,
          coordinatorKeys: ['g', 'h'],
        })
        return version < 4 ? [answer.errorCode] : answer.coordinators.map(({ key, errorCode }) => `${key} ${errorCode}`)
      }
      expect(await codes(0)).toEqual(version < 4 ? [15] : ['g 15', 'h 15'])
      if (version >= 1) expect(await codes(1)).toEqual(version < 4 ? [53] : ['g 53', 'h 53'])
      if (version >= 1) expect(await codes(9)).toEqual(version < 4 ? [42] : ['g 42', 'h 42'])
    },
  )

  test.each(versions(0, 2))('DescribeCluster v%d', async version => {
    const ask = (endpointType: number, includeClusterAuthorizedOperations = false) =>
      probe.ask(apis.describeCluster, version, { includeClusterAuthorizedOperations, endpointType })
    expect(await ask(1)).toMatchObject({
      errorCode: 0,
      clusterId: stage.broker.clusterId,
      controllerId: 1,
      brokers: [{ brokerId: 1, host: '127.0.0.1', port: 9092, rack: null, isFenced: false }],
      clusterAuthorizedOperations: -(2 ** 31),
    })
    // Kafka's AclEntry.supportedOperations(CLUSTER)
    expect((await ask(1, true)).clusterAuthorizedOperations).toBe(8096)
    if (version >= 1) expect([(await ask(2)).errorCode, (await ask(3)).errorCode]).toEqual([114, 115])
  })
})
