// Open files, bounded: a partition may have thousands of segments, a process only so many descriptors.
//   1  a file that is pinned (a thread-pool call runs on it, or it has bytes that were not synced) is never closed
//   2  otherwise the one used longest ago goes when the pool is full
// Dirty files stay open because Linux reports a failed write-back only to descriptors that were open when it happened.
// Called by segment.ts.

import type { Disk, DiskFile } from '../platform/platform.ts'

export interface Pin {
  readonly file: DiskFile
  release(): void
}

class Entry implements Pin {
  readonly file: DiskFile
  pins = 0
  isLeaving = false

  constructor(file: DiskFile) {
    this.file = file
  }

  release(): void {
    this.pins -= 1
    if (this.isLeaving && this.pins === 0) this.file.close()
  }
}

export class FilePool {
  readonly #disk: Disk
  readonly #filesMax: number
  /** The first was opened, or used in a full pool, longest ago. */
  readonly #entries = new Map<string, Entry>()

  constructor(disk: Disk, filesMax = 1024) {
    this.#disk = disk
    this.#filesMax = filesMax
  }

  /** For a synchronous use that ends before anything else runs. */
  use(path: string): DiskFile {
    return this.#touch(path).file
  }

  /** Until release(): not closed, whatever else is opened, renamed or removed meanwhile. */
  pin(path: string): Pin {
    const entry = this.#touch(path)
    entry.pins += 1
    return entry
  }

  create(path: string): void {
    this.forget(path) // of a file that had this name before
    this.#entries.set(path, new Entry(this.#disk.open(path, 'create')))
    this.#evict()
  }

  /** The file is about to be removed or renamed: closed now, or when its last user is done. */
  forget(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#entries.delete(path)
    entry.isLeaving = true
    if (entry.pins === 0) entry.file.close()
  }

  close(): void {
    for (const path of [...this.#entries.keys()]) this.forget(path)
  }

  #touch(path: string): Entry {
    let entry = this.#entries.get(path)
    if (entry === undefined) {
      entry = new Entry(this.#disk.open(path, 'write'))
      this.#entries.set(path, entry)
      entry.pins += 1
      this.#evict()
      entry.pins -= 1
    } else if (this.#entries.size >= this.#filesMax) {
      this.#entries.delete(path)
      this.#entries.set(path, entry)
    }
    return entry
  }

  #evict(): void {
    let looked = 0
    for (const [path, { pins }] of this.#entries) {
      if (this.#entries.size <= this.#filesMax || ++looked > lookedAtMax) return
      if (pins === 0) this.forget(path)
    }
  }
}

/** Where that many files are pinned in a row the pool grows rather than search for ever. */
const lookedAtMax = 64
