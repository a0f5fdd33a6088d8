// A disk that fills up: appends are refused before anything is written, internal topics go on, and so does everything when
// there is room again.

import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

const megabyte = 1 << 20

test('below the reserve clients are refused and internal topics are not; a second after there is room all goes on', async () => {
  const sim = simulatedPlatform({ seed: 1, disk: { capacityBytes: 200 * megabyte } })
  const { log, directory } = await sim.run(
    openLog(sim.boot(), '/data', {}, { 'varve.disk.reserve.bytes': String(4 * megabyte) }),
  )
  await sim.advance(100)
  expect(sim.disk.stat('/data/varve-ballast')?.bytes).toBe(16 * megabyte) // kept for the day when the disk is full
  const internal = directory.openPartition({
    topic: '__consumer_offsets',
    topicId: Buffer.from('consumer-offsets').toString('base64url'),
    partition: 0,
    settings: new Settings(),
  })
  await sim.run(log.append(batchOf(['a']), { origin: 'client' }).durable)
  const freeBytes = await sim.run(sim.disk.freeBytes('/data'))
  sim.disk.capacityBytes -= freeBytes - 2 * megabyte
  await sim.advance(1500)
  expect(() => log.append(batchOf(['b']), { origin: 'client' })).toThrow('the disk is nearly full')
  await sim.run(internal.append(batchOf(['commit']), { origin: 'internal' }).durable)
  expect(await sim.run(readAll(log))).toEqual(['a'])
  sim.disk.capacityBytes += 100 * megabyte
  await sim.advance(1500)
  await sim.run(log.append(batchOf(['b']), { origin: 'client' }).durable)
  await sim.run(directory.close())
  const again = await sim.run(openLog(sim.boot(), '/data'))
  expect([await sim.run(readAll(again.log)), again.report.clean]).toEqual([['a', 'b'], true])
})

test('a write that finds no room frees the ballast, and the checkpoint goes through with it', async () => {
  const sim = simulatedPlatform({ seed: 2, disk: { capacityBytes: 200 * megabyte } })
  const { log, directory } = await sim.run(
    openLog(sim.boot(), '/data', {}, { 'varve.disk.reserve.bytes': String(megabyte) }),
  )
  await sim.advance(100)
  sim.disk.capacityBytes -= await sim.run(sim.disk.freeBytes('/data')) // faster than the watch that looks each second
  const appends = Array.from({ length: 4 }, () => log.append(batchOf(['x'.repeat(10_000)]), { origin: 'client' }))
  await sim.run(Promise.all(appends.map(({ durable }) => durable)))
  await sim.run(directory.checkpoint().catch(() => directory.checkpoint()))
  expect([directory.failure, directory.isDiskFull, sim.disk.stat('/data/varve-ballast')]).toEqual([
    undefined,
    true,
    undefined,
  ])
  await sim.run(directory.close())
  sim.crash()
  expect((await sim.run(openLog(sim.boot(), '/data'))).log.nextOffset).toBe(4)
})

test('a failed sync stops appends for good, says so once, and reads of what was durable go on', async () => {
  const sim = simulatedPlatform({ seed: 3 })
  const { log, directory } = await sim.run(openLog(sim.boot(), '/data'))
  await sim.run(log.append(batchOf(['durable']), { origin: 'client' }).durable)
  sim.disk.fail({ on: 'sync', path: 'varve-journal' })
  const lost = log.append(batchOf(['lost']), { origin: 'client' })
  await expect(sim.run(lost.durable)).rejects.toThrow('sync failed')
  expect(() => log.append(batchOf(['later']), { origin: 'client' })).toThrow('appends have stopped')
  expect([log.highWatermark, await sim.run(readAll(log))]).toEqual([1, ['durable']])
  await sim.run(directory.close())
  sim.crash()
  const again = await sim.run(openLog(sim.boot(), '/data'))
  expect((await sim.run(readAll(again.log)))[0]).toBe('durable')
})

test('a partition that has no room for a new segment does not keep retention from the others', async () => {
  const disk = new MemoryDisk()
  const { log, directory } = await openLog(memoryPlatform(disk), '/data', { 'retention.ms': '1' })
  const other = directory.openPartition({
    topic: 'other',
    topicId: Buffer.from('another-topic-id').toString('base64url'),
    partition: 0,
    settings: new Settings([['retention.ms', '1']]),
  })
  for (const one of [log, other]) await one.append(batchOf(['old']), { origin: 'client' }).durable
  disk.fail({ on: 'open', path: 'orders-0', errno: 'ENOSPC' })
  expect(await directory.retain()).toBe(batchOf(['old']).length)
  expect([log.logStartOffset, other.logStartOffset]).toEqual([0, 1])
  expect(await directory.retain()).toBe(batchOf(['old']).length)
  expect([log.logStartOffset, directory.failure]).toEqual([1, undefined])
  await directory.close()
})
