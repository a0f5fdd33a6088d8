// Many clients at once: requests of all kinds in one stream, chunks of any size, a disk and readers that are sometimes slow,
// little memory. Every request gets its own answer, in order (the probe checks that), and nothing is left behind.

import { expect, test } from 'vitest'
import { MemoryNetwork } from '../../src/platform/memory-network.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { batchOf } from '../broker/setup.ts'
import { type Chance, chance } from '../protocol/samples.ts'
import { type Probe, Stage } from './probe.ts'

const seed = Number(process.env['SEED'] ?? 42)
const clients = 20
const requests = 60

test(`all answers come, each in its place, and memory ends at zero (SEED=${seed})`, async () => {
  const below = chance(seed)
  const dice = { below, chance: (probability: number) => below(1_000_000) < probability * 1_000_000 }
  const stage = await Stage.open({
    network: new MemoryNetwork({ dice: dice as never }),
    settings: { 'varve.memory.connection.bytes': '65536', 'varve.memory.total.bytes': '1048576' },
  })
  await stage.broker.createTopics([{ topic: 'orders', partitions: 3, replicationFactor: 1 }])
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, stage.server.bytesInFlight)
  }, 1)
  const one = async () => {
    const probe = await stage.connect()
    const answers: Promise<unknown>[] = []
    for (let i = 0; i < requests; i += 1) {
      if (below(10) === 0) lull(probe, below)
      answers.push(ask(probe, below))
      if (below(4) === 0) await Promise.allSettled(answers)
    }
    await Promise.all(answers)
    probe.connection.destroy()
  }
  await Promise.all(Array.from({ length: clients }, one))
  await new Promise(resolve => setTimeout(resolve, 20))
  clearInterval(watch)
  expect(stage.reasons).toEqual([])
  expect(stage.server.bytesInFlight).toBe(0)
  expect(most).toBeLessThan(1_048_576 * 1.5 + clients * (65_536 + 150_000))
})

/** The client does not read for a moment. */
function lull({ connection }: Probe, below: Chance): void {
  connection.pause()
  setTimeout(() => connection.resume(), below(10))
}

function ask(probe: Probe, below: Chance): Promise<unknown> {
  const partition = below(3)
  const kind = below(6)
  if (kind <= 1) {
    const records = batchOf('x'.repeat(below(4) === 0 ? below(100_000) : below(300)))
    const topicData = [{ name: 'orders', topicId: '', partitionData: [{ index: partition, records }] }]
    return probe.ask(apis.produce, 3 + below(10), { acks: 1 - 2 * below(2), timeoutMs: 1000, topicData })
  }
  if (kind <= 3) {
    const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1 + below(200_000) }]
    const topics = [{ topic: 'orders', topicId: '', partitions }]
    return probe.ask(apis.fetch, 4 + below(9), { maxWaitMs: below(5), minBytes: below(3), topics })
  }
  if (kind === 4) return probe.ask(apis.metadata, below(14), { topics: [{ name: 'orders' }] })
  const partitions = [{ partitionIndex: partition, timestamp: -1 - below(2) }]
  return probe.ask(apis.listOffsets, below(12), { replicaId: -1, topics: [{ name: 'orders', partitions }] })
}
