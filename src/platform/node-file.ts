// One open file of the real disk.
//   1  a write that wrote less than it was given is a failure: libuv goes on after a partial write and swallows the error
//      of the rest, so the count is all that tells
//   2  after a failed sync no sync of this handle is ever tried again: the kernel has marked the lost pages clean, and a
//      second fdatasync would answer "all is well"
//   3  one fdatasync at a time: of two that overlap, the kernel tells only one about an error. Syncs called meanwhile share
//      the next one
//   4  the descriptor is closed only after the calls that are still in the thread pool: closed earlier, its number could
//      belong to another file by the time they write
// Made by node-disk.ts.

import fs from 'node:fs'
import { DiskError } from '../base/errors.ts'
import { bytesOf, gather } from './gather.ts'
import type { DiskFile } from './platform.ts'

const oneByte = Buffer.alloc(1)

export class NodeFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  #calls = 0
  #closed = false
  #syncRunning: Promise<void> | undefined
  #syncNext: Promise<void> | undefined
  #syncFailure: DiskError | undefined

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  bytes(): number {
    return this.#now('stat', () => fs.fstatSync(this.#fd).size)
  }

  read(target: Uint8Array, position: number): number {
    this.#checkOpen('read')
    let done = 0
    try {
      while (done < target.byteLength) {
        const count = fs.readSync(this.#fd, target, done, target.byteLength - done, position + done)
        if (count === 0) break
        done += count
      }
    } catch (cause) {
      throw new DiskError('read failed', { path: this.path, cause })
    }
    return done
  }

  readLater(target: Uint8Array, position: number): Promise<number> {
    return this.#later('read', async () => {
      let done = 0
      while (done < target.byteLength) {
        const count = await readOnce(this.#fd, target, done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#checkOpen('write')
    let at = position
    for (const list of gather(buffers)) {
      const bytes = bytesOf(list)
      if (bytes === 0) continue
      let written: number
      try {
        written =
          list.length === 1
            ? fs.writeSync(this.#fd, list[0], 0, bytes, at)
            : fs.writevSync(this.#fd, list as NodeJS.ArrayBufferView[], at)
      } catch (cause) {
        throw new DiskError('write failed', { path: this.path, cause })
      }
      if (written !== bytes) throw this.#shortWrite(at + written)
      at += bytes
    }
  }

  writeLater(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#later('write', async () => {
      let at = position
      for (const list of gather(buffers)) {
        const bytes = bytesOf(list)
        if (bytes === 0) continue
        const written = await writeOnce(this.#fd, list, at)
        if (written !== bytes) throw this.#shortWrite(at + written)
        at += bytes
      }
    })
  }

  truncate(bytes: number): void {
    this.#now('truncate', () => fs.ftruncateSync(this.#fd, bytes))
  }

  sync(): Promise<void> {
    return this.#later('sync', () => {
      if (this.#syncRunning === undefined) return this.#syncNow()
      this.#syncNext ??= this.#syncRunning.then(() => {
        this.#syncNext = undefined
        return this.#syncNow()
      })
      return this.#syncNext
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#calls === 0) this.#closeDescriptor()
  }

  async #syncNow(): Promise<void> {
    if (this.#syncFailure !== undefined) throw this.#syncFailure
    this.#syncRunning = fdatasync(this.#fd)
    try {
      await this.#syncRunning
    } catch (cause) {
      this.#syncFailure = new DiskError('sync failed', { path: this.path, cause })
      throw this.#syncFailure
    } finally {
      this.#syncRunning = undefined
    }
  }

  #now<T>(what: string, call: () => T): T {
    this.#checkOpen(what)
    try {
      return call()
    } catch (cause) {
      throw new DiskError(`${what} failed`, { path: this.path, cause })
    }
  }

  async #later<T>(what: string, call: () => Promise<T>): Promise<T> {
    this.#checkOpen(what)
    this.#calls++
    try {
      return await call()
    } catch (cause) {
      throw cause instanceof DiskError ? cause : new DiskError(`${what} failed`, { path: this.path, cause })
    } finally {
      this.#calls--
      if (this.#closed && this.#calls === 0) this.#closeDescriptor()
    }
  }

  #checkOpen(what: string): void {
    if (this.#closed) throw new DiskError(`${what} of a closed file`, { path: this.path, errno: 'EBADF' })
  }

  // Nothing is lost with a failed close: what had to be durable was synced, and Linux frees the descriptor all the same.
  #closeDescriptor(): void {
    try {
      fs.closeSync(this.#fd)
    } catch {}
  }

  /** libuv swallowed the reason: one byte more is written to learn it. The caller cuts the file back in any case. */
  #shortWrite(end: number): DiskError {
    try {
      fs.writeSync(this.#fd, oneByte, 0, 1, end)
    } catch (cause) {
      return new DiskError('short write', { path: this.path, cause })
    }
    return new DiskError('short write', { path: this.path, errno: isFull(this.path) ? 'ENOSPC' : 'EIO' })
  }
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = fs.statfsSync(path)
    return bavail * bsize < 1 << 20
  } catch {
    return false
  }
}

function readOnce(fd: number, target: Uint8Array, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, from, target.byteLength - from, position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}

function writeOnce(fd: number, list: Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(fd, list as NodeJS.ArrayBufferView[], position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}

function fdatasync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(fd, error => (error ? reject(error) : resolve()))
  })
}
