// The real disk.
//   1  every failure is a DiskError with the system's errno
//   2  files are 0600 and directories 0700: the data is its owner's alone
//   3  small warm reads and writes are synchronous, everything that may wait for the medium goes through the thread pool
// libuv's pool has four threads unless UV_THREADPOOL_SIZE says otherwise before the process starts: four hung syncs would
// stop all cold reads and DNS. The command sets it; a program that embeds the library may.
// Called through platform.ts by log/.

import fs from 'node:fs'
import os from 'node:os'
import { promisify } from 'node:util'
import { DiskError } from '../base/errors.ts'
import { NodeFile } from './node-file.ts'
import { type OwnerOptions, ownDirectory } from './node-ownership.ts'
import type { Disk, DiskFile, FileStat, OpenMode, Ownership } from './platform.ts'

const fsync = promisify(fs.fsync)

const flags: Record<OpenMode, string> = { read: 'r', write: 'r+', create: 'wx+' }

export class NodeDisk implements Disk {
  /** A quarter of the machine's memory, or of what the container may use. */
  readonly cacheBytes = Math.min(os.totalmem(), process.constrainedMemory?.() || Number.POSITIVE_INFINITY) / 4
  /** libuv's pool has four threads unless told otherwise. */
  readonly syncsAtOnce = Math.max(2, (Number(process.env['UV_THREADPOOL_SIZE']) || 4) - 2)
  readonly #owner: OwnerOptions

  constructor(owner: OwnerOptions = {}) {
    this.#owner = owner
  }

  open(path: string, mode: OpenMode): DiskFile {
    return new NodeFile(
      path,
      now('open', path, () => fs.openSync(path, flags[mode], 0o600)),
    )
  }

  stat(path: string): FileStat | undefined {
    try {
      const stat = fs.statSync(path, { throwIfNoEntry: false })
      return stat && { bytes: stat.size, modifiedMs: stat.mtimeMs, isDirectory: stat.isDirectory() }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
      throw new DiskError('stat failed', { path, cause })
    }
  }

  list(path: string): string[] {
    try {
      return fs.readdirSync(path).sort()
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw new DiskError('list failed', { path, cause })
    }
  }

  makeDirectory(path: string): void {
    now('make directory', path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }))
  }

  rename(from: string, to: string): void {
    now('rename', from, () => fs.renameSync(from, to))
  }

  remove(path: string): void {
    now('remove', path, () => fs.unlinkSync(path))
  }

  removeTree(path: string): Promise<void> {
    return later('remove directory', path, () => fs.promises.rm(path, { recursive: true, force: true }))
  }

  /** Opened at once: it is the directory that has this name now, whatever it is renamed to before the sync ends. */
  syncDirectory(path: string): Promise<void> {
    return later('sync directory', path, async () => {
      const directory = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
      try {
        await fsync(directory)
      } finally {
        fs.closeSync(directory)
      }
    })
  }

  freeBytes(path: string): Promise<number> {
    return later('statfs', path, async () => {
      const { bavail, bsize } = await fs.promises.statfs(path)
      return bavail * bsize
    })
  }

  totalBytes(path: string): Promise<number> {
    return later('statfs', path, async () => {
      const { blocks, bsize } = await fs.promises.statfs(path)
      return blocks * bsize
    })
  }

  own(path: string, onLost: (reason: string) => void): Promise<Ownership> {
    return ownDirectory(path, onLost, this.#owner)
  }
}

function now<T>(what: string, path: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw new DiskError(`${what} failed`, { path, cause })
  }
}

async function later<T>(what: string, path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw new DiskError(`${what} failed`, { path, cause })
  }
}
