// Requests of one connection begin in order, overlap, and are answered in order.

import { expect, test } from 'vitest'
import { KafkaError } from '../../src/base/errors.ts'
import type { ProduceRequest, ProduceResult } from '../../src/broker/types.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { batchOf } from '../broker/setup.ts'
import { gate, Stage, turns } from './probe.ts'

const stored = (baseOffset: number): ProduceResult => ({
  error: undefined,
  baseOffset,
  logAppendTimeMs: -1,
  logStartOffset: 0,
})

const produceTo = (name: string, index: number, records = batchOf('a'), acks = -1) => ({
  acks,
  timeoutMs: 1000,
  topicData: [{ name, topicId: '', partitionData: [{ index, records }] }],
})

/** A broker whose disk answers when the test says so. */
function slowDisk() {
  const begun: { request: ProduceRequest; durable: (results: ProduceResult[]) => void }[] = []
  const produce = (request: ProduceRequest) => {
    const { promise, open } = gate<ProduceResult[]>()
    begun.push({ request, durable: open })
    return promise
  }
  return { begun, broker: { produce } }
}

test('a slow sync stops neither the next request from beginning nor the order of the answers', async () => {
  const disk = slowDisk()
  const stage = await Stage.open({ broker: disk.broker })
  const probe = await stage.connect()
  const told: number[] = []
  const answers = [0, 1, 2].map(async partition => {
    const { responses } = await probe.ask(apis.produce, 9, produceTo('orders', partition))
    told.push(responses[0].partitionResponses[0].baseOffset)
  })
  await turns()
  expect(disk.begun.map(({ request }) => request.partitions[0].partition)).toEqual([0, 1, 2])
  disk.begun[2].durable([stored(12)])
  disk.begun[1].durable([stored(11)])
  await turns()
  expect(told).toEqual([])
  disk.begun[0].durable([stored(10)])
  await Promise.all(answers)
  expect(told).toEqual([10, 11, 12])
})

test('a thousand requests in one chunk are answered in order', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics([{ topic: 'orders', partitions: 1, replicationFactor: 1 }])
  const probe = await stage.connect()
  const answers = Array.from({ length: 1000 }, () => probe.ask(apis.produce, 9, produceTo('orders', 0)))
  const offsets = (await Promise.all(answers)).map(each => each.responses[0].partitionResponses[0].baseOffset)
  expect(offsets).toEqual(offsets.map((_, i) => i))
})

test('produce begins behind a long poll, and its answer waits for the poll', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics([{ topic: 'orders', partitions: 1, replicationFactor: 1 }])
  const probe = await stage.connect()
  const order: string[] = []
  const polled = probe
    .ask(apis.fetch, 12, {
      maxWaitMs: 10_000,
      minBytes: 1,
      topics: [
        { topic: 'orders', topicId: '', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] },
      ],
    })
    .then(answer => {
      order.push('fetch')
      return answer
    })
  const produced = probe.ask(apis.produce, 9, produceTo('orders', 0)).then(() => order.push('produce'))
  const [fetched] = await Promise.all([polled, produced])
  expect(order).toEqual(['fetch', 'produce'])
  expect(fetched.responses[0].partitions[0].records?.length).toBe(batchOf('a').length)
})

test('requests other than produce begin one after the other', async () => {
  const first = gate<[]>()
  let listed = 0
  const stage = await Stage.open({
    broker: {
      listTopics: () => {
        listed += 1
        return listed === 1 ? first.promise : Promise.resolve([])
      },
    },
  })
  const probe = await stage.connect()
  const answers = Array.from({ length: 50 }, () => probe.ask(apis.metadata, 9, { topics: null }))
  await turns()
  expect(listed).toBe(1)
  first.open([])
  await Promise.all(answers)
  expect(listed).toBe(50)
})

test('acks=0 gets no answer, and the next request gets its own', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics([{ topic: 'orders', partitions: 1, replicationFactor: 1 }])
  const probe = await stage.connect()
  probe.send(apis.produce, 9, produceTo('orders', 0, batchOf('a'), 0))
  const answer = await probe.ask(apis.produce, 9, produceTo('orders', 0))
  expect(answer.responses[0].partitionResponses[0].baseOffset).toBe(1)
})

test('acks=0 that fails ends the connection, after what was asked before it', async () => {
  const stage = await Stage.open()
  const probe = await stage.connect()
  const before = probe.ask(apis.metadata, 9, { topics: [] })
  probe.send(apis.produce, 9, produceTo('missing', 0, batchOf('a'), 0))
  const after = probe.ask(apis.metadata, 9, { topics: [] })
  await expect(before).resolves.toBeDefined()
  await expect(after).rejects.toThrow('closed')
  await probe.closed
  expect(stage.reasons).toEqual([expect.stringContaining('acks=0 failed')])
})

test('a request that the engine cannot answer ends its connection and no other', async () => {
  const stage = await Stage.open({
    broker: {
      listTopics: () => Promise.reject(new Error('a bug')),
      produce: () => Promise.reject(new KafkaError('LOG_CLOSED')),
    },
  })
  const [one, two, three] = await Promise.all([stage.connect(), stage.connect(), stage.connect()])
  await expect(one.ask(apis.metadata, 9, { topics: null })).rejects.toThrow('closed')
  await expect(two.ask(apis.produce, 9, produceTo('orders', 0))).rejects.toThrow('closed')
  await expect(three.ask(apis.metadata, 9, { topics: [] })).resolves.toBeDefined()
  expect(stage.reasons).toEqual([expect.stringContaining('a bug')])
})
