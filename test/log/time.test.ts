// Offsets by time against a plain walk over all records: timestamps in any order, many segments, any index interval.

import { expect, test } from 'vitest'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { batchOf, openLog } from './helpers.ts'

test('the first record at or after a time, and the largest time, as a walk finds them', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const dice = new SeededRandom(seed)
    const { log, directory } = await openLog(memoryPlatform(), '/data', {
      'segment.bytes': dice.pick(['1024', '5000', '1000000']),
      'index.interval.bytes': dice.pick(['0', '200', '4096']),
    })
    const times: number[] = []
    for (let batch = 0; batch < 80; batch++) {
      const builder = new BatchBuilder()
      for (let i = 1 + dice.below(4); i > 0; i--) {
        const timestampMs = 1000 + batch * 5 + dice.below(dice.chance(0.1) ? 1000 : 20)
        times.push(timestampMs)
        builder.append({ value: 'x'.repeat(dice.below(60)), timestampMs })
      }
      log.append(builder.build(), { origin: 'client' })
    }
    await directory.journal.durable
    for (let round = 0; round < 150; round++) {
      const timestamp = 990 + dice.below(2500)
      const offset = times.findIndex(time => time >= timestamp)
      const found = await log.offsetForTimestamp(timestamp)
      expect(found?.offset ?? -1, `seed ${seed}, time ${timestamp}`).toBe(offset)
      if (offset >= 0) expect(found?.timestamp).toBe(times[offset])
    }
    const largest = Math.max(...times)
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: times.indexOf(largest), timestamp: largest })
    await directory.close()
  }
})

test('what is not durable has no time', async () => {
  const sim = simulatedPlatform({ seed: 1 })
  const { log } = await sim.run(openLog(sim.boot(), '/data'))
  const builder = new BatchBuilder()
  builder.append({ value: 'early', timestampMs: 10 })
  await sim.run(log.append(builder.build(), { origin: 'client' }).durable)
  builder.append({ value: 'late', timestampMs: 99 })
  log.append(builder.build(), { origin: 'client' }) // outside of run() no sync ever ends
  expect(await log.offsetForTimestamp(50)).toBeUndefined()
  expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 0, timestamp: 10 })
})

test('looking for a time writes nothing: it goes on where the disk takes no more writes', async () => {
  const disk = new MemoryDisk()
  const { log } = await openLog(memoryPlatform(disk), '/data')
  for (const timestampMs of [10, 20, 30])
    await log.append(batchOf(['v'], { timestampMs }), { origin: 'client' }).durable
  disk.fail({ on: 'write', path: '.log', errno: 'ENOSPC', times: Number.POSITIVE_INFINITY })
  expect(await log.offsetForTimestamp(20)).toMatchObject({ offset: 1 })
  expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 2 })
})

test('the largest time below the high watermark, or above the log start, is found without a walk over the whole log', async () => {
  const sim = simulatedPlatform({ seed: 2 })
  const { log, directory } = await sim.run(
    openLog(sim.boot(), '/data', { 'segment.bytes': '20000', 'index.interval.bytes': '500' }),
  )
  for (let i = 0; i < 1000; i++) log.append(batchOf(['x'.repeat(50)], { timestampMs: 1000 + i }), { origin: 'client' })
  await sim.run(directory.checkpoint())
  log.append(batchOf(['late'], { timestampMs: 99_999 }), { origin: 'client' }) // outside of run() no sync ever ends
  let reads = 0
  const segments = log.allSegments
  for (const segment of segments) {
    const file = segment.file.bind(segment)
    segment.file = () => {
      reads += 1
      return file()
    }
  }
  expect(await sim.run(log.offsetOfMaxTimestamp())).toMatchObject({ timestamp: 1999 })
  expect(reads).toBeLessThan(segments.length)
})
