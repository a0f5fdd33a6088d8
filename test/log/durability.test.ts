// What a change of durability means for a crash: on either side of it nothing that was promised is lost.

import { expect, test } from 'vitest'
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
