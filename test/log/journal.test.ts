// The journal as a ring: groups, room, growth.

import { expect, test } from 'vitest'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

test('what arrives in one stretch may be more than the ring holds', { timeout: 10_000 }, async () => {
  const disk = new MemoryDisk({ crashable: false })
  const { log } = await openLog(memoryPlatform(disk), '/data', {}, { 'varve.journal.bytes.max': '1048576' })
  const values = Array.from({ length: 60 }, (_, i) => `${i}`.padEnd(60_000, '.'))
  const results = values.map(value => log.append(batchOf([value]), { origin: 'client' }))
  await Promise.all(results.map(({ durable }) => durable))
  expect(log.highWatermark).toBe(60)
  const again = await openLog(memoryPlatform(disk.fork()), '/data')
  expect([await readAll(again.log), again.report.problems]).toEqual([values, []])
})

test('a ring that finds no room to grow goes on as it is', async () => {
  const sim = simulatedPlatform({ seed: 5 })
  const { log, directory } = await sim.run(openLog(sim.boot(), '/data', { 'varve.durability': 'fsync' }))
  const append = () => log.append(batchOf(['x'.repeat(100_000)]), { origin: 'client' })
  const results = Array.from({ length: 30 }, append)
  let used = 0
  for (const path of sim.disk.files()) used += Math.ceil((sim.disk.stat(path)?.bytes ?? 0) / 4096) * 4096
  sim.disk.capacityBytes = used + 3_500_000 // for the records, not for a larger ring beside them
  await sim.run(Promise.allSettled(results.map(({ durable }) => durable)))
  expect(directory.failure).toBeUndefined()
})

test('a batch above a quarter of the ring is refused before anything has moved', async () => {
  const { log, directory } = await openLog(memoryPlatform(), '/data')
  expect(() => log.append(batchOf(['x'.repeat(300_000)]), { origin: 'client' })).toThrow(
    'a quarter of the commit journal',
  )
  expect([log.nextOffset, directory.journal.isIdle]).toEqual([0, true])
})
