// The bytes of a file in memory, sparse: pages of 4 KiB, and what has no page is zero. A preallocated ring costs nothing
// until it is written.
//   1  a page belongs to at most one SparseBytes; a shared one is copied before its first change (fork() shares them all)
//   2  pages at or beyond `bytes` do not exist, and the rest of the last page is zero: growing shows zeros
// Called by memory-inode.ts.

export const pageBytes = 4096

interface Page {
  readonly data: Buffer
  owner: SparseBytes | undefined
}

const zeroPage: Page = { data: Buffer.alloc(pageBytes), owner: undefined }

export class SparseBytes {
  #bytes = 0
  #pages = new Map<number, Page>()

  get bytes(): number {
    return this.#bytes
  }

  /** What it takes on the medium. */
  get allocatedBytes(): number {
    return this.#pages.size * pageBytes
  }

  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.byteLength, this.#bytes - position))
    let done = 0
    while (done < count) {
      const at = position + done
      const from = at % pageBytes
      const length = Math.min(count - done, pageBytes - from)
      const page = this.#pages.get((at - from) / pageBytes)
      if (page === undefined) target.fill(0, done, done + length)
      else target.set(from === 0 && length === pageBytes ? page.data : page.data.subarray(from, from + length), done)
      done += length
    }
    return count
  }

  write(data: Uint8Array, position: number): void {
    const length = data.byteLength
    let done = 0
    while (done < length) {
      const at = position + done
      const from = at % pageBytes
      const count = Math.min(length - done, pageBytes - from)
      const part = count === length ? data : data.subarray(done, done + count)
      this.#pageToWrite((at - from) / pageBytes, count).set(part, from)
      done += count
    }
    if (length > 0 && position + length > this.#bytes) this.#bytes = position + length
  }

  /** Whole pages of zeros share one page: 64 MiB of them are 16,384 entries of a Map. */
  writeZeros(length: number, position: number): void {
    let at = position
    const end = position + length
    while (at < end) {
      const from = at % pageBytes
      const count = Math.min(end - at, pageBytes - from)
      const index = (at - from) / pageBytes
      if (count === pageBytes) this.#pages.set(index, zeroPage)
      else this.#pageToWrite(index, count).fill(0, from, from + count)
      at += count
    }
    if (end > this.#bytes && length > 0) this.#bytes = end
  }

  truncate(bytes: number): void {
    if (bytes < this.#bytes) this.#cut(bytes)
    this.#bytes = bytes
  }

  /** How many of `length` bytes at `position` can be written with `freeBytes` on the medium. */
  fits(position: number, length: number, freeBytes: number): number {
    let freePages = Math.floor(freeBytes / pageBytes)
    let done = 0
    while (done < length) {
      const index = Math.floor((position + done) / pageBytes)
      if (!this.#pages.has(index) && --freePages < 0) return done
      done = Math.min(length, (index + 1) * pageBytes - position)
    }
    return length
  }

  /** A copy that shares every page until one of the two changes it. */
  fork(): SparseBytes {
    const copy = new SparseBytes()
    copy.#bytes = this.#bytes
    for (const page of this.#pages.values()) page.owner = undefined
    copy.#pages = new Map(this.#pages)
    return copy
  }

  #pageToWrite(index: number, count: number): Buffer {
    const page = this.#pages.get(index)
    if (page?.owner === this) return page.data
    const data = count === pageBytes ? Buffer.allocUnsafeSlow(pageBytes) : Buffer.alloc(pageBytes)
    if (page !== undefined && count < pageBytes) data.set(page.data)
    this.#pages.set(index, { data, owner: this })
    return data
  }

  #cut(bytes: number): void {
    const keep = Math.ceil(bytes / pageBytes)
    for (const index of this.#pages.keys()) if (index >= keep) this.#pages.delete(index)
    const from = bytes % pageBytes
    if (from !== 0 && this.#pages.has(keep - 1)) this.#pageToWrite(keep - 1, 1).fill(0, from)
  }
}

/** True if a buffer is worth storing as "zeros": a page or more of them. */
export function isZeros(data: Uint8Array): boolean {
  const length = data.byteLength
  if (length < pageBytes || data[0] !== 0 || data[length - 1] !== 0) return false
  for (let at = 0; at < length; at += pageBytes) {
    const end = Math.min(at + pageBytes, length)
    if (zeroPage.data.compare(data, at, end, 0, end - at) !== 0) return false
  }
  return true
}
