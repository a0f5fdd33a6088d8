// What recovery takes out of the way is moved or copied here, never thrown away: `quarantine/<time>-<what it was>`.
//   1  bytes are cut from a segment only after their copy here is durable
//   2  unacknowledged tails are kept up to a bound, the oldest go first; what was set aside for corruption stays for ever
// Called by recovery. Nothing reads this directory but people.

import type { Clock, Disk, DiskFile } from '../platform/platform.ts'
import { quarantineDirectory } from './layout.ts'

/** Tails of crashes under load add up; beyond this the oldest go. */
const tailBytesMax = 256 << 20
const tailSuffix = '.tail'
const chunkBytes = 1 << 20

export class Quarantine {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #path: string
  readonly #root: string
  #pending: DiskFile[] = []
  /** Set aside in this start. */
  bytes = 0

  constructor(disk: Disk, clock: Clock, root: string) {
    this.#disk = disk
    this.#clock = clock
    this.#root = root
    this.#path = `${root}/${quarantineDirectory}`
  }

  /** Copies a range of a file; durable after sync(). */
  copy(source: DiskFile, from: number, to: number, name: string, { isTail }: { isTail: boolean }): void {
    const target = this.#disk.open(this.#place(`${name}-${from}${isTail ? tailSuffix : ''}`), 'create')
    const chunk = Buffer.alloc(Math.min(chunkBytes, to - from))
    for (let position = from; position < to; ) {
      const bytes = source.read(chunk.subarray(0, Math.min(chunk.length, to - position)), position)
      if (bytes === 0) break
      target.write([chunk.subarray(0, bytes)], position - from)
      position += bytes
    }
    this.bytes += to - from
    this.#pending.push(target)
  }

  /** Moves a file or directory as it is. */
  move(path: string, name: string): void {
    this.bytes += this.#disk.stat(path)?.bytes ?? 0
    this.#disk.rename(path, this.#place(name))
  }

  async sync(): Promise<void> {
    const files = this.#pending
    this.#pending = []
    for (const file of files) await file.sync().finally(() => file.close())
    if (this.#disk.stat(this.#path) === undefined) return
    await this.#disk.syncDirectory(this.#path)
    await this.#disk.syncDirectory(this.#root)
    this.#prune()
  }

  #place(name: string): string {
    this.#disk.makeDirectory(this.#path)
    const time = new Date(this.#clock.now()).toISOString().replaceAll(/[:.]/g, '')
    for (let n = 0; ; n++) {
      const path = `${this.#path}/${time}-${n === 0 ? '' : `${n}-`}${name}`
      if (this.#disk.stat(path) === undefined) return path
    }
  }

  #prune(): void {
    const tails = this.#disk.list(this.#path).filter(name => name.endsWith(tailSuffix))
    let bytes = 0
    for (const name of tails.reverse()) {
      bytes += this.#disk.stat(`${this.#path}/${name}`)?.bytes ?? 0
      if (bytes > tailBytesMax) this.#disk.remove(`${this.#path}/${name}`)
    }
  }
}
