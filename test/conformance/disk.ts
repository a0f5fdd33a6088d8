// The contract of Disk (src/platform/platform.ts), sentence by sentence, for every implementation.
// Called by disk.test.ts with a fresh directory per test.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskError, KafkaError } from '../../src/base/errors.ts'
import type { Disk, DiskFile } from '../../src/platform/platform.ts'

export interface DiskUnderTest {
  readonly disk: Disk
  /** an empty directory that exists */
  readonly directory: string
  end(): Promise<void>
}

export function diskConformance(name: string, begin: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the contract of Disk`, () => {
    let disk: Disk
    let directory: string
    let end: () => Promise<void>
    beforeEach(async () => {
      const under = await begin()
      disk = under.disk
      directory = under.directory
      end = () => under.end()
    })
    afterEach(() => end())

    const at = (...names: string[]): string => [directory, ...names].join('/')
    const create = (file: string, text = ''): DiskFile => {
      const opened = disk.open(at(file), 'create')
      if (text !== '') opened.write([Buffer.from(text)], 0)
      return opened
    }
    const textOf = (path: string): string => {
      const file = disk.open(path, 'read')
      const target = Buffer.alloc(file.bytes())
      file.read(target, 0)
      file.close()
      return target.toString()
    }

    describe('open', () => {
      test('create makes an empty file that can be written and read', () => {
        const file = create('a')
        expect(file.bytes()).toBe(0)
        file.write([Buffer.from('hello')], 0)
        expect(file.path).toBe(at('a'))
        file.close()
        expect(textOf(at('a'))).toBe('hello')
      })
      test('create of a file that is there fails with EEXIST and leaves it as it was', () => {
        create('a', 'old').close()
        expectDiskError(() => disk.open(at('a'), 'create'), 'EEXIST', at('a'))
        expect(textOf(at('a'))).toBe('old')
      })
      test('read and write need a file that is there: ENOENT', () => {
        expectDiskError(() => disk.open(at('none'), 'read'), 'ENOENT', at('none'))
        expectDiskError(() => disk.open(at('none'), 'write'), 'ENOENT', at('none'))
        expectDiskError(() => disk.open(at('no', 'parent'), 'create'), 'ENOENT', at('no', 'parent'))
      })
      test('a file opened to read cannot be written', () => {
        create('a', 'old').close()
        const file = disk.open(at('a'), 'read')
        expectDiskError(() => file.write([Buffer.from('new')], 0), 'EBADF', at('a'))
        file.close()
        expect(textOf(at('a'))).toBe('old')
      })
      test('a file opened to write keeps what it held', () => {
        create('a', 'hello').close()
        const file = disk.open(at('a'), 'write')
        file.write([Buffer.from('J')], 0)
        file.close()
        expect(textOf(at('a'))).toBe('Jello')
      })
      test('two handles of one file see each other at once', () => {
        const writer = create('a')
        const reader = disk.open(at('a'), 'read')
        writer.write([Buffer.from('hello')], 0)
        expect(reader.bytes()).toBe(5)
        writer.close()
        reader.close()
      })
    })

    describe('write and read', () => {
      test('several buffers land end to end at the position; a gap reads as zeros', () => {
        const file = create('a')
        file.write([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')], 5)
        const target = Buffer.alloc(8)
        expect(file.read(target, 0)).toBe(8)
        expect(target.toString('latin1')).toBe('\0\0\0\0\0abc')
        file.close()
      })
      test('writing nothing changes nothing', () => {
        const file = create('a', 'x')
        file.write([], 10)
        file.write([Buffer.alloc(0)], 10)
        expect(file.bytes()).toBe(1)
        file.close()
      })
      test('a read returns fewer bytes than asked only at the end of the file, and 0 beyond it', async () => {
        const file = create('a', 'hello')
        const target = Buffer.alloc(10, 'x')
        expect(file.read(target, 3)).toBe(2)
        expect(target.toString()).toBe('loxxxxxxxx')
        expect(file.read(target, 5)).toBe(0)
        expect(file.read(target, 500)).toBe(0)
        expect(await file.readLater(target, 1)).toBe(4)
        expect(target.subarray(0, 4).toString()).toBe('ello')
        file.close()
      })
      test('more buffers than one system call takes, small and large, arrive in order', async () => {
        for (const bytes of [3, 5000]) {
          const buffers = Array.from({ length: 2500 }, (_, i) => Buffer.alloc(i % 7 === 0 ? 1 : bytes, i % 251))
          const whole = Buffer.concat(buffers)
          const file = create(`many-${bytes}`)
          file.write(buffers, 1)
          await file.writeLater(buffers, 1 + whole.length)
          const target = Buffer.alloc(1 + 2 * whole.length)
          expect(file.read(target, 0)).toBe(target.length)
          expect(target.equals(Buffer.concat([Buffer.alloc(1), whole, whole]))).toBe(true)
          file.close()
        }
      })
      test('the buffers are free again when write returns', () => {
        const file = create('a')
        const buffer = Buffer.from('hello')
        file.write([buffer], 0)
        buffer.fill('x')
        expect(textOf(at('a'))).toBe('hello')
        file.close()
      })
      test('random writes and cuts read back as an array of bytes would', () => {
        const file = create('a')
        let model = Buffer.alloc(0)
        let state = 12345
        const below = (limit: number): number => {
          state = (Math.imul(state, 1103515245) + 12345) >>> 0
          return (state >>> 8) % limit
        }
        for (let step = 0; step < 300; step++) {
          if (below(6) === 0) {
            const bytes = below(20_000)
            file.truncate(bytes)
            model = Buffer.concat([model.subarray(0, bytes), Buffer.alloc(Math.max(0, bytes - model.length))])
          } else {
            const data = Buffer.alloc(below(9000), below(3) === 0 ? 0 : 1 + below(255))
            const position = below(20_000)
            file.write([data], position)
            if (data.length > 0) {
              const next = Buffer.alloc(Math.max(model.length, position + data.length))
              model.copy(next)
              data.copy(next, position)
              model = next
            }
          }
          expect(file.bytes()).toBe(model.length)
        }
        const target = Buffer.alloc(model.length)
        expect(file.read(target, 0)).toBe(model.length)
        expect(target.equals(model)).toBe(true)
        file.close()
      })
    })

    describe('truncate, sync, close', () => {
      test('truncate cuts, and grows with zeros, also over bytes that were there before', () => {
        const file = create('a', 'hello')
        file.truncate(2)
        file.truncate(4)
        expect(textOf(at('a'))).toBe('he\0\0')
        file.close()
      })
      test('a large file of zeros is cheap', () => {
        const file = create('ring')
        file.truncate(64 << 20)
        expect(file.bytes()).toBe(64 << 20)
        const target = Buffer.alloc(10, 'x')
        expect(file.read(target, 40 << 20)).toBe(10)
        expect(target.equals(Buffer.alloc(10))).toBe(true)
        file.close()
      })
      test('sync resolves, alone and several at once', async () => {
        const file = create('a', 'hello')
        await file.sync()
        file.write([Buffer.from('J')], 0)
        await Promise.all([file.sync(), file.sync(), file.sync()])
        file.close()
      })
      test('a closed file can be closed again, and nothing else', async () => {
        const file = create('a', 'hello')
        file.close()
        file.close()
        expectDiskError(() => file.read(Buffer.alloc(1), 0), 'EBADF', at('a'))
        expectDiskError(() => file.write([Buffer.from('x')], 0), 'EBADF', at('a'))
        expectDiskError(() => file.truncate(0), 'EBADF', at('a'))
        expectDiskError(() => file.bytes(), 'EBADF', at('a'))
        await expectRejection(file.sync(), 'EBADF')
        await expectRejection(file.readLater(Buffer.alloc(1), 0), 'EBADF')
        await expectRejection(file.writeLater([Buffer.from('x')], 0), 'EBADF')
      })
      test('close lets what was begun end first, on its own file', async () => {
        const file = create('a')
        const writing = file.writeLater([Buffer.from('mine')], 0)
        const syncing = file.sync()
        file.close()
        const other = create('b', 'theirs')
        await Promise.all([writing, syncing])
        expect(textOf(at('a'))).toBe('mine')
        expect(textOf(at('b'))).toBe('theirs')
        other.close()
      })
    })

    describe('names', () => {
      test('stat tells files from directories, and is undefined where nothing is', () => {
        create('a', 'hello').close()
        expect(disk.stat(at('a'))).toMatchObject({ bytes: 5, isDirectory: false })
        expect(disk.stat(at('a'))!.modifiedMs).toBeGreaterThan(0)
        expect(disk.stat(directory)).toMatchObject({ isDirectory: true })
        expect(disk.stat(at('none'))).toBeUndefined()
        expect(disk.stat(at('a', 'below-a-file'))).toBeUndefined()
      })
      test('list gives the names, sorted, and [] where no directory is', () => {
        for (const name of ['b', 'a', 'Z', '10', '9']) create(name).close()
        disk.makeDirectory(at('c'))
        expect(disk.list(directory)).toEqual(['10', '9', 'Z', 'a', 'b', 'c'])
        expect(disk.list(at('none'))).toEqual([])
      })
      test('makeDirectory makes parents, and does nothing where one is', () => {
        disk.makeDirectory(at('x', 'y', 'z'))
        disk.makeDirectory(at('x', 'y', 'z'))
        expect(disk.list(at('x', 'y'))).toEqual(['z'])
      })
      test('__proto__ and constructor are names like any other', () => {
        disk.makeDirectory(at('__proto__'))
        create('__proto__/constructor', 'x').close()
        expect(disk.list(directory)).toEqual(['__proto__'])
        expect(textOf(at('__proto__', 'constructor'))).toBe('x')
        expect(disk.stat(at('toString'))).toBeUndefined()
      })
      test('rename replaces the file that is there, and open handles follow the file', () => {
        const a = create('a', 'new')
        create('b', 'old').close()
        disk.rename(at('a'), at('b'))
        expect(disk.list(directory)).toEqual(['b'])
        a.write([Buffer.from('N')], 0)
        a.close()
        expect(textOf(at('b'))).toBe('New')
        expectDiskError(() => disk.rename(at('a'), at('c')), 'ENOENT', at('a'))
      })
      test('a directory is renamed with all that is in it', () => {
        disk.makeDirectory(at('x'))
        create('x/a', 'hello').close()
        disk.rename(at('x'), at('y'))
        expect(textOf(at('y', 'a'))).toBe('hello')
        expect(disk.stat(at('x'))).toBeUndefined()
      })
      test('remove takes one file; who has it open still reads it', () => {
        const file = create('a', 'hello')
        disk.remove(at('a'))
        expect(disk.stat(at('a'))).toBeUndefined()
        expect(file.read(Buffer.alloc(5), 0)).toBe(5)
        file.close()
        expectDiskError(() => disk.remove(at('a')), 'ENOENT', at('a'))
      })
      test('removeTree takes all below it, and does nothing where nothing is', async () => {
        disk.makeDirectory(at('x', 'y'))
        create('x/y/a').close()
        create('x/b').close()
        await disk.removeTree(at('x'))
        await disk.removeTree(at('x'))
        expect(disk.list(directory)).toEqual([])
      })
      test('syncDirectory resolves, and fails where no directory is', async () => {
        await disk.syncDirectory(directory)
        await expectRejection(disk.syncDirectory(at('none')), 'ENOENT')
      })
      test('syncDirectory is about the directory that has the name when it is called, also if it is renamed meanwhile', async () => {
        disk.makeDirectory(at('here'))
        const synced = disk.syncDirectory(at('here'))
        disk.rename(at('here'), at('there'))
        await synced
      })
      test('freeBytes is a number of bytes', async () => {
        expect(await disk.freeBytes(directory)).toBeGreaterThan(0)
      })
    })

    describe('own', () => {
      test('the second owner is refused with a sentence that says who has it', async () => {
        const ownership = await disk.own(directory, () => {})
        const error = await disk.own(directory, () => {}).catch(e => e)
        expect(error).toBeInstanceOf(KafkaError)
        expect(error.code).toBe('DIRECTORY_IN_USE')
        expect(error.message).toMatch(/ is in use by .+; /)
        await ownership.release()
      })
      test('after release it can be owned again at once, and releasing twice is harmless', async () => {
        for (let i = 0; i < 3; i++) {
          const ownership = await disk.own(directory, () => {})
          await ownership.release()
          await ownership.release()
        }
        expect(disk.list(directory)).toEqual([])
      })
      test('of many that ask at once, one owns it', async () => {
        const asked = await Promise.allSettled(Array.from({ length: 5 }, () => disk.own(directory, () => {})))
        const owners = asked.filter(result => result.status === 'fulfilled')
        expect(owners).toHaveLength(1)
        await owners[0].value.release()
      })
      test('two directories have two owners', async () => {
        disk.makeDirectory(at('x'))
        disk.makeDirectory(at('y'))
        const owners = await Promise.all([disk.own(at('x'), () => {}), disk.own(at('y'), () => {})])
        for (const owner of owners) await owner.release()
      })
      test('a directory that is not there cannot be owned', async () => {
        await expectRejection(
          disk.own(at('none'), () => {}),
          'ENOENT',
        )
      })
    })
  })
}

function expectDiskError(call: () => unknown, errno: string, path: string): void {
  let error: unknown
  try {
    call()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(DiskError)
  expect((error as DiskError).errno).toBe(errno)
  expect((error as DiskError).path).toBe(path)
}

async function expectRejection(promise: Promise<unknown>, errno: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(DiskError)
  expect(error.errno).toBe(errno)
}
