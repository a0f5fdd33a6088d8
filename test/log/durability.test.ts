// What a change of durability means for a crash: on either side of it nothing that was promised is lost.

import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

const own = (durability: string) => ({ 'varve.durability': durability })

test.each(['interval', 'os'])(
  'a topic that had opted out (%s) and is fsync with the next start keeps what a kill left',
  async durability => {
    const disk = new MemoryDisk()
    const { log, directory } = await openLog(memoryPlatform(disk), '/data', own(durability))
    await log.append(batchOf(['a']), { origin: 'client' }).durable
    await directory.checkpoint()
    await log.append(batchOf(['b']), { origin: 'client' }).durable
    disk.kill() // the page cache stays
    const restarted = await openLog(memoryPlatform(disk), '/data', own('fsync'))
    expect(await readAll(restarted.log)).toEqual(['a', 'b'])
    expect(restarted.report.bytesQuarantined).toBe(0)
    // From here on it is journaled: what a crash left behind the journal's word is nobody's.
    const file = disk.open('/data/orders-0/00000000000000000000.log', 'write')
    const stray = batchOf(['c'])
    stray.writeBigInt64BE(2n, 0)
    file.write([stray], file.bytes())
    disk.kill()
    expect(await readAll((await openLog(memoryPlatform(disk), '/data', own('fsync'))).log)).toEqual(['a', 'b'])
  },
)

test.each(['interval', 'os'])(
  'on the way from fsync to %s the high watermark does not pass what the journal has still to write',
  async durability => {
    const disk = new MemoryDisk()
    const { log, directory } = await openLog(memoryPlatform(disk), '/data', own('fsync'))
    const journaled: number[] = [] // the offsets that follow the batches
    const { journal } = directory
    const add = journal.add.bind(journal)
    journal.add = (target, segmentBase, position, nextOffset, batch) => {
      journaled.push(nextOffset)
      return add(target, segmentBase, position, nextOffset, batch)
    }
    let isOver = false
    const switched = log.configure(new Settings(Object.entries(own(durability)))).then(() => {
      isOver = true
    })
    const durables: Promise<void>[] = []
    for (let i = 0; !isOver; i++) {
      durables.push(log.append(batchOf([`${i}`]), { origin: 'client' }).durable)
      const pending = journaled.slice(journal.counters.entries)
      expect(pending.filter(nextOffset => nextOffset <= log.highWatermark)).toEqual([])
      await Promise.resolve()
    }
    await Promise.all([switched, ...durables])
    expect([log.durability, log.highWatermark]).toEqual([durability, durables.length])
    expect(journaled.length).toBeGreaterThan(0)
    disk.kill()
    const { log: found, report } = await openLog(memoryPlatform(disk), '/data', own(durability))
    expect(await readAll(found)).toEqual(durables.map((_, i) => `${i}`))
    expect(report.problems).toEqual([])
  },
)
