// What a fetch in a session costs: 1,000 partitions of which one has data, over the engine, without sockets or disks. The bound
// is 0.2 ms of CPU. Beside it: the same without a session, and the wire's part (frame, header, encoding).
//   npx tsx bench/fetch-session.bench.ts

import { Bench } from 'tinybench'
import type { FetchPartition } from '../src/broker/types.ts'
import { Reader } from '../src/bytes/reader.ts'
import { Writer } from '../src/bytes/writer.ts'
import { apis } from '../src/protocol/messages/index.ts'
import { FetchSessions } from '../src/server/kafka/fetch-sessions.ts'
import { fetch as handler } from '../src/server/kafka/handlers/01-fetch.ts'
import { batchOf, brokerWith, platform } from '../test/broker/setup.ts'

const partitions = 1000
const version = 12

const { broker } = await brokerWith({ a: partitions })
const sessions = new FetchSessions({
  open: () => broker.openStandingFetch(),
  clock: platform.clock,
  random: platform.random,
  slots: 1000,
})
const context = {
  broker,
  fetchSessions: sessions,
  signal: new AbortController().signal,
  answerBytesMax: () => 1 << 24,
} as never
const all: FetchPartition[] = Array.from({ length: partitions }, (_, partition) => ({
  topic: 'a',
  partition,
  offset: 0,
  maxBytes: 1 << 20,
}))
await broker.produce({ acks: -1, partitions: [{ topic: 'a', partition: 500, batch: batchOf('x'.repeat(100)) }] })

const writer = new Writer()
let epoch = 0
/** Of all answers: the work's checksum. */
let bytes = 0
const head = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 24, isolationLevel: 0 }
const opened = await ask({
  ...head,
  sessionId: 0,
  sessionEpoch: 0,
  topics: [
    {
      topic: 'a',
      partitions: all.map(({ partition }) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 })),
    },
  ],
})

/** As dispatch.ts does it: the request's bytes, the handler, the answer's bytes. */
async function ask(request: object) {
  apis.fetch.request.encode(writer, request as never, version)
  const frame = Buffer.concat(writer.take().buffers)
  const decoded = apis.fetch.request.decode(new Reader(frame), version)
  const answer = await handler.handle(context, decoded, version)
  apis.fetch.response.encode(writer, answer as never, version)
  bytes += writer.take().bytes
  return answer!
}

const bench = new Bench({ time: 2000, warmupTime: 500 })
bench
  .add('in a session, one of 1,000 has data', async () => {
    epoch += 1
    await ask({ ...head, sessionId: opened.sessionId, sessionEpoch: epoch, topics: [] })
  })
  .add('without a session, one of 1,000 has data', async () => {
    await broker.fetch({ ...head, partitions: all })
  })
await bench.run()
for (const { name, result } of bench.tasks)
  if (result?.state === 'completed')
    console.log(
      `${name}: ${(result.latency.p50 * 1000).toFixed(1)} µs p50, ${(result.latency.p99 * 1000).toFixed(1)} p99`,
    )

// A session that waits for the next record, now of this partition, now of that: what one round of waiting and waking costs.
const rounds = 20_000
const standing = broker.openStandingFetch()
const offsets = all.map(({ partition }) => (partition === 500 ? 1 : 0))
for (const partition of all) standing.put({ ...partition, offset: offsets[partition.partition] })
await standing.poll({ ...head })
const before = process.cpuUsage()
for (let i = 0; i < rounds; i++) {
  const partition = (i * 7) % partitions
  const waiting = standing.poll({ ...head, maxWaitMs: 10_000 })
  await broker.produce({ acks: -1, partitions: [{ topic: 'a', partition, batch: batchOf('y') }] })
  bytes += (await waiting).length
  offsets[partition] += 1
  standing.put({ ...all[partition], offset: offsets[partition] })
}
const { user, system } = process.cpuUsage(before)
console.log(`wait, wake and produce: ${((user + system) / rounds).toFixed(1)} µs of CPU a round`)
console.log(`answers of ${bytes} bytes and partitions in all`)
