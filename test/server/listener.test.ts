// The port's own life: how many connections, how long, and how it stops.

import net from 'node:net'
import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import type { ProduceResult } from '../../src/broker/types.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { nodePlatform } from '../../src/platform/node.ts'
import { Frames } from '../../src/protocol/frames.ts'
import { encodeRequest } from '../../src/protocol/headers.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { listen } from '../../src/server/index.ts'
import { batchOf, brokerWith } from '../broker/setup.ts'
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

test('over real sockets: a record goes in and comes out, and a client that stays is no reason not to stop', async () => {
  const { broker } = await brokerWith({ orders: 1 })
  const server = await listen({
    broker,
    platform: nodePlatform(),
    settings: new Settings(),
    logger: silentLogger,
    address: { host: '127.0.0.1', port: 0 },
  })
  const socket = net.connect({ port: server.address.port, host: '127.0.0.1', allowHalfOpen: true })
  const frames = new Frames({ bytesMax: 1 << 20 })
  socket.on('data', chunk => frames.push(chunk as Buffer))
  const next = async (): Promise<Buffer> => {
    for (;;) {
      const frame = frames.next()
      if (frame !== undefined) return frame
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  const writer = new Writer()
  const head = { correlationId: 1, clientId: null }
  for (const { buffers } of [
    encodeRequest(writer, apis.produce, { ...head, version: 9, request: produceRequest }),
    encodeRequest(writer, apis.fetch, { ...head, version: 11, request: fetchRequest }),
  ])
    socket.write(Buffer.concat(buffers))
  await next()
  const { responses } = apis.fetch.response.decode(new Reader(await next(), 4), 11)
  expect(responses[0].partitions[0].records?.subarray(21).equals(batchOf('a').subarray(21))).toBe(true)
  await server.close()
  expect(server.connections).toBe(0)
  socket.destroy()
})
