// What a start makes of a directory that is not as it was left.

import { expect, test } from 'vitest'
import { journalFile, manifestFiles, partitionMetadataText } from '../../src/log/layout.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

const journal = `/data/${journalFile}`

async function stopped({ isClean }: { isClean: boolean }): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ crashable: false })
  const { log, directory } = await openLog(memoryPlatform(disk), '/data')
  for (const value of ['a', 'b', 'c']) await log.append(batchOf([value]), { origin: 'client' }).durable
  await (isClean ? directory.close() : directory.checkpoint())
  return disk.fork()
}

const start = (disk: MemoryDisk) => openLog(memoryPlatform(disk), '/data')

test('a missing journal without a clean stop is an error, with one it is made again', async () => {
  const crashed = await stopped({ isClean: false })
  crashed.remove(journal)
  await expect(start(crashed)).rejects.toMatchObject({ code: 'JOURNAL_MISSING' })
  const clean = await stopped({ isClean: true })
  clean.remove(journal)
  expect(await readAll((await start(clean)).log)).toEqual(['a', 'b', 'c'])
})

test('without any manifest nobody knows which segments there are', async () => {
  for (const isClean of [true, false])
    for (const alsoJournal of [true, false]) {
      const disk = await stopped({ isClean })
      for (const name of manifestFiles) if (disk.stat(`/data/${name}`) !== undefined) disk.remove(`/data/${name}`)
      if (alsoJournal) disk.remove(journal)
      await expect(start(disk)).rejects.toMatchObject({
        code: alsoJournal && !isClean ? 'JOURNAL_MISSING' : 'DIRECTORY_CORRUPT',
      })
    }
})

test('one readable header of the journal is enough, and it knows the groups of this life', async () => {
  for (const slot of [0, 1]) {
    const disk = await stopped({ isClean: false })
    disk.poke(journal, Buffer.alloc(4096), slot * 4096)
    const { log, report } = await start(disk)
    expect([await readAll(log), report.problems]).toEqual([['a', 'b', 'c'], []])
  }
})

test('a newer format reads as newer, never as corrupt', async () => {
  const version = Buffer.from([0, 0, 0, 2])
  for (const path of [journal, ...manifestFiles.map(name => `/data/${name}`)]) {
    const disk = await stopped({ isClean: false })
    if (disk.stat(path) === undefined) continue
    disk.poke(path, version, 8)
    await expect(start(disk), path).rejects.toMatchObject({ code: 'NEWER_FORMAT' })
  }
})

test('a directory of another topic with the same name is set aside, never adopted', async () => {
  const disk = await stopped({ isClean: true })
  const other = Buffer.from('some-other-topic').toString('base64url')
  disk.poke('/data/orders-0/partition.metadata', Buffer.from(partitionMetadataText(other)), 0)
  const { log, report } = await start(disk)
  expect(log.degraded).toMatchObject({ reason: 'the directory is missing' })
  expect(report.problems.length).toBeGreaterThan(0)
  const files = disk.files().filter(path => path.startsWith('/data/quarantine/') && path.endsWith('.log'))
  expect(files.map(path => disk.peek(path).length)).toEqual([3 * batchOf(['a']).length])
})

test('a missing directory or segment is said, and comes back when the file does', async () => {
  const disk = await stopped({ isClean: true })
  const path = disk.files().find(name => name.endsWith('.log')) as string
  const bytes = disk.peek(path)
  disk.remove(path)
  const first = await start(disk)
  expect(first.log.degraded).toMatchObject({ fromOffset: 0 })
  expect(() => first.log.read({ offset: 0, bytesMax: 1 })).toThrow('is missing')
  expect(() => first.log.append(batchOf(['d']), { origin: 'client' })).toThrow('degraded')
  await first.directory.close()
  const file = disk.open(path, 'create')
  file.write([bytes], 0)
  file.close()
  const second = await start(disk)
  expect([await readAll(second.log), second.report.problems]).toEqual([['a', 'b', 'c'], []])
})

test('a missing segment whose later batches only the journal had stays degraded when it comes back', async () => {
  const disk = new MemoryDisk({ crashable: false })
  const running = await openLog(memoryPlatform(disk), '/data')
  await running.log.append(batchOf(['a']), { origin: 'client' }).durable
  await running.directory.checkpoint()
  await running.log.append(batchOf(['b']), { origin: 'client' }).durable
  const crashed = disk.fork()
  const path = crashed.files().find(name => name.endsWith('.log')) as string
  const bytes = crashed.peek(path)
  crashed.remove(path)
  const first = await start(crashed)
  expect(first.report.problems.length).toBeGreaterThan(0)
  await first.directory.close()
  const file = crashed.open(path, 'create')
  file.write([bytes], 0)
  file.close()
  const second = await start(crashed)
  const values = second.log.degraded === undefined ? await readAll(second.log) : 'degraded'
  expect(values).not.toEqual(['a']) // an acknowledged record is missing, and somebody has to say so
})
