// What a power cut takes from the memory disk and what it never takes.

import { describe, expect, test } from 'vitest'
import { diceOf, MemoryDisk } from '../../src/platform/memory-disk.ts'

const seeds = Array.from({ length: 200 }, (_, i) => i + 1)

/** The outcomes of one beginning under many crashes. */
async function outcomes<T>(
  begin: (disk: MemoryDisk) => Promise<void> | void,
  look: (disk: MemoryDisk) => T,
  hostile = false,
): Promise<T[]> {
  const first = new MemoryDisk()
  first.makeDirectory('/d')
  await first.syncDirectory('/')
  await begin(first)
  return seeds.map(seed => {
    const disk = first.fork()
    disk.crash({ random: diceOf(seed), hostile })
    return look(disk)
  })
}

async function synced(disk: MemoryDisk, path: string, data: Buffer): Promise<void> {
  const file = disk.open(path, 'create')
  file.write([data], 0)
  await file.sync()
  await disk.syncDirectory('/d')
  file.close()
}

describe('bytes', () => {
  test('what was synced is there after every crash, whatever was written around it', async () => {
    const data = Buffer.from('synced'.repeat(2000))
    for (const hostile of [false, true]) {
      const found = await outcomes(
        async disk => {
          await synced(disk, '/d/a', data)
          const file = disk.open('/d/a', 'write')
          file.write([Buffer.alloc(30_000, 'x')], data.length)
          file.write([Buffer.alloc(10_000, 'y')], data.length + 5000)
          file.truncate(data.length + 100)
        },
        disk => disk.peek('/d/a').subarray(0, data.length).equals(data),
        hostile,
      )
      expect(found).not.toContain(false)
    }
  })
  test('what was not synced may be there, or gone, or torn at a sector', async () => {
    const kinds = new Set(
      await outcomes(
        async disk => {
          await synced(disk, '/d/a', Buffer.alloc(8192, 'o'))
          disk.open('/d/a', 'write').write([Buffer.alloc(8192, 'n')], 0)
        },
        disk => {
          const data = disk.peek('/d/a')
          expect(data.length).toBe(8192)
          for (let at = 0; at < 8192; at += 512)
            expect(data.subarray(at, at + 512).every(byte => byte === data[at])).toBe(true)
          const isNew = data.filter(byte => byte === 0x6e).length
          return isNew === 8192 ? 'new' : isNew === 0 ? 'old' : 'torn'
        },
      ),
    )
    expect([...kinds].sort()).toEqual(['new', 'old', 'torn'])
  })
  test('a later sector may survive an earlier one', async () => {
    const found = await outcomes(
      async disk => {
        await synced(disk, '/d/a', Buffer.alloc(2048))
        disk.open('/d/a', 'write').write([Buffer.alloc(2048, 1)], 0)
      },
      disk => disk.peek('/d/a')[0] === 0 && disk.peek('/d/a')[2047] === 1,
    )
    expect(found).toContain(true)
  })
  test('size and data go their own ways: a grown file may hold data, zeros or garbage, and may be short', async () => {
    const kinds = new Set(
      await outcomes(
        async disk => {
          await synced(disk, '/d/a', Buffer.from('begin'))
          disk.open('/d/a', 'write').write([Buffer.alloc(507, 'n')], 5)
        },
        disk => {
          const data = disk.peek('/d/a')
          expect(data.subarray(0, 5).toString()).toBe('begin')
          if (data.length === 5) return 'short'
          return data[5] === 0x6e && data[511] === 0x6e
            ? 'data'
            : data.subarray(5).every(b => b === 0)
              ? 'zeros'
              : 'garbage'
        },
      ),
    )
    expect([...kinds].sort()).toEqual(['data', 'garbage', 'short', 'zeros'])
  })
  test('a truncation may be lost; the bytes it cut are then there again', async () => {
    const sizes = new Set(
      await outcomes(
        async disk => {
          await synced(disk, '/d/a', Buffer.from('hello'))
          disk.open('/d/a', 'write').truncate(2)
        },
        disk => disk.peek('/d/a').toString(),
      ),
    )
    expect([...sizes].sort()).toEqual(['he', 'hello'])
  })
  test('a sync covers what was written before it was called, and not what came while it ran', async () => {
    const ends: (() => void)[] = []
    const disk = new MemoryDisk({ io: end => void ends.push(end) })
    const file = disk.open('/a', 'create')
    const naming = disk.syncDirectory('/')
    file.write([Buffer.from('before')], 0)
    const syncing = file.sync()
    file.write([Buffer.from('-while')], 6)
    for (const end of ends) end()
    await Promise.all([naming, syncing])
    const found = seeds.map(seed => {
      const after = disk.fork()
      after.crash({ random: diceOf(seed) })
      return after.peek('/a').toString()
    })
    expect(found.every(text => text.startsWith('before'))).toBe(true)
    expect(found).toContain('before')
    expect(found).toContain('before-while')
  })
  test('a crash in the middle of a sync resolves nothing, and nothing is certain', async () => {
    const ends: (() => void)[] = []
    const disk = new MemoryDisk({ io: end => void ends.push(end) })
    const naming = disk.syncDirectory('/')
    for (const end of ends.splice(0)) end()
    await naming
    const file = disk.open('/a', 'create')
    file.write([Buffer.from('x')], 0)
    let settled = false
    file.sync().finally(() => {
      settled = true
    })
    disk.crash({ random: diceOf(1) })
    for (const end of ends) end()
    await new Promise(setImmediate)
    expect(settled).toBe(false)
  })
})

describe('names', () => {
  test('a file whose directory was not synced may be gone, though its bytes were synced', async () => {
    const found = await outcomes(
      async disk => {
        const file = disk.open('/d/a', 'create')
        file.write([Buffer.from('x')], 0)
        await file.sync()
      },
      disk => disk.list('/d').join(),
    )
    expect(new Set(found)).toEqual(new Set(['', 'a']))
  })
  test('syncing a directory keeps its names, and says nothing about its own name', async () => {
    const found = await outcomes(
      async disk => {
        disk.makeDirectory('/d/e')
        disk.open('/d/e/a', 'create')
        await disk.syncDirectory('/d/e')
      },
      disk => `${disk.list('/d').join()}/${disk.list('/d/e').join()}`,
    )
    expect(new Set(found)).toEqual(new Set(['/', 'e/a']))
  })
  test('a rename is old or new, never neither and never both', async () => {
    for (const hostile of [false, true]) {
      const found = await outcomes(
        async disk => {
          await synced(disk, '/d/a', Buffer.from('1'))
          disk.rename('/d/a', '/d/b')
          disk.rename('/d/b', '/d/c')
        },
        disk => disk.list('/d').join(),
        hostile,
      )
      expect(new Set(found)).toEqual(new Set(['a', 'b', 'c']))
    }
  })
  test('replacing a file by rename leaves the old one or the new one whole', async () => {
    const found = await outcomes(
      async disk => {
        await synced(disk, '/d/a', Buffer.from('old'))
        const next = disk.open('/d/a.tmp', 'create')
        next.write([Buffer.from('new')], 0)
        await next.sync()
        disk.rename('/d/a.tmp', '/d/a')
      },
      disk => disk.peek('/d/a').toString(),
      true,
    )
    expect(new Set(found)).toEqual(new Set(['old', 'new']))
  })
  test('a rename into another directory keeps the file in one of the two', async () => {
    for (const hostile of [false, true]) {
      const found = await outcomes(
        async disk => {
          disk.makeDirectory('/d/q')
          await synced(disk, '/d/a', Buffer.from('1'))
          disk.rename('/d/a', '/d/q/a')
        },
        disk => disk.files().join(),
        hostile,
      )
      expect(new Set(found)).toEqual(new Set(['/d/a', '/d/q/a']))
    }
  })
  test('syncing the directory that a new file was moved to leaves no second name where it came from', async () => {
    const found = await outcomes(
      async disk => {
        disk.makeDirectory('/e')
        await disk.syncDirectory('/')
        disk.open('/d/a', 'create')
        disk.rename('/d/a', '/e/b')
        await disk.syncDirectory('/e')
      },
      disk => disk.files().join(),
    )
    expect(new Set(found)).toEqual(new Set(['/e/b']))
  })
  test('a name that came while the directory was being synced is not covered', async () => {
    const ends: (() => void)[] = []
    const disk = new MemoryDisk({ io: end => void ends.push(end) })
    disk.open('/before', 'create')
    const syncing = disk.syncDirectory('/')
    disk.open('/while', 'create')
    for (const end of ends) end()
    await syncing
    const found = seeds.map(seed => {
      const after = disk.fork()
      after.crash({ random: diceOf(seed) })
      return after.list('/').join()
    })
    expect(new Set(found)).toEqual(new Set(['before', 'before,while']))
  })
  test('of the changes of a directory a prefix is kept; in hostile mode any of them', async () => {
    const begin = (disk: MemoryDisk): void => {
      for (const name of ['1', '2', '3']) disk.open(`/d/${name}`, 'create')
    }
    const look = (disk: MemoryDisk): string => disk.list('/d').join('')
    expect(new Set(await outcomes(begin, look))).toEqual(new Set(['', '1', '12', '123']))
    expect(new Set(await outcomes(begin, look, true)).size).toBe(8)
  })
  test('a removed file may be back, with the bytes that were synced', async () => {
    const found = await outcomes(
      async disk => {
        await synced(disk, '/d/a', Buffer.from('1'))
        disk.remove('/d/a')
      },
      disk => disk.list('/d').join(),
    )
    expect(new Set(found)).toEqual(new Set(['', 'a']))
  })
  test('what a synced directory forgot stays forgotten', async () => {
    const found = await outcomes(
      async disk => {
        await synced(disk, '/d/a', Buffer.from('1'))
        disk.remove('/d/a')
        await disk.syncDirectory('/d')
      },
      disk => disk.list('/d').join(),
    )
    expect(new Set(found)).toEqual(new Set(['']))
  })
  test('a directory that was being removed may be left with some of its files', async () => {
    const found = await outcomes(
      async disk => {
        disk.makeDirectory('/d/e')
        for (const name of ['1', '2']) disk.open(`/d/e/${name}`, 'create')
        await disk.syncDirectory('/d/e')
        await disk.syncDirectory('/d')
        await disk.removeTree('/d/e')
      },
      disk => `${disk.list('/d').join()}:${disk.list('/d/e').join('')}`,
    )
    expect(new Set(found)).toEqual(new Set([':', 'e:', 'e:2', 'e:12']))
  })
})

describe('the end of a process', () => {
  test('kill keeps the page cache, and a power cut later may still take it', async () => {
    const disk = new MemoryDisk()
    disk.open('/a', 'create').write([Buffer.from('x')], 0)
    disk.kill()
    expect(disk.peek('/a').toString()).toBe('x')
    const left = seeds.map(seed => {
      const after = disk.fork()
      after.crash({ random: diceOf(seed) })
      return after.files().length
    })
    expect(new Set(left)).toEqual(new Set([0, 1]))
  })
  test('handles of a former life throw, at once and later, and change nothing', async () => {
    for (const end of ['kill', 'crash'] as const) {
      const disk = new MemoryDisk()
      const file = disk.open('/a', 'create')
      await file.sync()
      await disk.syncDirectory('/')
      if (end === 'kill') disk.kill()
      else disk.crash({ random: diceOf(1) })
      expect(() => file.write([Buffer.from('x')], 0)).toThrow(/dead process/)
      expect(() => file.read(Buffer.alloc(1), 0)).toThrow(/dead process/)
      expect(() => file.truncate(9)).toThrow(/dead process/)
      await expect(file.sync()).rejects.toThrow(/dead process/)
      await expect(file.writeLater([Buffer.from('x')], 0)).rejects.toThrow(/dead process/)
      expect(disk.peek('/a').length).toBe(0)
    }
  })
  test('the disk of one life throws in the next', async () => {
    const disk = new MemoryDisk()
    const mine = disk.boot()
    mine.open('/a', 'create')
    disk.kill()
    expect(() => mine.open('/b', 'create')).toThrow(/dead process/)
    await expect(mine.own('/', () => {})).rejects.toThrow(/dead process/)
    expect(disk.boot().list('/')).toEqual(['a'])
  })
  test('ownership ends with the process, and the release of a dead owner does not end the next one', async () => {
    const disk = new MemoryDisk()
    const first = await disk.own('/', () => {})
    disk.kill()
    await disk.own('/', () => {})
    await first.release()
    await expect(disk.own('/', () => {})).rejects.toThrow(/in use/)
  })
  test('an owner hears that it lost the directory', async () => {
    const disk = new MemoryDisk()
    const reasons: string[] = []
    await disk.own('/', reason => reasons.push(reason))
    disk.loseOwnership('/', 'taken')
    expect(reasons).toEqual(['taken'])
    await disk.own('/', () => {})
  })
})

test('the same dice give the same crash', async () => {
  const look = (disk: MemoryDisk): string =>
    disk
      .files()
      .map(path => disk.peek(path).toString('hex'))
      .join()
  const begin = (disk: MemoryDisk): void => {
    for (const name of ['1', '2', '3']) disk.open(`/d/${name}`, 'create').write([Buffer.alloc(9000, name)], 0)
  }
  expect(await outcomes(begin, look, true)).toEqual(await outcomes(begin, look, true))
})
