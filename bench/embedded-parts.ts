// What embedded.ts measures, one function each. They use the library as its users do, but for the logs of millions of records,
// which are built from one batch that is appended again and again.

import { fdatasync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Settings } from '../src/base/config.ts'
import { silentLogger } from '../src/base/logger.ts'
import { openBroker } from '../src/broker/open-broker.ts'
import { open } from '../src/embedded/open.ts'
import type { Topic } from '../src/embedded/topic.ts'
import { nodePlatform } from '../src/platform/node.ts'
import { recordBatch } from './clients/raw.ts'
import { median, pattern, percentile, short } from './numbers.ts'

export interface Part {
  readonly name: string
  readonly goal: string
  /** In an empty directory. `scale` below 1: less work. Resolves with the sentence for the table. */
  run(dir: string, scale: number): Promise<string>
}

type BytesTopic = Topic<Uint8Array, Uint8Array>

const sync = promisify(fdatasync)
const thousand = (valueBytes: number) => Array.from({ length: 1000 }, () => ({ value: pattern(valueBytes) }))

export const parts: readonly Part[] = [
  { name: 'append-many', goal: '1,000 records of 100 bytes, durable: 1 M records/s', run: appendMany },
  { name: 'read-batches', goal: '2 M records/s', run: readBatches },
  { name: 'append-one', goal: 'p50 of one fdatasync plus 0.1 ms', run: appendOne },
  { name: 'thousand-partitions', goal: 'p99 under 15 ms, checkpoints included', run: thousandPartitions },
  { name: 'random-offset', goal: '50 M records within 1.5x of 1 M records', run: randomOffset },
]

async function appendMany(dir: string, scale: number): Promise<string> {
  await using log = await open(dir)
  const topic = await log.topic('t', { partitions: 1 })
  const rates: string[] = []
  for (const inFlight of [1, 4]) {
    await manyAtOnce(topic, 100, inFlight)
    rates.push(
      `${short(await manyAtOnce(topic, Math.ceil(3000 * scale), inFlight))} records/s with ${inFlight} in flight`,
    )
  }
  return rates.join(', ')
}

/** Calls of 1,000 records, `inFlight` of them unanswered at any time. Returns records per second. */
async function manyAtOnce(topic: BytesTopic, calls: number, inFlight: number): Promise<number> {
  const records = thousand(100)
  let left = calls
  const start = performance.now()
  const caller = async () => {
    while (left-- > 0) await topic.appendMany(records)
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return (calls * records.length * 1000) / (performance.now() - start)
}

async function readBatches(dir: string, scale: number): Promise<string> {
  await using log = await open(dir)
  const topic = await log.topic('t', { partitions: 1 })
  const calls = Math.ceil(2000 * scale)
  await manyAtOnce(topic, calls, 4)
  const expected = calls * thousand(100).reduce((sum, { value }) => sum + value.length + value[3]!, 0)
  const rates: number[] = []
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    let [records, sum] = [0, 0]
    for await (const batch of topic.read().batches()) {
      records += batch.records.length
      for (const { value } of batch.records) sum += value!.length + value![3]!
    }
    if (sum !== expected) throw new Error(`read ${sum}, expected ${expected}`)
    rates.push((records * 1000) / (performance.now() - start))
  }
  return `${short(median(rates))} records/s (${short(Math.min(...rates))} – ${short(Math.max(...rates))})`
}

/** Blocks of appends and blocks of bare syncs take turns, so that both see the same disk. */
async function appendOne(dir: string, scale: number): Promise<string> {
  await using log = await open(join(dir, 'log'))
  const topic = await log.topic('t', { partitions: 1 })
  const value = pattern(100)
  const fd = openSync(join(dir, 'bare'), 'w')
  const bareBytes = 4096
  const blocks = Math.ceil(20 * scale)
  for (let at = 0; at < blocks * 100; at++) writeSync(fd, Buffer.alloc(bareBytes), 0, bareBytes, at * bareBytes)
  fsyncSync(fd)
  const [append, bare]: number[][] = [[], []]
  for (let block = 0; block < blocks; block++)
    for (let at = block * 100; at < (block + 1) * 100; at++) {
      append!.push(await timed(() => topic.append({ value })))
      bare!.push(
        await timed(() => {
          writeSync(fd, value, 0, value.length, at * bareBytes)
          return sync(fd)
        }),
      )
    }
  const over = median(append!) - median(bare!)
  return `p50 ${median(append!).toFixed(3)} ms, one bare sync ${median(bare!).toFixed(3)} ms: ${over.toFixed(3)} ms more; p99 ${percentile(append!, 0.99).toFixed(2)} / ${percentile(bare!, 0.99).toFixed(2)} ms`
}

/** One append of 1,000 bytes to each of 1,000 partitions in the same moment; the next thousand when all are durable. */
async function thousandPartitions(dir: string, scale: number): Promise<string> {
  await using log = await open(dir)
  const topic = await log.topic('t', { partitions: 1000 })
  const value = pattern(1000)
  const tookMs: number[] = []
  const rounds = Math.ceil(400 * scale)
  const start = performance.now()
  for (let round = -10; round < rounds; round++) {
    const began = performance.now()
    const appends = Array.from({ length: 1000 }, async (_, partition) => {
      await topic.append({ partition, value })
      if (round >= 0) tookMs.push(performance.now() - began)
    })
    await Promise.all(appends)
  }
  const rate = (1000 * 1000 * (rounds + 10)) / (performance.now() - start)
  return `p50 ${median(tookMs).toFixed(2)} ms, p99 ${percentile(tookMs, 0.99).toFixed(2)} ms, ${short(rate)} commits/s, ${rounds} rounds`
}

async function randomOffset(dir: string, scale: number): Promise<string> {
  const sizes = [1_000_000, Math.ceil(50_000_000 * scale)] as const
  for (const [index, records] of sizes.entries()) await build(join(dir, `${index}`), records)
  await using small = await open(join(dir, '0'))
  await using large = await open(join(dir, '1'))
  const topics = [await small.topic('t'), await large.topic('t')] as const
  const tookMs: [number[], number[]] = [[], []]
  let random = 42
  for (let turn = 0; turn < 6000; turn++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    const which = turn % 2
    const offset = Math.floor((random / 2 ** 32) * sizes[which]!)
    const took = await timed(() => readOne(topics[which]!, offset))
    if (turn >= 1000) tookMs[which]!.push(took)
  }
  const say = (ms: number[]) =>
    `p50 ${(median(ms) * 1000).toFixed(0)} µs, p99 ${(percentile(ms, 0.99) * 1000).toFixed(0)} µs`
  const ratio = median(tookMs[1]) / median(tookMs[0])
  return `${short(sizes[0])}: ${say(tookMs[0])}; ${short(sizes[1])}: ${say(tookMs[1])}; ${ratio.toFixed(2)}x`
}

/** Batches of 100 records of 100 bytes; not synced, since it is not the writing that is measured. */
async function build(dir: string, records: number): Promise<void> {
  const settings = new Settings([['varve.durability', 'os']])
  const broker = await openBroker({ platform: nodePlatform(), directory: dir, settings, logger: silentLogger })
  await broker.createTopics([{ topic: 't', partitions: 1, replicationFactor: -1 }])
  const batch = recordBatch(100, 100)
  for (let at = 0; at < records; at += 6400) {
    const produced = Array.from({ length: Math.min(64, Math.ceil((records - at) / 100)) }, () =>
      broker.produce({ acks: 1, partitions: [{ topic: 't', partition: 0, batch: Buffer.from(batch) }] }),
    )
    for (const [{ error }] of await Promise.all(produced)) if (error !== undefined) throw error
  }
  await broker.close()
}

async function readOne(topic: BytesTopic, offset: number): Promise<void> {
  for await (const record of topic.read({ partition: 0, from: offset, limit: 1 }))
    if (record.offset !== offset) throw new Error(`asked for ${offset}, got ${record.offset}`)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
