// Bytes that no client should send: each closes its own connection, with one line in the log, and costs nothing else.

import { describe, expect, test } from 'vitest'
import { Writer } from '../../src/bytes/writer.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { chance } from '../protocol/samples.ts'
import { Stage, turns } from './probe.ts'

const frame = (write: (writer: Writer) => void): Buffer => {
  const writer = new Writer()
  return Buffer.concat(writer.frame(() => write(writer)).buffers)
}

const header = (key: number, version: number) => (writer: Writer) => {
  writer.int16(key)
  writer.int16(version)
  writer.int32(1)
  writer.string('x', false)
}

const cases: Record<string, [Buffer, RegExp]> = {
  'HTTP/1': [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP on the Kafka port$/],
  'HTTP/2': [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP on the Kafka port$/],
  TLS: [Buffer.from('16030100c8010000c40303', 'hex'), /^TLS on the Kafka port/],
  'a negative length': [Buffer.from('fffffff0', 'hex'), /a frame of -16 bytes/],
  'a length of two thousand million': [Buffer.from('7fffffff', 'hex'), /a frame of 2147483647 bytes/],
  'a length just above the bound': [Buffer.from('00100001', 'hex'), /socket.request.max.bytes is 1048576/],
  'an empty frame': [Buffer.from('00000000', 'hex'), /a request of 0 bytes/],
  'a frame that ends in its header': [Buffer.from('0000000500030009ff', 'hex'), /a request of 5 bytes/],
  'an API that is not there': [frame(header(999, 0)), /there is no API 999/],
  'a negative API key': [frame(header(-2, 0)), /there is no API -2/],
  'a version that is not there': [frame(header(3, 99)), /Metadata has no version 99/],
  'a negative version': [frame(header(3, -1)), /Metadata has no version -1/],
  'Produce v2, which is only advertised': [frame(header(0, 2)), /Produce has no version 2/],
  'Fetch v3, which is gone': [frame(header(1, 3)), /Fetch has no version 3/],
  'a body that is not there': [frame(header(3, 1)), /Metadata v1: 4 bytes where 0 are left/],
  'an array without its elements': [
    frame(w => {
      header(3, 1)(w)
      w.int32(0x7fff_fff0)
    }),
    /an array of 2147483632 elements/,
  ],
  'a client id beyond the frame': [
    frame(w => {
      w.int16(3)
      w.int16(1)
      w.int32(1)
      w.int16(30_000)
    }),
    /30000 bytes where 0 are left/,
  ],
}

describe('one connection ends, with one line', () => {
  test.each(Object.entries(cases))('%s', async (_, [bytes, reason]) => {
    const stage = await Stage.open({ settings: { 'socket.request.max.bytes': '1048576' } })
    const probe = await stage.connect()
    for (const byte of bytes) probe.raw(Buffer.from([byte])) // one by one: nothing may rely on chunks
    await probe.closed
    expect(stage.reasons).toEqual([expect.stringMatching(reason)])
    const other = await stage.connect()
    await expect(other.ask(apis.metadata, 1, { topics: [] })).resolves.toBeDefined()
    expect(stage.server.bytesInFlight).toBe(0)
  })
})

test('nothing is allocated for a frame that was only announced', async () => {
  const stage = await Stage.open()
  const probes = await Promise.all(Array.from({ length: 50 }, () => stage.connect()))
  for (const probe of probes) probe.raw(Buffer.from('06000000', 'hex'))
  await turns()
  expect(stage.server.bytesInFlight).toBeLessThan(50 * 8)
})

test('random bytes close connections and never the server', async () => {
  const below = chance(7)
  const stage = await Stage.open()
  for (let round = 0; round < 300; round += 1) {
    const probe = await stage.connect()
    const body = Buffer.from(Array.from({ length: below(60) }, () => below(256)))
    if (body.length >= 4) body.writeUInt32BE([0, 1, 2, 3, 10, 18, 19, 20, 22, 60][below(10)] * 65_536 + below(8), 0)
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length)
    probe.raw(Buffer.concat([length, body]))
    await turns(3)
    probe.connection.destroy()
  }
  await turns()
  expect(stage.lines.filter(line => line.level === 'error')).toEqual([])
  expect(stage.server.connections).toBe(0)
  expect(stage.server.bytesInFlight).toBe(0)
})

test('bytes that are no request, behind a long poll, end the poll and the connection', async () => {
  const stage = await Stage.open()
  await stage.broker.createTopics([{ topic: 'orders', partitions: 1, replicationFactor: 1 }])
  const probe = await stage.connect()
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
  const topics = [{ topic: 'orders', topicId: '', partitions }]
  const polled = probe.ask(apis.fetch, 11, { maxWaitMs: 2 ** 31 - 1, minBytes: 1, topics })
  probe.raw(Buffer.from('ffffffff', 'hex'))
  await expect(polled).resolves.toMatchObject({ errorCode: 0 })
  await probe.closed
  expect(stage.reasons).toEqual([expect.stringMatching(/a frame of -1 bytes/)])
})

test('messages that quote a client are cut to size', async () => {
  const stage = await Stage.open()
  const probe = await stage.connect()
  const topic = { name: 'x'.repeat(32_000), numPartitions: 1, replicationFactor: 1 }
  const configs = [{ name: 'retention.ms', value: 'y'.repeat(32_000) }]
  const answer = await probe.ask(apis.createTopics, 7, { topics: [topic, topic, { ...topic, name: 'z', configs }] })
  expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([42, 42, 40])
  for (const { errorMessage } of answer.topics) expect(errorMessage?.length).toBeLessThan(1100)
})
