// Which parts of the log files are likely in the system's page cache: what this process wrote or read last, up to a quarter
// of the machine's memory. Warm ranges are read on this thread (22 µs per MiB), others through the thread pool, where a
// disk that takes its time holds up nobody. A wrong guess costs one slow read, never a wrong answer.
// Called by partition-read.ts and partition-log.ts.

const blockShift = 20
/** Block numbers of a file stay below this: files are under 2 GiB. */
const blocksPerFile = 4096

export class WarmBlocks {
  readonly #blocksMax: number
  /** In order of use: file number × blocksPerFile + block. */
  readonly #blocks = new Set<number>()
  #nextFile = 0

  constructor(cacheBytes: number) {
    this.#blocksMax = Math.max(64, cacheBytes / 2 ** blockShift)
  }

  /** A number for a segment's file. */
  newFile(): number {
    return this.#nextFile++
  }

  touch(file: number, from: number, to: number): void {
    const last = (to - 1) >>> blockShift
    for (let block = from >>> blockShift; block <= last; block++) {
      const key = file * blocksPerFile + block
      this.#blocks.delete(key)
      this.#blocks.add(key)
    }
    for (const oldest of this.#blocks) {
      if (this.#blocks.size <= this.#blocksMax) return
      this.#blocks.delete(oldest)
    }
  }

  has(file: number, from: number, to: number): boolean {
    const last = (to - 1) >>> blockShift
    for (let block = from >>> blockShift; block <= last; block++)
      if (!this.#blocks.has(file * blocksPerFile + block)) return false
    return true
  }
}
