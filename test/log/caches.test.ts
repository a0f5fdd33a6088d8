// What the log keeps in memory and open, and its bounds: the tail of newest batches, open files, indexes of sealed segments.

import { describe, expect, test } from 'vitest'
import { FilePool } from '../../src/log/file-pool.ts'
import { PartitionTail, Tail } from '../../src/log/tail.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { setBaseOffset } from '../../src/records/batch.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

function batchAt(offset: number, valueBytes: number): Buffer {
  const batch = batchOf(['x'.repeat(valueBytes)])
  setBaseOffset(batch, 0, offset)
  return batch
}

describe('the tail', () => {
  test('stays under its bound, and what it returns is what was appended, from any offset it still has', () => {
    const dice = new SeededRandom(3)
    const tail = new Tail(300_000)
    const appended: Buffer[][] = [[], [], []]
    const owners = appended.map(() => {
      const owner: PartitionTail = new PartitionTail(tail, {
        highWatermark: Number.MAX_SAFE_INTEGER,
        writeOut: () => owner.wasWritten(),
      })
      return owner
    })
    for (let i = 0; i < 4000; i++) {
      const which = dice.below(3)
      const batches = appended[which] as Buffer[]
      const batch = batchAt(batches.length, dice.chance(0.05) ? 9_000 + dice.below(20_000) : dice.below(300))
      ;(owners[which] as PartitionTail).add(batch, batches.length, false)
      batches.push(batch)
      expect(tail.bytes).toBeLessThanOrEqual(300_000)
      const offset = Math.max(0, batches.length - 1 - dice.below(40))
      const end = Math.min(batches.length, offset + 1 + dice.below(20))
      const found = (owners[which] as PartitionTail).read(offset, 1 + dice.below(5000), end)
      if (found === undefined) continue
      const bytes = Buffer.concat(found.buffers)
      const expected = Buffer.concat(batches.slice(offset, end))
      expect(bytes.length).toBeGreaterThan(0)
      expect(bytes.equals(expected.subarray(0, bytes.length))).toBe(true)
    }
  })

  test('what was never written to its segment does not leave, and clear() forgets all', () => {
    const tail = new Tail(100_000)
    const owner = new PartitionTail(tail, {
      highWatermark: Number.MAX_SAFE_INTEGER,
      writeOut: () => {
        throw new Error('the disk is full')
      },
    })
    for (let i = 0; i < 30; i++) owner.add(batchAt(i, 9_000), i, false)
    expect(owner.read(0, 1, 30)?.bytes).toBe(batchAt(0, 9_000).length)
    owner.clear()
    expect([tail.bytes, owner.unwrittenBytes, owner.read(29, 1, 30)]).toEqual([0, 0, undefined])
  })

  test('a topic made again under the name of a deleted one never sees its batches', async () => {
    const { directory, log } = await openLog(memoryPlatform(), '/data')
    await log.append(batchOf(['old']), { origin: 'client' }).durable
    directory.deletePartition(log)
    expect(() => log.read({ offset: 0, bytesMax: 1 })).toThrow('the topic was deleted')
    const topicId = Buffer.from('another-topic-id').toString('base64url')
    const again = directory.openPartition({ topic: 'orders', topicId, partition: 0, settings: log.settings })
    expect([again.nextOffset, await readAll(again)]).toEqual([0, []])
    await again.append(batchOf(['new']), { origin: 'client' }).durable
    await directory.checkpoint()
    expect(await readAll(again)).toEqual(['new'])
    await directory.close()
  })
})

describe('open files', () => {
  function pool(filesMax: number) {
    const disk = new MemoryDisk({ crashable: false })
    for (let i = 0; i < 10; i++) disk.open(`f${i}`, 'create').close()
    return new FilePool(disk, filesMax)
  }
  const isOpen = (file: { bytes(): number }): boolean => {
    try {
      file.bytes()
      return true
    } catch {
      return false
    }
  }

  test('the one used longest ago is closed, a pinned one never', () => {
    const files = pool(3)
    const pin = files.pin('f0')
    const [first, second] = [files.use('f1'), files.use('f2')]
    files.use('f1')
    files.use('f3')
    expect([isOpen(pin.file), isOpen(first), isOpen(second)]).toEqual([true, true, false])
    for (let i = 1; i < 10; i++) files.use(`f${i}`)
    expect(isOpen(pin.file)).toBe(true)
    pin.release()
  })

  test('a forgotten file is closed when its last user is done, and its name is free for another', () => {
    const files = pool(3)
    const pin = files.pin('f0')
    files.forget('f0')
    expect(isOpen(pin.file)).toBe(true)
    expect(files.use('f0')).not.toBe(pin.file)
    pin.release()
    expect([isOpen(pin.file), isOpen(files.use('f0'))]).toEqual([false, true])
  })
})
