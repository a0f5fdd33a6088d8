// Offsets by time against a plain walk over all records: timestamps in any order, many segments, any index interval.

import { expect, test } from 'vitest'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { openLog } from './helpers.ts'

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
