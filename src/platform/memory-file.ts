// An open file of the memory disk.
//   1  a handle belongs to one life: after a crash or a kill every use throws, and what was on its way never settles
//   2  the rest is node-file.ts's contract: short writes fail, a failed sync is final for every handle that was open then
// Made by memory-disk.ts.

import { DiskError } from '../base/errors.ts'
import { bytesOf } from './gather.ts'
import { isZeros } from './memory-bytes.ts'
import type { DiskOperation, Fault } from './memory-faults.ts'
import type { FileInode } from './memory-inode.ts'
import type { DiskFile, OpenMode } from './platform.ts'
import type { Dice } from './seeded-random.ts'

/** What a handle needs of its disk. */
export interface Medium {
  /** Grows with every crash and kill. */
  readonly life: number
  readonly dice: Dice | undefined
  /** Throws the fault that is due, except for writes and syncs, which have effects: those get it back. */
  begin(operation: DiskOperation, path: string, position?: number, bytes?: number): Fault | undefined
  later<T>(life: number, path: string, run: () => T): Promise<T>
  /** How many of `bytes` fit. */
  room(inode: FileInode, position: number, bytes: number): number
  nowMs(): number
}

export class MemoryFile implements DiskFile {
  readonly path: string
  readonly #medium: Medium
  readonly #inode: FileInode
  readonly #mode: OpenMode
  readonly #life: number
  #syncErrorsSeen: number
  #syncFailure: DiskError | undefined
  #closed = false

  constructor(medium: Medium, { path, inode, mode }: { path: string; inode: FileInode; mode: OpenMode }) {
    this.path = path
    this.#medium = medium
    this.#inode = inode
    this.#mode = mode
    this.#life = medium.life
    this.#syncErrorsSeen = inode.syncErrors
  }

  bytes(): number {
    this.#checkUsable()
    return this.#inode.content.bytes
  }

  read(target: Uint8Array, position: number): number {
    this.#checkUsable()
    this.#medium.begin('read', this.path, position, target.byteLength)
    return this.#inode.content.read(target, position)
  }

  async readLater(target: Uint8Array, position: number): Promise<number> {
    this.#checkUsable()
    return this.#medium.later(this.#life, this.path, () => {
      this.#medium.begin('read', this.path, position, target.byteLength)
      return this.#inode.content.read(target, position)
    })
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#checkWritable()
    this.#writeNow(buffers, position)
  }

  async writeLater(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#checkWritable()
    return this.#medium.later(this.#life, this.path, () => this.#writeNow(buffers, position))
  }

  truncate(bytes: number): void {
    this.#checkWritable()
    this.#medium.begin('truncate', this.path, 0, bytes)
    this.#inode.truncate(bytes)
    this.#inode.modifiedMs = this.#medium.nowMs()
  }

  async sync(): Promise<void> {
    this.#checkUsable()
    const mark = this.#inode.mark() // now, not when it is done: a later write is not covered
    return this.#medium.later(this.#life, this.path, () => {
      if (this.#syncFailure !== undefined) throw this.#syncFailure
      const fault = this.#medium.begin('sync', this.path)
      if (fault !== undefined) this.#inode.lose(mark, this.#medium.dice)
      if (this.#inode.syncErrors !== this.#syncErrorsSeen) throw this.#failSync(fault?.errno ?? 'EIO')
      this.#inode.commit(mark)
    })
  }

  close(): void {
    this.#closed = true
  }

  #failSync(errno: string): DiskError {
    this.#syncErrorsSeen = this.#inode.syncErrors
    this.#syncFailure = new DiskError('sync failed', { path: this.path, errno })
    return this.#syncFailure
  }

  #writeNow(buffers: readonly Uint8Array[], position: number): void {
    const data = allZeros(buffers) ? undefined : joined(buffers)
    const bytes = data?.byteLength ?? bytesOf(buffers)
    const fault = this.#medium.begin('write', this.path, position, bytes)
    const room = Math.min(this.#medium.room(this.#inode, position, bytes), fault ? (fault.bytesWritten ?? 0) : bytes)
    if (room > 0) {
      this.#inode.write(room < bytes ? data?.subarray(0, room) : data, room, position)
      this.#inode.modifiedMs = this.#medium.nowMs()
    }
    if (fault !== undefined) throw new DiskError('write failed', { path: this.path, errno: fault.errno ?? 'EIO' })
    if (room < bytes) throw new DiskError('short write', { path: this.path, errno: 'ENOSPC' })
  }

  #checkUsable(): void {
    if (this.#life !== this.#medium.life)
      throw new DiskError('use of a file that a dead process had open', { path: this.path, errno: 'EBADF' })
    if (this.#closed) throw new DiskError('use of a closed file', { path: this.path, errno: 'EBADF' })
  }

  #checkWritable(): void {
    this.#checkUsable()
    if (this.#mode === 'read')
      throw new DiskError('write to a file opened to read', { path: this.path, errno: 'EBADF' })
  }
}

function allZeros(buffers: readonly Uint8Array[]): boolean {
  for (let i = 0; i < buffers.length; i++) if (!isZeros(buffers[i])) return false
  return buffers.length > 0
}

/** Always a copy: the caller may use its buffers again. */
function joined(buffers: readonly Uint8Array[]): Buffer {
  const data = Buffer.allocUnsafe(bytesOf(buffers))
  let position = 0
  for (let i = 0; i < buffers.length; i++) {
    data.set(buffers[i], position)
    position += buffers[i].byteLength
  }
  return data
}
