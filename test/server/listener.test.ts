// The port's own life: how many connections, how long, and how it stops.

import { expect, test } from 'vitest'
import type { ProduceResult } from '../../src/broker/types.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { batchOf } from '../broker/setup.ts'
import { gate, Stage, turns } from './probe.ts'

const produceRequest = {
  acks: -1,
  timeoutMs: 1000,
  topicData: [{ name: 'orders', topicId: '', partitionData: [{ index: 0, records: batchOf('a') }] }],
}
const fetchRequest = {
  maxWaitMs: 60_000,
  minBytes: 1,
  topics: [{ topic: 'orders', topicId: '', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
}
const orders = [{ topic: 'orders', partitions: 1, replicationFactor: 1 }]

test('one connection more than max.connections is closed at once', async () => {
  const stage = await Stage.open({ settings: { 'max.connections': '2' } })
  const [one, two] = [await stage.connect(), await stage.connect()]
  await turns()
  const three = await stage.connect()
  await three.closed
  expect(stage.reasons).toEqual(['max.connections'])
  await Promise.all([one, two].map(probe => probe.ask(apis.metadata, 1, { topics: [] })))
  one.connection.destroy()
  await turns()
  await (await stage.connect()).ask(apis.metadata, 1, { topics: [] })
})

test('an idle connection is closed, one that waits for an answer is not', async () => {
  const stage = await Stage.open({ settings: { 'connections.max.idle.ms': '60' } })
  await stage.broker.createTopics(orders)
  const [idle, busy] = [await stage.connect(), await stage.connect()]
  const polled = busy.ask(apis.fetch, 11, { ...fetchRequest, maxWaitMs: 250 })
  await idle.closed
  await expect(polled).resolves.toMatchObject({ errorCode: 0 })
})

test('connections.max.idle.ms=-1 closes nothing', async () => {
  const stage = await Stage.open({ settings: { 'connections.max.idle.ms': '-1' } })
  const probe = await stage.connect()
  await new Promise(resolve => setTimeout(resolve, 50))
  await expect(probe.ask(apis.metadata, 1, { topics: [] })).resolves.toBeDefined()
})

test('close() answers what is under way, and takes nothing more', async () => {
  const disk = gate<ProduceResult[]>()
  const stage = await Stage.open({ broker: { produce: () => disk.promise } })
  const probe = await stage.connect()
  const produced = probe.ask(apis.produce, 9, produceRequest)
  await turns()
  const closed = stage.server.close()
  await turns()
  const refused = probe.ask(apis.produce, 9, produceRequest)
  await expect(stage.connect()).rejects.toThrow('ECONNREFUSED')
  disk.open([{ error: undefined, baseOffset: 7, logAppendTimeMs: -1, logStartOffset: 0 }])
  expect((await produced).responses[0].partitionResponses[0].baseOffset).toBe(7)
  await expect(refused).rejects.toThrow('closed')
  await closed
  expect(stage.server.connections).toBe(0)
})

test('close() ends long polls', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics(orders)
  const polled = (await stage.connect()).ask(apis.fetch, 11, fetchRequest)
  await turns()
  await stage.server.close()
  await expect(polled).resolves.toMatchObject({ errorCode: 0 })
})

test('close() waits no longer than its deadline', async () => {
  const stage = await Stage.open({ broker: { produce: () => new Promise(() => {}) } })
  const probe = await stage.connect()
  probe.ask(apis.produce, 9, produceRequest)
  await turns()
  await stage.server.close(20)
  await probe.closed
  expect(stage.reasons).toEqual(['the server stops'])
})

test('a connection that goes away gives up its long poll', async () => {
  let aborted = false
  const stage = await Stage.open({
    broker: {
      fetch: ({ signal }) =>
        new Promise(resolve => {
          signal?.addEventListener('abort', () => {
            aborted = true
            resolve([])
          })
        }),
    },
  })
  const probe = await stage.connect()
  probe.ask(apis.fetch, 11, fetchRequest)
  await turns()
  probe.connection.destroy()
  await turns()
  expect(aborted).toBe(true)
  expect(stage.server.bytesInFlight).toBe(0)
  expect(stage.reasons).toEqual([])
})

test('a taken port is the system’s own error', async () => {
  const stage = await Stage.open()
  const { KafkaListener } = await import('../../src/server/kafka/listener.ts')
  const { broker, network } = stage
  const { platform, settings, logger } = broker
  const address = { host: '127.0.0.1', port: 9092 }
  await expect(
    KafkaListener.open({ broker, platform: { ...platform, network }, settings, logger, address }),
  ).rejects.toThrow('EADDRINUSE')
})
