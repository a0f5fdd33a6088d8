// Rot: any bit of a small data directory flipped, any file cut, missing or swapped with another. Every outcome is one of: it
// did not matter, it was healed from the other copy, or it was said and nothing was cut. Never wrong data, never silent loss.
//   EVERY=1 npm test -- corruption     all of them; without it every 401st bit and every 97th length

import { describe, expect, test } from 'vitest'
import { type SettingName, Settings } from '../../src/base/config.ts'
import { KafkaError } from '../../src/base/errors.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { type DiskLogDirectory, openLogDirectory } from '../../src/log/log-directory.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { baseOffsetOf, batchBytesOf } from '../../src/records/batch.ts'
import { batchOf, topicId } from './helpers.ts'

const everyBit = process.env.EVERY === undefined ? 401 : 1
const everyLength = process.env.EVERY === undefined ? 97 : 1
const otherId = Buffer.from('other-topic-id-2').toString('base64url')

class SmallRing extends Settings {
  override number(name: SettingName): number {
    return name === 'varve.journal.bytes' ? 65_536 : super.number(name)
  }
}

const settings = new SmallRing([
  ['varve.disk.reserve.bytes', '0'],
  ['segment.bytes', '1024'],
  ['index.interval.bytes', '200'],
  ['retention.ms', '-1'],
])

interface Opened {
  readonly directory: DiskLogDirectory
  readonly logs: readonly DiskPartitionLog[]
  readonly problems: readonly unknown[]
}

async function open(disk: MemoryDisk): Promise<Opened> {
  const directory = await openLogDirectory(memoryPlatform(disk), '/data', { settings, logger: silentLogger })
  const logs = [
    directory.openPartition({ topic: 'orders', topicId, partition: 0, settings }),
    directory.openPartition({ topic: 'payments', topicId: otherId, partition: 0, settings }),
  ]
  const { problems } = await directory.finishRecovery({ isDeleted: () => false })
  return { directory, logs, problems }
}

interface Healthy {
  readonly disk: MemoryDisk
  /** Of each partition: its batches by base offset, and its end. */
  readonly truth: readonly { batches: Map<number, Buffer>; end: number }[]
}

async function makeDirectory({ isClean }: { isClean: boolean }): Promise<Healthy> {
  const disk = new MemoryDisk({ crashable: false })
  const { directory, logs } = await open(disk)
  const truth = logs.map(() => ({ batches: new Map<number, Buffer>(), end: 0 }))
  const append = async (which: number, values: string[], sequence: number): Promise<void> => {
    const batch = batchOf(values, {
      producerId: 5,
      producerEpoch: 0,
      baseSequence: sequence,
      timestampMs: 1000 + sequence,
    })
    const { baseOffset, nextOffset, durable } = (logs[which] as DiskPartitionLog).append(batch, { origin: 'client' })
    await durable
    const partition = truth[which] as { batches: Map<number, Buffer>; end: number }
    partition.batches.set(baseOffset, Buffer.from(batch))
    partition.end = nextOffset
  }
  for (let i = 0; i < 12; i++) await append(0, [`order ${i} ${'.'.repeat(100)}`], i)
  await append(1, ['paid', 'paid'], 0)
  await directory.checkpoint()
  for (let i = 12; i < 16; i++) await append(0, [`order ${i} ${'.'.repeat(100)}`], i)
  await append(1, ['paid'], 2)
  if (isClean) await directory.close()
  else await new Promise(resolve => setTimeout(resolve, 500)) // the journal seals itself
  return { disk: disk.fork(), truth }
}

/** Opens and reads everything. Throws if something is wrong and nobody says so. */
async function judge(
  disk: MemoryDisk,
  { truth }: Healthy,
  what: string,
): Promise<'refused' | 'reported' | 'read' | 'fine'> {
  let opened: Opened
  try {
    opened = await open(disk)
  } catch (error) {
    if (error instanceof KafkaError) return 'refused'
    throw new Error(`${what}: a start fails with a sentence`, { cause: error })
  }
  let found: 'reported' | 'read' | 'fine' = opened.problems.length > 0 ? 'reported' : 'fine'
  for (const [i, { batches, end }] of truth.entries()) {
    const log = opened.logs[i] as DiskPartitionLog
    expect(log.logStartOffset, what).toBe(0)
    if (log.highWatermark < end && found === 'fine')
      throw new Error(`${what}: the end moved from ${end} to ${log.highWatermark}, and nothing was said`)
    for (const offset of batches.keys()) {
      if (offset >= log.highWatermark) break
      if ((await readOne(log, offset, batches, what)) === 'corrupt' && found === 'fine') found = 'read'
    }
  }
  await opened.directory.close().catch(() => {})
  return found
}

async function readOne(
  log: DiskPartitionLog,
  offset: number,
  batches: Map<number, Buffer>,
  what: string,
): Promise<'true' | 'corrupt'> {
  try {
    const { buffers } = await log.read({ offset, bytesMax: 1000 })
    expect(buffers.length, what).toBeGreaterThan(0)
    let next = offset
    for (const buffer of buffers)
      for (let at = 0; at < buffer.length; at += batchBytesOf(buffer, at)) {
        if (
          baseOffsetOf(buffer, at) !== next ||
          !batches.get(next)?.equals(buffer.subarray(at, at + batchBytesOf(buffer, at)))
        )
          throw new Error(`${what}: wrong bytes at offset ${next}`)
        next += 1 + buffer.readInt32BE(at + 23)
      }
    return 'true'
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'CORRUPT_MESSAGE') return 'corrupt'
    throw error
  }
}

/** The journal's groups here are shorter than 512 bytes and begin on pages of 4 KiB: of the rest of a page one bit in 1,009. */
const isPadding = (path: string, byte: number): boolean =>
  path.endsWith('journal') && byte % 4096 >= 512 && byte % 1009 !== 0

/** The bytes of a file that can matter: of the journal's ring only what was written. */
function usedBytes(disk: MemoryDisk, path: string): number {
  const bytes = disk.peek(path)
  let used = bytes.length
  while (used > 0 && bytes[used - 1] === 0) used--
  return Math.min(bytes.length, used + 8)
}

for (const isClean of [true, false])
  describe(isClean ? 'after a clean stop' : 'after a kill', () => {
    test('any bit may flip', { timeout: 600_000 }, async () => {
      const healthy = await makeDirectory({ isClean })
      expect(await judge(healthy.disk.fork(), healthy, 'nothing happened')).toBe('fine')
      const outcomes = new Map<string, number>()
      let skip = 0
      for (const path of healthy.disk.files()) {
        const bits = usedBytes(healthy.disk, path) * 8
        let bit = skip
        for (; bit < bits; bit += everyBit) {
          if (isPadding(path, bit >> 3)) continue
          const disk = healthy.disk.fork()
          disk.flipBit(path, bit >> 3, bit & 7)
          const outcome = await judge(disk, healthy, `${path}, bit ${bit}`)
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        }
        skip = bit - bits
      }
      expect([...outcomes.keys()].sort()).toEqual(expect.arrayContaining(['fine', 'read']))
    })

    test('any bit of any header in a segment may flip, indexed or not', { timeout: 60_000 }, async () => {
      const healthy = await makeDirectory({ isClean })
      const path = healthy.disk.files().find(name => name.endsWith('orders-0/00000000000000000000.log')) as string
      const bytes = healthy.disk.peek(path)
      for (let at = 0; at < bytes.length; at += batchBytesOf(bytes, at))
        for (let bit = 0; bit < 61 * 8; bit += everyBit === 1 ? 1 : 5) {
          const disk = healthy.disk.fork()
          disk.flipBit(path, at + (bit >> 3), bit & 7)
          expect(await judge(disk, healthy, `bit ${bit} of the header at ${at}`)).toBe('read')
        }
    })

    test('an entry of an index may point anywhere', async () => {
      const healthy = await makeDirectory({ isClean })
      const path = healthy.disk.files().find(name => name.endsWith('orders-0/00000000000000000000.index')) as string
      const position = Buffer.alloc(4)
      for (let at = 0; at < 1100; at += everyBit === 1 ? 1 : 7) {
        const disk = healthy.disk.fork()
        position.writeInt32BE(at)
        disk.poke(path, position, 12)
        expect(await judge(disk, healthy, `the second entry points at ${at}`)).toBe('fine')
      }
    })

    test('any file may be missing', async () => {
      const healthy = await makeDirectory({ isClean })
      for (const path of healthy.disk.files()) {
        const disk = healthy.disk.fork()
        disk.remove(path)
        const outcome = await judge(disk, healthy, `${path} is gone`)
        // The journal still has what came after the checkpoint: then a lost segment is healed from there.
        if (/\.log$/.test(path)) expect(isClean ? ['reported'] : ['reported', 'fine'], path).toContain(outcome)
        if (/index$|snapshot$|producers$/.test(path)) expect(outcome, path).toBe('fine')
      }
    })

    test('any file may be cut at any length', { timeout: 600_000 }, async () => {
      const healthy = await makeDirectory({ isClean })
      for (const path of healthy.disk.files())
        for (let bytes = 0; bytes < usedBytes(healthy.disk, path); bytes += everyLength) {
          const disk = healthy.disk.fork()
          const file = disk.open(path, 'write')
          file.truncate(bytes)
          file.close()
          await judge(disk, healthy, `${path} cut to ${bytes}`)
        }
    })

    test('any two files may be swapped', async () => {
      const healthy = await makeDirectory({ isClean })
      const paths = healthy.disk.files()
      for (const [i, a] of paths.entries())
        for (const b of paths.slice(i + 1)) {
          const disk = healthy.disk.fork()
          disk.rename(a, '/swap')
          disk.rename(b, a)
          disk.rename('/swap', b)
          await judge(disk, healthy, `${a} and ${b} swapped`)
        }
    })
  })
