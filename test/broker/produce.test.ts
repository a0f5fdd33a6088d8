// Produce: order, answers and what they wait for.

import { describe, expect, test } from 'vitest'
import { MemoryDirectory } from './memory-log.ts'
import { batchOf, brokerOver, brokerWith, stateOf, valuesOf } from './setup.ts'

const to = (topic: string, ...values: string[]) => ({ topic, partition: 0, batch: batchOf(...values) })

test('requests that are begun one after the other keep their order', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const answers = await Promise.all(
    ['1', '2', '3'].map(value => broker.produce({ acks: 1, partitions: [to('a', value, value)] })),
  )
  expect(answers.map(([{ baseOffset }]) => baseOffset)).toEqual([0, 2, 4])
  const [read] = await broker.fetch({
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1e6,
    partitions: [{ topic: 'a', partition: 0, offset: 0, maxBytes: 1e6 }],
  })
  expect(valuesOf(read.buffers)).toEqual(['1', '1', '2', '2', '3', '3'])
})

test.each([1, -1])('acks=%i is answered when the disk has it', async acks => {
  const { broker, directory } = await brokerWith({ a: 1 })
  directory.hold()
  const answer = broker.produce({ acks, partitions: [to('a', 'x')] })
  expect(await stateOf(answer)).toBe('pending')
  directory.release()
  expect((await answer)[0]).toEqual({ error: undefined, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 })
})

test('acks=0 is answered at once', async () => {
  const { broker, directory } = await brokerWith({ a: 1 })
  directory.hold()
  expect(await stateOf(broker.produce({ acks: 0, partitions: [to('a', 'x')] }))).toBe('resolved')
})

test('other acks are refused, and nothing is written', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const [{ error }] = await broker.produce({ acks: 2, partitions: [to('a', 'x')] })
  expect(error).toMatchObject({ code: 'INVALID_REQUIRED_ACKS', kafkaCode: 21 })
  expect((await broker.listTopics())[0].partitions[0].nextOffset).toBe(0)
})

test('acks=all with min.insync.replicas=2 is refused; acks=1 is not', async () => {
  const { broker } = await brokerWith({ a: 1 }, { 'min.insync.replicas': '2' })
  const [all] = await broker.produce({ acks: -1, partitions: [to('a', 'x')] })
  const [one] = await broker.produce({ acks: 1, partitions: [to('a', 'x')] })
  expect([all.error?.code, one.error]).toEqual(['NOT_ENOUGH_REPLICAS', undefined])
})

test('each partition has its own answer, by name or by id', async () => {
  const { broker } = await brokerWith({ a: 2, b: 1 })
  const [{ topicId }] = await broker.describeTopics([{ topic: 'b' }])
  const broken = batchOf('x')
  broken[broken.length - 1] ^= 1
  const results = await broker.produce({
    acks: -1,
    partitions: [
      to('a', '1'),
      { topic: 'a', partition: 7, batch: batchOf('2') },
      { topicId, partition: 0, batch: batchOf('3') },
      { topicId: 'c29tZS1vdGhlci1pZC0xMg', partition: 0, batch: batchOf('4') },
      { topic: 'a', partition: 1, batch: broken },
      { topic: '__varve_registry', partition: 0, batch: batchOf('5') },
    ],
  })
  expect(results.map(({ error, baseOffset }) => error?.code ?? baseOffset)).toEqual([
    0,
    'UNKNOWN_TOPIC_OR_PARTITION',
    0,
    'UNKNOWN_TOPIC_ID',
    'CORRUPT_MESSAGE',
    'INVALID_TOPIC_EXCEPTION',
  ])
})

test('expectOffset: the second writer learns that it came too late', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const [first, second] = await Promise.all([
    broker.produce({ acks: -1, partitions: [{ ...to('a', '1'), expectOffset: 0 }] }),
    broker.produce({ acks: -1, partitions: [{ ...to('a', '2'), expectOffset: 0 }] }),
  ])
  expect(first[0].baseOffset).toBe(0)
  expect(second[0].error).toMatchObject({ code: 'OFFSET_CONFLICT', details: { nextOffset: 1 } })
})

test('a failed sync is a storage error for every append that it carried, and for later ones', async () => {
  const { broker, directory } = await brokerWith({ a: 1, b: 1 })
  directory.hold()
  const one = broker.produce({ acks: -1, partitions: [to('a', '1')] })
  const two = broker.produce({ acks: -1, partitions: [to('a', '2'), to('b', '2'), to('none', '2')] })
  void broker.produce({ acks: 0, partitions: [to('a', '3')] })
  directory.fail(new Error('EIO'))
  expect((await one)[0]).toMatchObject({ baseOffset: -1, error: { code: 'UNKNOWN_SERVER_ERROR' } })
  expect((await two).map(({ error }) => error?.code)).toEqual([
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  const [later] = await broker.produce({ acks: -1, partitions: [to('a', '4')] })
  expect(later.error?.code).toBe('KAFKA_STORAGE_ERROR')
})

test('LogAppendTime is in the answer', async () => {
  const { broker } = await brokerWith({ a: 1 }, { 'message.timestamp.type': 'LogAppendTime' })
  const [{ logAppendTimeMs }] = await broker.produce({ acks: -1, partitions: [to('a', 'x')] })
  expect(logAppendTimeMs).toBe(1234)
})

describe('producer ids', () => {
  test('are never given twice, over blocks and over power cuts', async () => {
    const { broker, directory } = await brokerOver()
    const ids = new Set<number>()
    for (let i = 0; i < 1500; i++) ids.add((await broker.initProducerId()).producerId)
    const { broker: again } = await brokerOver(directory.crashed())
    for (let i = 0; i < 10; i++) ids.add((await again.initProducerId()).producerId)
    expect(ids.size).toBe(1510)
    expect(directory.groups).toBe(2)
  })

  test('wait for the record that reserves them', async () => {
    const { broker, directory } = await brokerOver()
    directory.hold()
    const [first, second] = [broker.initProducerId(), broker.initProducerId()]
    expect(await stateOf(Promise.race([first, second]))).toBe('pending')
    directory.release()
    expect([await first, await second]).toEqual([
      { producerId: 0, producerEpoch: 0 },
      { producerId: 1, producerEpoch: 0 },
    ])
  })
})

test('counters add up', async () => {
  const { broker } = await brokerWith({ a: 1 })
  const batch = batchOf('1', '2', '3')
  await broker.produce({ acks: -1, partitions: [{ topic: 'a', partition: 0, batch }, to('none', '1')] })
  expect(broker.metrics.total).toMatchObject({
    appendedRecords: 3,
    appendedBatches: 1,
    appendedBytes: batch.length,
    refusedBatches: 1,
  })
  expect(broker.metrics.topics.get('a')).toMatchObject({ appendedRecords: 3, appendedBytes: batch.length })
})

test('closing: new work is refused, what was appended becomes durable, the directory is closed once', async () => {
  const { broker, directory } = await brokerWith({ a: 1 })
  directory.hold()
  const answer = broker.produce({ acks: -1, partitions: [to('a', 'x')] })
  const closing = [broker.close(), broker.close()]
  await expect(broker.produce({ acks: -1, partitions: [to('a', 'y')] })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  await expect(broker.listTopics()).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  await Promise.all(closing)
  expect((await answer)[0].error).toBeUndefined()
  expect(directory.isClosed).toBe(true)
})

test('a directory that cannot be served is closed again', async () => {
  const directory = new MemoryDirectory()
  directory.refuseOpenOf = { topic: '__varve_registry', partition: 0 }
  await expect(brokerOver(directory)).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
  expect(directory.isClosed).toBe(true)
})
