// What can go wrong on the memory disk on purpose.

import { describe, expect, test } from 'vitest'
import { DiskError } from '../../src/base/errors.ts'
import { diceOf, MemoryDisk } from '../../src/platform/memory-disk.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'

describe('a failed sync', () => {
  test('loses the bytes for good, though they can still be read and a later sync says that all is well', async () => {
    const disk = new MemoryDisk()
    const file = disk.open('/a', 'create')
    await disk.syncDirectory('/')
    disk.fail({ on: 'sync', path: '/a' })
    file.write([Buffer.from('lost')], 0)
    await expect(file.sync()).rejects.toMatchObject({ name: 'DiskError', errno: 'EIO', path: '/a' })
    expect(disk.peek('/a').toString()).toBe('lost')
    const other = disk.open('/a', 'write')
    await other.sync()
    other.write([Buffer.from('kept')], 4)
    await other.sync()
    disk.crash({ random: diceOf(1) })
    expect(disk.peek('/a').toString('latin1')).toBe('\0\0\0\0kept')
  })
  test('is the last one of every handle that was open', async () => {
    const disk = new MemoryDisk()
    const file = disk.open('/a', 'create')
    const second = disk.open('/a', 'write')
    disk.fail({ on: 'sync' })
    file.write([Buffer.from('x')], 0)
    await expect(file.sync()).rejects.toThrow(DiskError)
    await expect(file.sync()).rejects.toThrow(DiskError)
    await expect(second.sync()).rejects.toThrow(DiskError)
  })
  test('with dice: some sectors may have landed before the error', async () => {
    const landed = new Set<number>()
    for (let seed = 1; seed <= 100; seed++) {
      const disk = new MemoryDisk({ dice: new SeededRandom(seed) })
      const file = disk.open('/a', 'create')
      file.write([Buffer.alloc(1024)], 0)
      await file.sync()
      await disk.syncDirectory('/')
      file.write([Buffer.alloc(1024, 1)], 0)
      disk.fail({ on: 'sync' })
      await file.sync().catch(() => {})
      disk.crash({ random: diceOf(seed) })
      landed.add(disk.peek('/a').filter(byte => byte === 1).length)
    }
    expect([...landed].sort((a, b) => a - b)).toEqual([0, 512, 1024])
  })
  test('a rewrite of what was lost is durable after the next successful sync', async () => {
    const disk = new MemoryDisk()
    const file = disk.open('/a', 'create')
    await disk.syncDirectory('/')
    disk.fail({ on: 'sync' })
    file.write([Buffer.from('again')], 0)
    await file.sync().catch(() => {})
    const next = disk.open('/a', 'write')
    next.write([Buffer.from('again')], 0)
    await next.sync()
    disk.crash({ random: diceOf(1) })
    expect(disk.peek('/a').toString()).toBe('again')
  })
})

describe('faults strike', () => {
  test('the n-th call on a path, so many times, with the errno asked for', () => {
    const disk = new MemoryDisk()
    const a = disk.open('/a.log', 'create')
    const b = disk.open('/b.index', 'create')
    const fault = disk.fail({ on: 'write', path: /\.log$/, nth: 2, times: 2, errno: 'ENOSPC' })
    const tryWrite = (file: typeof a): string => {
      try {
        file.write([Buffer.from('x')], file.bytes())
        return 'ok'
      } catch (error) {
        return (error as DiskError).errno
      }
    }
    expect([1, 2, 3, 4].map(() => `${tryWrite(a)} ${tryWrite(b)}`)).toEqual([
      'ok ok',
      'ENOSPC ok',
      'ENOSPC ok',
      'ok ok',
    ])
    expect(fault.hits).toBe(2)
  })
  test('until they are disarmed', () => {
    const disk = new MemoryDisk()
    const file = disk.open('/a', 'create')
    const fault = disk.fail({ on: 'read', times: Infinity })
    for (let i = 0; i < 3; i++) expect(() => file.read(Buffer.alloc(1), 0)).toThrow(DiskError)
    fault.disarm()
    expect(file.read(Buffer.alloc(1), 0)).toBe(0)
  })
  test('after part of a write, which stays', () => {
    const disk = new MemoryDisk()
    const file = disk.open('/a', 'create')
    disk.fail({ on: 'write', bytesWritten: 3 })
    expect(() => file.write([Buffer.from('hello')], 0)).toThrow(DiskError)
    expect(disk.peek('/a').toString()).toBe('hel')
  })
  test('every operation', async () => {
    const disk = new MemoryDisk()
    disk.makeDirectory('/d')
    const calls = {
      open: () => disk.open('/d/a', 'create'),
      stat: () => disk.stat('/d'),
      list: () => disk.list('/d'),
      makeDirectory: () => disk.makeDirectory('/e'),
      rename: () => disk.rename('/d', '/e'),
      remove: () => disk.remove('/d'),
      removeTree: () => disk.removeTree('/d'),
      syncDirectory: () => disk.syncDirectory('/d'),
      freeBytes: () => disk.freeBytes('/d'),
      own: () => disk.own('/d', () => {}),
    } as const
    for (const [on, call] of Object.entries(calls)) {
      disk.fail({ on: on as keyof typeof calls, errno: 'EMFILE' })
      await expect((async () => call())()).rejects.toMatchObject({ errno: 'EMFILE' })
    }
    expect(disk.list('/')).toEqual(['d'])
  })
})

test('an operation may hang', async () => {
  const disk = new MemoryDisk()
  const file = disk.open('/a', 'create')
  disk.fail({ on: 'sync', hangs: true })
  let settled = false
  file.sync().finally(() => {
    settled = true
  })
  await new Promise(setImmediate)
  expect(settled).toBe(false)
  await file.sync()
})

describe('a full disk', () => {
  test('takes the pages that fit, says ENOSPC, and has room again when something goes', async () => {
    const disk = new MemoryDisk({ capacityBytes: 3 * 4096 })
    const file = disk.open('/a', 'create')
    expect(() => file.write([Buffer.alloc(20_000, 1)], 100)).toThrow(/short write/)
    expect(file.bytes()).toBe(3 * 4096)
    expect(await disk.freeBytes('/')).toBe(0)
    expect(() => disk.open('/b', 'create')).toThrow(DiskError)
    file.write([Buffer.alloc(4096, 2)], 0)
    file.truncate(4096)
    expect(await disk.freeBytes('/')).toBe(2 * 4096)
  })
  test('zeros that were written hold their place; a hole does not', async () => {
    const disk = new MemoryDisk({ capacityBytes: 100 * 4096 })
    disk.open('/hole', 'create').truncate(64 << 20)
    expect(await disk.freeBytes('/')).toBe(100 * 4096)
    disk.open('/ring', 'create').write([Buffer.alloc(90 * 4096)], 0)
    expect(await disk.freeBytes('/')).toBe(10 * 4096)
  })
})

test('a flipped bit is on the medium and in the cache', () => {
  const disk = new MemoryDisk()
  const file = disk.open('/a', 'create')
  file.write([Buffer.from([0, 0, 0])], 0)
  disk.flipBit('/a', 1, 7)
  expect([...disk.peek('/a')]).toEqual([0, 128, 0])
  expect(() => disk.flipBit('/a', 3, 0)).toThrow(/beyond the end/)
})

test('a fork and its origin do not see each other', async () => {
  const disk = new MemoryDisk()
  const file = disk.open('/a', 'create')
  file.write([Buffer.alloc(5000, 1)], 0)
  const copy = disk.fork()
  copy.open('/a', 'write').write([Buffer.from([2])], 0)
  file.write([Buffer.from([3])], 4999)
  expect([disk.peek('/a')[0], disk.peek('/a')[4999]]).toEqual([1, 3])
  expect([copy.peek('/a')[0], copy.peek('/a')[4999]]).toEqual([2, 1])
})
