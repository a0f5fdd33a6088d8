// The memory disk as one process sees it. Once that process is dead every call throws, so that code which did not notice
// its own death cannot touch what the next process does.
// Made by MemoryDisk.boot().

import { DiskError } from '../base/errors.ts'
import type { Disk, DiskFile, FileStat, OpenMode, Ownership } from './platform.ts'

export class DiskOfOneLife implements Disk {
  readonly #disk: Disk
  readonly #isAlive: () => boolean

  constructor(disk: Disk, isAlive: () => boolean) {
    this.#disk = disk
    this.#isAlive = isAlive
  }

  get cacheBytes(): number {
    return this.#disk.cacheBytes
  }

  get syncsAtOnce(): number {
    return this.#disk.syncsAtOnce
  }

  open(path: string, mode: OpenMode): DiskFile {
    return this.#alive(path).open(path, mode)
  }

  stat(path: string): FileStat | undefined {
    return this.#alive(path).stat(path)
  }

  list(path: string): string[] {
    return this.#alive(path).list(path)
  }

  makeDirectory(path: string): void {
    this.#alive(path).makeDirectory(path)
  }

  rename(from: string, to: string): void {
    this.#alive(from).rename(from, to)
  }

  remove(path: string): void {
    this.#alive(path).remove(path)
  }

  async removeTree(path: string): Promise<void> {
    return this.#alive(path).removeTree(path)
  }

  async syncDirectory(path: string): Promise<void> {
    return this.#alive(path).syncDirectory(path)
  }

  async freeBytes(path: string): Promise<number> {
    return this.#alive(path).freeBytes(path)
  }

  async totalBytes(path: string): Promise<number> {
    return this.#alive(path).totalBytes(path)
  }

  async own(path: string, onLost: (reason: string) => void): Promise<Ownership> {
    return this.#alive(path).own(path, onLost)
  }

  #alive(path: string): Disk {
    if (!this.#isAlive()) throw new DiskError('use of the disk by a dead process', { path, errno: 'EBADF' })
    return this.#disk
  }
}
