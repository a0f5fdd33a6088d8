// Partitions are added, records deleted and settings changed while the broker runs; a restart finds all of it.

import { describe, expect, test } from 'vitest'
import type { Broker } from '../../src/broker/types.ts'
import { batchOf, brokerOver, brokerWith, stateOf, tick, valuesOf } from './setup.ts'

const produce = (broker: Broker, topic: string, partition: number, ...values: string[]) =>
  broker.produce({ acks: -1, partitions: [{ topic, partition, batch: batchOf(...values) }] })
const read = async (broker: Broker, topic: string, partition: number, offset: number) =>
  (
    await broker.fetch({
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 20,
      partitions: [{ topic, partition, offset, maxBytes: 1 << 20 }],
    })
  )[0]
const set = (name: string, value: string | null) => ({ name, operation: 'set' as const, value })

describe('more partitions', () => {
  const codes = async (broker: Broker, ...requests: Parameters<Broker['createPartitions']>[0]) =>
    (await broker.createPartitions(requests)).map(({ error }) => error?.code)

  test('they are there in the answer, take records, and survive a crash', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    expect(await codes(broker, { topic: 'a', partitions: 3 })).toEqual([undefined])
    expect((await broker.listTopics())[0].partitions.length).toBe(3)
    await produce(broker, 'a', 2, 'x')
    const { broker: next } = await brokerOver(directory.crashed())
    expect((await next.listTopics())[0].partitions.length).toBe(3)
    expect(valuesOf((await read(next, 'a', 2, 0)).buffers)).toEqual(['x'])
  })

  test('nobody hears of them, or gets an acknowledgement from them, before their record is durable', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    directory.hold()
    const growing = broker.createPartitions([{ topic: 'a', partitions: 2 }])
    const listed = broker.listTopics()
    const produced = produce(broker, 'a', 1, 'x')
    expect(await Promise.all([growing, listed, produced].map(stateOf))).toEqual(['pending', 'pending', 'pending'])
    const { broker: next } = await brokerOver(directory.crashed())
    expect((await next.listTopics())[0].partitions.length).toBe(1)
    directory.release()
    expect((await listed)[0].partitions.length).toBe(2)
    expect((await produced)[0].error).toBeUndefined()
  })

  test('a failed disk leaves the topic as it was', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    directory.hold()
    const growing = broker.createPartitions([{ topic: 'a', partitions: 2 }])
    await tick()
    directory.fail(new Error('the disk is gone'))
    expect((await growing)[0].error?.code).toBe('UNKNOWN_SERVER_ERROR')
    expect((await broker.listTopics())[0].partitions.length).toBe(1)
  })

  test('what cannot be is refused by name, and the limit holds', async () => {
    const { broker } = await brokerWith({ a: 2 }, { 'varve.partitions.max': '4' })
    expect(
      await codes(
        broker,
        { topic: 'a', partitions: 2 },
        { topic: 'none', partitions: 2 },
        { topic: '__consumer_offsets', partitions: 2 },
      ),
    ).toEqual(['INVALID_PARTITIONS', 'UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION'])
    expect(await codes(broker, { topic: 'a', partitions: 1 })).toEqual(['INVALID_PARTITIONS'])
    expect(await codes(broker, { topic: 'a', partitions: 5 })).toEqual(['POLICY_VIOLATION'])
    expect(await codes(broker, { topic: 'a', partitions: 3, assignments: [[2]] })).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
    ])
    expect(await codes(broker, { topic: 'a', partitions: 4, assignments: [[1]] })).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
    ])
    const twice = { topic: 'a', partitions: 3 }
    expect(await codes(broker, twice, twice)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
    await broker.createPartitions([twice], { validateOnly: true })
    expect((await broker.listTopics())[0].partitions.length).toBe(2)
    expect(await codes(broker, { topic: 'a', partitions: 4, assignments: [[1], [1]] })).toEqual([undefined])
  })
})

describe('deleted records', () => {
  const remove = (broker: Broker, topic: string, offset: number, partition = 0) =>
    broker.deleteRecords([{ topic, partition, offset }])

  test('the log starts later, at once and after a crash; asking for less changes nothing', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    await produce(broker, 'a', 0, 'x', 'y', 'z')
    expect(await remove(broker, 'a', 2)).toEqual([{ error: undefined, lowWatermark: 2 }])
    expect(await remove(broker, 'a', 1)).toEqual([{ error: undefined, lowWatermark: 2 }])
    expect((await read(broker, 'a', 0, 1)).error?.code).toBe('OFFSET_OUT_OF_RANGE')
    const { broker: next } = await brokerOver(directory.crashed())
    expect((await next.listOffsets([{ topic: 'a', partition: 0, timestamp: -2 }]))[0].offset).toBe(2)
    expect(await remove(next, 'a', -1)).toEqual([{ error: undefined, lowWatermark: 3 }])
  })

  test('what cannot be is refused by name', async () => {
    const { broker, directory } = await brokerWith({ a: 1 })
    await broker.alterTopic({ topic: 'a' }, new Map([['cleanup.policy', 'compact']]))
    const code = async (answer: ReturnType<typeof remove>) => (await answer)[0].error?.code
    expect(await code(remove(broker, 'a', 0))).toBe('POLICY_VIOLATION')
    await broker.alterTopic({ topic: 'a' }, new Map([['cleanup.policy', 'compact,delete']]))
    expect(await code(remove(broker, 'a', 1))).toBe('OFFSET_OUT_OF_RANGE')
    expect(await code(remove(broker, 'a', -2))).toBe('OFFSET_OUT_OF_RANGE')
    expect(await code(remove(broker, 'a', 0, 1))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await code(remove(broker, '__consumer_offsets', 0))).toBe('INVALID_TOPIC_EXCEPTION')
    directory.hold()
    const { durable } = { durable: produce(broker, 'a', 0, 'x') }
    expect(await code(remove(broker, 'a', 1))).toBe('OFFSET_OUT_OF_RANGE')
    directory.release()
    await durable
    directory.fail(new Error('the disk is gone'))
    expect(await remove(broker, 'a', 1)).toMatchObject([{ error: {}, lowWatermark: -1 }])
  })
})

describe('settings of the broker', () => {
  const valueOf = (broker: Broker, name: string) =>
    broker.describeBrokerSettings('node').find(setting => setting.name === name)!

  test('take effect at once, in every topic that has none of its own, and survive a crash', async () => {
    const { broker, directory } = await brokerWith({ a: 1, b: 1 })
    await broker.alterTopic({ topic: 'b' }, new Map([['max.message.bytes', '500']]))
    await broker.alterBroker('node', [set('message.max.bytes', '100'), set('num.partitions', '3')])
    expect((await produce(broker, 'a', 0, 'x'.repeat(100)))[0].error?.code).toBe('MESSAGE_TOO_LARGE')
    expect((await produce(broker, 'b', 0, 'x'.repeat(100)))[0].error).toBeUndefined()
    const [{ partitions }] = await broker.createTopics([{ topic: 'c', partitions: -1, replicationFactor: -1 }])
    expect(partitions).toBe(3)
    const { broker: next } = await brokerOver(directory.crashed())
    expect((await produce(next, 'a', 0, 'x'.repeat(100)))[0].error?.code).toBe('MESSAGE_TOO_LARGE')
    expect(valueOf(next, 'message.max.bytes')).toMatchObject({ value: '100', source: 'runtime' })
  })

  test('this node comes before all nodes, before what it was started with, before the default', async () => {
    const { broker } = await brokerOver(undefined, { 'num.partitions': '2' })
    await broker.alterBroker('all', [set('num.partitions', '3')])
    await broker.alterBroker('node', [set('num.partitions', '4')])
    const all = ['4 runtime', '3 runtime-default', '2 broker', '1 default']
    const seen = () => valueOf(broker, 'num.partitions').synonyms.map(({ value, source }) => `${value} ${source}`)
    expect(seen()).toEqual(all)
    expect(broker.describeBrokerSettings('all').map(({ name, value }) => [name, value])).toEqual([
      ['num.partitions', '3'],
    ])
    await broker.alterBroker('node', [{ name: 'num.partitions', operation: 'delete', value: null }])
    expect(seen()).toEqual(all.slice(1))
    await broker.alterBroker('all', [], { reset: true })
    expect(seen()).toEqual(all.slice(2))
    expect(broker.settings.number('num.partitions')).toBe(2)
  })

  test('a durability for all topics is true on disk when it is answered', async () => {
    const { broker } = await brokerWith({ a: 1 })
    await broker.alterBroker('all', [set('varve.log.durability', 'interval')])
    expect((await broker.listTopics())[0].partitions[0].durability).toBe('interval')
  })

  test('what cannot be is refused with the reason, and nothing changes', async () => {
    const { broker } = await brokerWith({ a: 1 })
    const refused = async (...changes: Parameters<Broker['alterBroker']>[1]) =>
      broker.alterBroker('node', changes).then(
        () => 'taken',
        error => `${error.code}: ${error.message}`,
      )
    expect(await refused(set('no.such', '1'))).toMatch(/^INVALID_CONFIG: there is no broker setting "no.such"/)
    expect(await refused(set('num.partitions', '0'))).toMatch(/^INVALID_CONFIG: num.partitions is at least 1/)
    expect(await refused(set('varve.journal.bytes', '1048576'))).toMatch(/^INVALID_CONFIG: .*only with a restart/)
    expect(await refused(set('retention.ms', '1'))).toMatch(/^INVALID_CONFIG/)
    expect(await refused(set('num.partitions', null))).toMatch(/^INVALID_REQUEST/)
    expect(await refused(set('num.partitions', '2'), set('num.partitions', '3'))).toMatch(/^INVALID_REQUEST/)
    expect(await refused(set('num.partitions', '2'), set('no.such', '3'))).toMatch(/^INVALID_CONFIG/)
    expect(broker.settings.number('num.partitions')).toBe(1)
    await broker.alterBroker('node', [set('num.partitions', '7')], { validateOnly: true })
    expect(broker.settings.number('num.partitions')).toBe(1)
  })
})

describe('settings of a topic', () => {
  const change = (operation: 'append' | 'subtract', value: string, name = 'cleanup.policy') => [
    { name, operation, value },
  ]
  const policy = async (broker: Broker) =>
    (await broker.describeTopicSettings({ topic: 'a' })).find(({ name }) => name === 'cleanup.policy')?.value

  test('parts of a list are added and taken out; of anything else they are not', async () => {
    const { broker } = await brokerWith({ a: 1 })
    await broker.alterTopic({ topic: 'a' }, change('append', 'compact'))
    expect(await policy(broker)).toBe('delete,compact')
    await broker.alterTopic({ topic: 'a' }, change('append', 'compact'))
    await broker.alterTopic({ topic: 'a' }, change('subtract', 'delete'))
    expect(await policy(broker)).toBe('compact')
    await expect(broker.alterTopic({ topic: 'a' }, change('subtract', 'compact'))).rejects.toThrow(/is one of/)
    await expect(broker.alterTopic({ topic: 'a' }, change('append', '1', 'retention.ms'))).rejects.toThrow(/not a list/)
  })

  test('a reset takes back what is not named', async () => {
    const { broker } = await brokerWith({ a: 1 })
    await broker.alterTopic({ topic: 'a' }, [set('retention.ms', '1'), set('cleanup.policy', 'compact')])
    await broker.alterTopic({ topic: 'a' }, [set('retention.ms', '2')], { reset: true })
    const own = (await broker.describeTopicSettings({ topic: 'a' })).filter(({ source }) => source === 'topic')
    expect(own).toMatchObject([{ name: 'retention.ms', value: '2', type: 'long', isReadOnly: false }])
    expect(own[0].synonyms.map(({ name }) => name)).toEqual(['retention.ms', 'log.retention.ms'])
  })

  test('of one that is not there, or internal', async () => {
    const { broker } = await brokerOver()
    const code = (promise: Promise<unknown>) =>
      promise.then(
        () => '',
        error => error.code,
      )
    expect(await code(broker.describeTopicSettings({ topic: 'a' }))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await code(broker.alterTopic({ topic: 'a' }, []))).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await code(broker.alterTopic({ topic: '__consumer_offsets' }, []))).toBe('INVALID_TOPIC_EXCEPTION')
  })
})
