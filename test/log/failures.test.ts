// What a failure leaves behind: nothing that speaks of bytes which a failed sync may have lost, and no open files.

import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { openBroker } from '../../src/broker/open-broker.ts'
import { journalFile, manifestFiles } from '../../src/log/layout.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import type { Fault } from '../../src/platform/memory-faults.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { batchOf, openLog } from './helpers.ts'

test('a checkpoint under way when a sync fails elsewhere writes no manifest', async () => {
  const disk = new MemoryDisk()
  const { log, directory } = await openLog(memoryPlatform(disk), '/data')
  await log.append(batchOf(['a']), { origin: 'client' }).durable
  const manifests = () =>
    manifestFiles.map(name => `/data/${name}`).map(path => disk.stat(path) && disk.peek(path).toString('hex'))
  const before = manifests()
  const checkpoint = directory.checkpoint()
  directory.fail(new Error('a sync failed'))
  await expect(checkpoint).rejects.toThrow('a sync failed')
  expect(manifests()).toEqual(before)
})

/** Paths that were opened on `disk` and not closed. */
function watched(disk: MemoryDisk): { platform: Platform; open: string[] } {
  const open: string[] = []
  const opens = disk.open.bind(disk)
  disk.open = (path, mode) => {
    const file = opens(path, mode)
    open.push(path)
    const close = file.close.bind(file)
    let isOpen = true
    file.close = () => {
      if (isOpen) open.splice(open.indexOf(path), 1)
      isOpen = false
      close()
    }
    return file
  }
  return { platform: memoryPlatform(disk), open }
}

async function stopped(): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ crashable: false })
  const { log, directory } = await openLog(memoryPlatform(disk), '/data')
  await log.append(batchOf(['a']), { origin: 'client' }).durable
  await directory.checkpoint()
  return disk.fork()
}

const faults: Record<string, { fault?: Fault; isNew?: boolean; spoil?: (disk: MemoryDisk) => void }> = {
  'no room for the journal': { fault: { on: 'write', path: `${journalFile}.tmp`, errno: 'ENOSPC' }, isNew: true },
  'the journal cannot be synced': { fault: { on: 'sync', path: `${journalFile}.tmp` }, isNew: true },
  'the cluster id cannot be written': { fault: { on: 'write', path: 'meta.properties' }, isNew: true },
  'the journal cannot be read': { fault: { on: 'read', path: journalFile, nth: 3, times: 1000 } },
  'both headers are damaged': { spoil: disk => disk.poke(`/data/${journalFile}`, Buffer.alloc(8192), 0) },
  'the manifests are gone': {
    spoil: disk => {
      for (const path of disk.files()) if (path.startsWith('/data/varve-manifest')) disk.remove(path)
    },
  },
  'the manifest cannot be made durable': { fault: { on: 'sync', path: 'varve-manifest' } },
}
test.each(Object.entries(faults))('a start that fails leaves nothing open: %s', async (_, { fault, isNew, spoil }) => {
  const disk = isNew ? new MemoryDisk({ crashable: false }) : await stopped()
  spoil?.(disk)
  const { platform, open } = watched(disk)
  if (fault !== undefined) disk.fail(fault)
  await expect(start(platform)).rejects.toThrow()
  expect(open).toEqual([])
})

async function start(platform: Platform): Promise<void> {
  const settings = new Settings([['varve.journal.bytes', '1048576']])
  const broker = await openBroker({ platform, directory: '/data', settings, logger: silentLogger })
  await broker.close()
}
