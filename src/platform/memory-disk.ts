// A disk in memory: plain and fast for users' tests, and as unlucky as a real one can be for ours.
//   crash()    a power cut: of what was not synced, any sectors, sizes and names may be there; what was synced is
//   kill()     the process dies: the page cache stays, everything it had open is invalid, its ownership is gone
//   fail()     the n-th sync, write, read… of some path fails; capacityBytes fills the disk; flipBit() rots it
//   1  what happened after the last sync is pending, byte by byte and name by name (memory-inode.ts, memory-tree.ts)
//   2  a file handle never reaches into a later life; code that may outlive a crash should get boot()'s disk, which does
//      not either
//   3  with `io`, whatever a real disk does in the thread pool ends when `io` says so; without, it ends at once
// Called through platform.ts; made by memory.ts, simulated.ts and tests.

import { assert } from '../base/assert.ts'
import { DiskError, KafkaError } from '../base/errors.ts'
import { type ArmedFault, type DiskOperation, type Fault, Faults, hang } from './memory-faults.ts'
import { type Medium, MemoryFile } from './memory-file.ts'
import { FileInode } from './memory-inode.ts'
import { DiskOfOneLife } from './memory-life.ts'
import { DirectoryInode, type Inode, Tree } from './memory-tree.ts'
import type { Disk, DiskFile, FileStat, OpenMode, Ownership } from './platform.ts'
import { type Dice, SeededRandom } from './seeded-random.ts'

export interface MemoryDiskOptions {
  /** false: nothing is kept for crash() or failed syncs; half the memory. */
  readonly crashable?: boolean
  /** Writes beyond it fail with ENOSPC after what fitted (whole pages of 4 KiB count). */
  readonly capacityBytes?: number
  /** Runs `end` when the disk is done with an operation that a real one does in the thread pool. */
  readonly io?: (end: () => void) => void
  /** Chance for failed syncs: which pieces had landed before the error. Without it, none. */
  readonly dice?: Dice
  /** For modification times. */
  readonly nowMs?: () => number
  /** Hears every operation, before it has any effect. May throw a DiskError to make it fail. */
  readonly onOperation?: (operation: DiskOperation, path: string, position: number, bytes: number) => void
}

export interface CrashOptions {
  /** What is lost depends on it alone. */
  readonly random: Dice
  /** Also what no real file system does: names lost out of order, an older piece landing after a newer one. */
  readonly hostile?: boolean
}

export class MemoryDisk implements Disk {
  readonly cacheBytes = 64 << 20
  readonly syncsAtOnce = 2
  capacityBytes: number
  readonly #options: MemoryDiskOptions
  readonly #faults = new Faults()
  readonly #owners = new Map<Inode, { lose(reason: string): void }>()
  readonly #medium: Medium
  #tree: Tree
  #life = 0

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options
    this.capacityBytes = options.capacityBytes ?? Infinity
    this.#tree = new Tree(options.crashable === false)
    const disk = this
    this.#medium = {
      get life() {
        return disk.#life
      },
      dice: options.dice,
      begin: (operation, path, position, bytes) => this.#begin(operation, path, position, bytes),
      later: (life, path, run) => this.#later(life, path, run),
      room: (inode, position, bytes) => this.#room(inode, position, bytes),
      nowMs: options.nowMs ?? Date.now,
    }
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#begin('open', path)
    return new MemoryFile(this.#medium, {
      path,
      inode: mode === 'create' ? this.#create(path) : this.#file(path),
      mode,
    })
  }

  stat(path: string): FileStat | undefined {
    this.#begin('stat', path)
    const inode = this.#tree.find(path)
    return (
      inode && {
        bytes: inode instanceof FileInode ? inode.content.bytes : 0,
        modifiedMs: inode.modifiedMs,
        isDirectory: inode instanceof DirectoryInode,
      }
    )
  }

  list(path: string): string[] {
    this.#begin('list', path)
    const inode = this.#tree.find(path)
    if (inode instanceof FileInode) throw failed('list', path, 'ENOTDIR')
    return inode === undefined ? [] : [...inode.entries.keys()].sort()
  }

  makeDirectory(path: string): void {
    this.#begin('makeDirectory', path)
    let directory = this.#tree.root
    for (const name of this.#tree.partsOf(path)) {
      let next = directory.entries.get(name)
      if (next instanceof FileInode) throw failed('make directory', path, 'EEXIST')
      if (next === undefined) {
        next = new DirectoryInode()
        next.modifiedMs = this.#medium.nowMs()
        this.#tree.change([{ directory, name, inode: next }])
      }
      directory = next
    }
  }

  rename(from: string, to: string): void {
    this.#begin('rename', from)
    const source = this.#place('rename', from)
    const target = this.#place('rename', to)
    const inode = source.directory.entries.get(source.name)
    const replaced = target.directory.entries.get(target.name)
    if (inode === undefined) throw failed('rename', from, 'ENOENT')
    if (inode === replaced) return
    if (inode instanceof FileInode && replaced instanceof DirectoryInode) throw failed('rename', from, 'EISDIR')
    if (inode instanceof DirectoryInode && replaced instanceof FileInode) throw failed('rename', from, 'ENOTDIR')
    if (replaced instanceof DirectoryInode && replaced.entries.size > 0) throw failed('rename', from, 'ENOTEMPTY')
    this.#tree.change([
      { ...source, inode: undefined },
      { ...target, inode },
    ])
  }

  remove(path: string): void {
    this.#begin('remove', path)
    const place = this.#place('remove', path)
    const inode = place.directory.entries.get(place.name)
    if (inode === undefined) throw failed('remove', path, 'ENOENT')
    if (inode instanceof DirectoryInode) throw failed('remove', path, 'EISDIR')
    this.#tree.change([{ ...place, inode: undefined }])
  }

  removeTree(path: string): Promise<void> {
    return this.#later(this.#life, path, () => {
      this.#begin('removeTree', path)
      if (this.#tree.find(path) === undefined) return
      this.#removeAll(this.#place('remove directory', path))
    })
  }

  syncDirectory(path: string): Promise<void> {
    const mark = this.#tree.mark()
    const directory = this.#tree.find(path)
    return this.#later(this.#life, path, () => {
      this.#begin('syncDirectory', path)
      if (directory === undefined) throw failed('sync directory', path, 'ENOENT')
      if (directory instanceof FileInode) throw failed('sync directory', path, 'ENOTDIR')
      this.#tree.commit(directory, mark)
    })
  }

  freeBytes(path: string): Promise<number> {
    return this.#later(this.#life, path, () => {
      this.#begin('freeBytes', path)
      return this.#free()
    })
  }

  totalBytes(path: string): Promise<number> {
    return this.#later(this.#life, path, () => (this.capacityBytes === Infinity ? 2 ** 40 : this.capacityBytes))
  }

  async own(path: string, onLost: (reason: string) => void): Promise<Ownership> {
    this.#begin('own', path)
    const inode = this.#tree.find(path)
    if (inode === undefined) throw failed('own', path, 'ENOENT')
    if (this.#owners.has(inode))
      throw new KafkaError('DIRECTORY_IN_USE', {
        message: `${path} is in use by this process; close the log that has it open first`,
      })
    const owner = { lose: onLost }
    this.#owners.set(inode, owner)
    return {
      release: async () => {
        if (this.#owners.get(inode) === owner) this.#owners.delete(inode)
      },
    }
  }

  // ------------------------------------------------------------------------------------------- what a real disk lacks

  /** The disk as the process sees it that starts now: after the next crash or kill every use of it throws. */
  boot(): Disk {
    const life = this.#life
    return new DiskOfOneLife(this, () => this.#life === life)
  }

  crash({ random, hostile = false }: CrashOptions): void {
    assert(this.#options.crashable !== false, 'a disk without crashes keeps nothing for one')
    this.kill()
    this.#tree.crash({ dice: random, hostile })
    for (const [, inode] of this.#tree.files()) inode.crash({ dice: random, hostile })
  }

  kill(): void {
    this.#life++
    this.#owners.clear()
  }

  fail(fault: Fault): ArmedFault {
    return this.#faults.arm(fault)
  }

  /** As if somebody else had taken the directory: its owner hears of it, and another may own it. */
  loseOwnership(path: string, reason: string): void {
    const inode = this.#inode(path)
    const owner = this.#owners.get(inode)
    this.#owners.delete(inode)
    owner?.lose(reason)
  }

  /** `bit` 0 is the lowest. */
  flipBit(path: string, byte: number, bit: number): void {
    const data = Buffer.alloc(1)
    if (this.#file(path).content.read(data, byte) === 0) throw failed('flip a bit beyond the end', path, 'EINVAL')
    data[0] ^= 1 << bit
    this.poke(path, data, byte)
  }

  /** Changes bytes at rest, durable at once. */
  poke(path: string, data: Uint8Array, position: number): void {
    this.#file(path).corrupt(Buffer.from(data), position)
  }

  /** All bytes of a file. */
  peek(path: string): Buffer {
    const { content } = this.#file(path)
    const data = Buffer.allocUnsafe(content.bytes)
    content.read(data, 0)
    return data
  }

  /** Every file with its path, in order. */
  files(): string[] {
    return [...this.#tree.files()].map(([path]) => path)
  }

  /** The same state on a second disk, for trying several ends of one beginning. Faults, owners and handles stay behind. */
  fork(options: MemoryDiskOptions = this.#options): MemoryDisk {
    const copy = new MemoryDisk(options)
    copy.#tree = this.#tree.fork()
    return copy
  }

  #begin(operation: DiskOperation, path: string, position = 0, bytes = 0): Fault | undefined {
    this.#options.onOperation?.(operation, path, position, bytes)
    const fault = this.#faults.strike(operation, path)
    if (fault?.hangs) throw hang
    if (fault === undefined || operation === 'write' || operation === 'sync') return fault
    throw failed(operation, path, fault.errno ?? 'EIO')
  }

  // Two promises instead of an async function: an operation that is over when it starts settles without the queue.
  #later<T>(life: number, path: string, run: () => T): Promise<T> {
    const { io } = this.#options
    return new Promise((resolve, reject) => {
      const end = (): void => {
        if (life !== this.#life) return
        try {
          resolve(run())
        } catch (error) {
          if (error === hang) return
          reject(error instanceof DiskError ? error : new DiskError('failed', { path, cause: error }))
        }
      }
      if (io === undefined) end()
      else io(end)
    })
  }

  #create(path: string): FileInode {
    const place = this.#place('open', path)
    if (place.directory.entries.has(place.name)) throw failed('open', path, 'EEXIST')
    if (this.#free() <= 0) throw failed('open', path, 'ENOSPC')
    const inode = new FileInode(this.#options.crashable === false)
    inode.modifiedMs = this.#medium.nowMs()
    this.#tree.change([{ ...place, inode }])
    return inode
  }

  #file(path: string): FileInode {
    const inode = this.#inode(path)
    if (inode instanceof DirectoryInode) throw failed('open', path, 'EISDIR')
    return inode
  }

  #inode(path: string): Inode {
    const inode = this.#tree.find(path)
    if (inode === undefined) throw failed('open', path, 'ENOENT')
    return inode
  }

  #place(what: string, path: string): { directory: DirectoryInode; name: string } {
    const parts = this.#tree.partsOf(path)
    const name = parts.at(-1)
    const directory = this.#tree.find(parts.slice(0, -1).join('/'))
    if (name === undefined) throw failed(what, path, 'EBUSY')
    if (directory === undefined) throw failed(what, path, 'ENOENT')
    if (directory instanceof FileInode) throw failed(what, path, 'ENOTDIR')
    return { directory, name }
  }

  // Each name goes by itself, the deepest first, as rm -r does it: a crash in between leaves some.
  #removeAll(place: { directory: DirectoryInode; name: string }): void {
    const inode = place.directory.entries.get(place.name)
    if (inode instanceof DirectoryInode)
      for (const name of [...inode.entries.keys()]) this.#removeAll({ directory: inode, name })
    this.#tree.change([{ ...place, inode: undefined }])
  }

  #free(): number {
    if (this.capacityBytes === Infinity) return 2 ** 40
    let allocated = 0
    for (const [, inode] of this.#tree.files()) allocated += inode.content.allocatedBytes
    return Math.max(0, this.capacityBytes - allocated)
  }

  #room(inode: FileInode, position: number, bytes: number): number {
    return this.capacityBytes === Infinity ? bytes : inode.content.fits(position, bytes, this.#free())
  }
}

function failed(what: string, path: string, errno: string): DiskError {
  return new DiskError(`${what} failed with ${errno}`, { path, errno })
}

/** Dice from a number, for a crash() in a test. */
export const diceOf = (seed: number): Dice => new SeededRandom(seed)
