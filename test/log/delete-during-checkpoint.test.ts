// Topics come and go while checkpoints run: neither may spoil the other.

import { expect, test } from 'vitest'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { batchOf, openLog } from './helpers.ts'

test('a partition that is deleted while a checkpoint runs does not spoil it, sealed segments or not', async () => {
  const { directory, log } = await openLog(memoryPlatform(), '/data', { 'segment.bytes': '1024' })
  for (let i = 0; i < 20; i++) await log.append(batchOf(['x'.repeat(200)]), { origin: 'client' }).durable
  expect(log.segments().length).toBeGreaterThan(3)
  const checkpoint = directory.checkpoint()
  directory.deletePartition(log)
  await checkpoint
  await directory.checkpoint()
  expect(directory.failure).toBeUndefined()
  expect(directory.disk.list('/data').filter(name => name.includes('orders'))).toEqual([])
  await directory.close()
})
