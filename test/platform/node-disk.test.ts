// What only the real disk has: permissions, short writes, syncs that fail, descriptors.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DiskError } from '../../src/base/errors.ts'
import { bytesOf, gather } from '../../src/platform/gather.ts'
import { NodeDisk } from '../../src/platform/node-disk.ts'

const disk = new NodeDisk()
let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-node-disk-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  fs.rmSync(directory, { recursive: true, force: true })
})
const at = (name: string): string => path.join(directory, name)

test('files and directories are for their owner alone', () => {
  disk.makeDirectory(at('x/y'))
  disk.open(at('x/a'), 'create').close()
  const modes = ['x', 'x/y', 'x/a'].map(name => (fs.statSync(at(name)).mode & 0o777).toString(8))
  expect(modes).toEqual(['700', '700', '600'])
})

describe('a short write', () => {
  test('is a failure, though the system reports none', () => {
    vi.spyOn(fs, 'writeSync').mockReturnValueOnce(3)
    const file = disk.open(at('a'), 'create')
    expect(errorOf(() => file.write([Buffer.from('hello')], 0))).toMatchObject({ errno: 'EIO', path: at('a') })
    vi.spyOn(fs, 'writevSync').mockReturnValueOnce(3)
    expect(errorOf(() => file.write([Buffer.from('hello'), Buffer.from('you')], 0)).message).toMatch(/^short write/)
    file.close()
  })
  test('on a full disk says ENOSPC', () => {
    vi.spyOn(fs, 'writeSync').mockReturnValueOnce(3)
    vi.spyOn(fs, 'statfsSync').mockReturnValueOnce({ bavail: 0, bsize: 4096 } as fs.StatsFs)
    const file = disk.open(at('a'), 'create')
    expect(errorOf(() => file.write([Buffer.from('hello')], 0)).errno).toBe('ENOSPC')
    file.close()
  })
  test.runIf(process.platform === 'linux')('under a real limit of the file size is found, now and later', () => {
    const program = fileURLToPath(new URL('short-write-process.ts', import.meta.url))
    const run = `ulimit -f 20480 && exec "$0" --import tsx "${program}" "${at('a')}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', run, process.execPath], { encoding: 'utf8' })
    expect(`${stdout}${stderr}`.split('\n').filter(line => line.includes('write'))).toEqual([
      'now: EFBIG short write',
      'later: EFBIG short write',
    ])
  })
})

test.runIf(process.platform === 'linux')('an error of the system keeps its errno', async () => {
  const full = disk.open('/dev/full', 'write')
  expect(errorOf(() => full.write([Buffer.from('x')], 0))).toMatchObject({ errno: 'ENOSPC', path: '/dev/full' })
  await expect(full.writeLater([Buffer.from('x')], 0)).rejects.toMatchObject({ errno: 'ENOSPC' })
  full.close()
})

describe('sync', () => {
  test('after a failure is never tried again on that file', async () => {
    const fdatasync = vi
      .spyOn(fs, 'fdatasync')
      .mockImplementationOnce(((_fd: number, done: (error: Error) => void) =>
        setImmediate(() => done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })))) as never)
    const file = disk.open(at('a'), 'create')
    const first = file.sync()
    const waiting = file.sync()
    await expect(first).rejects.toMatchObject({ errno: 'EIO', path: at('a') })
    await expect(waiting).rejects.toMatchObject({ errno: 'EIO' })
    await expect(file.sync()).rejects.toMatchObject({ errno: 'EIO' })
    expect(fdatasync).toHaveBeenCalledTimes(1)
    file.close()
  })
  test('called while one runs starts after it, once for all that wait', async () => {
    const ends: (() => void)[] = []
    const fdatasync = vi
      .spyOn(fs, 'fdatasync')
      .mockImplementation(((_fd: number, done: (error: null) => void) => ends.push(() => done(null))) as never)
    const file = disk.open(at('a'), 'create')
    const all = Promise.all([file.sync(), file.sync(), file.sync()])
    expect(fdatasync).toHaveBeenCalledTimes(1)
    ends[0]()
    await vi.waitFor(() => expect(ends).toHaveLength(2))
    ends[1]()
    await all
    expect(fdatasync).toHaveBeenCalledTimes(2)
    file.close()
  })
})

test('the descriptor is closed after the last call that uses it, and only then', async () => {
  const closeSync = vi.spyOn(fs, 'closeSync')
  const file = disk.open(at('a'), 'create')
  const writing = file.writeLater([Buffer.alloc(100_000)], 0)
  file.close()
  expect(closeSync).not.toHaveBeenCalled()
  await writing
  expect(closeSync).toHaveBeenCalledTimes(1)
})

test('small buffers are written together, large ones as they are, never more than 1,024 at once', () => {
  const large = Buffer.alloc(4096)
  const lists = gather([...Array(20).fill(Buffer.alloc(10)), large, ...Array(3000).fill(Buffer.alloc(4096))])
  expect(lists.map(list => list.length)).toEqual([1024, 1024, 954])
  expect(lists[0][0].byteLength).toBe(200)
  expect(lists[0][1]).toBe(large)
  expect(lists.reduce((sum, list) => sum + bytesOf(list), 0)).toBe(200 + 3001 * 4096)
  expect(gather([])).toEqual([])
})

function errorOf(call: () => unknown): DiskError {
  try {
    call()
  } catch (error) {
    return error as DiskError
  }
  throw new Error('nothing was thrown')
}
