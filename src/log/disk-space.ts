// Room on the disk. With less than the reserve, appends of clients are refused before anything is written; internal topics
// go on, on the bytes of a ballast file that is given back when the disk is really full and refilled when there is room.
// Called by log-directory.ts.

import type { Logger } from '../base/logger.ts'
import type { Clock, Disk, Timer } from '../platform/platform.ts'
import { fillWithZeros } from './journal.ts'
import { ballastFile } from './layout.ts'

const checkEveryMs = 1000
const ballastBytes = 16 << 20
/** Room comes back only when there is this much more than the reserve, so that it does not flicker. */
const hysteresis = 1.1

export class DiskSpace {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #root: string
  readonly #reserveBytes: number
  readonly #logger: Logger
  #timer: Timer | undefined
  #isStopped = false
  #refilling: Promise<void> | undefined
  isFull = false
  freeBytes = Number.POSITIVE_INFINITY

  constructor({
    disk,
    clock,
    root,
    reserveBytes,
    logger,
  }: { disk: Disk; clock: Clock; root: string; reserveBytes: number; logger: Logger }) {
    this.#disk = disk
    this.#clock = clock
    this.#root = root
    this.#reserveBytes = reserveBytes
    this.#logger = logger
  }

  /** Looks once, then every second. */
  async start(): Promise<void> {
    await this.look()
    this.#arm()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#refilling
  }

  async look(): Promise<void> {
    this.freeBytes = await this.#disk.freeBytes(this.#root)
    if (this.freeBytes < this.#reserveBytes) this.refuse()
    else if (this.isFull && this.freeBytes >= this.#reserveBytes * hysteresis) {
      this.isFull = false
      this.#logger.info('there is room on the disk again: appends go on', { freeBytes: this.freeBytes })
    }
    if (!this.isFull && this.#reserveBytes > 0 && this.freeBytes > this.#reserveBytes + 2 * ballastBytes) this.#refill()
  }

  refuse(): void {
    if (this.isFull) return
    this.isFull = true
    this.#logger.error('the disk is nearly full: appends are refused until there is room', {
      freeBytes: this.freeBytes,
      reserveBytes: this.#reserveBytes,
    })
  }

  /** A write found no room: the ballast goes, so that commits, deletions and the shutdown find some. */
  freeBallast(): void {
    this.refuse()
    const path = `${this.#root}/${ballastFile}`
    if (this.#refilling === undefined && this.#disk.stat(path) !== undefined) this.#disk.remove(path)
  }

  #refill(): void {
    const path = `${this.#root}/${ballastFile}`
    if (this.#refilling !== undefined || (this.#disk.stat(path)?.bytes ?? 0) >= ballastBytes) return
    this.#refilling = this.#write(path)
      .catch(error => this.#logger.warn('the ballast file could not be written', { error: String(error) }))
      .finally(() => {
        this.#refilling = undefined
      })
  }

  async #write(path: string): Promise<void> {
    if (this.#disk.stat(path) !== undefined) this.#disk.remove(path)
    const file = this.#disk.open(path, 'create')
    await fillWithZeros(file, 0, ballastBytes).finally(() => file.close())
  }

  #arm(): void {
    if (this.#isStopped) return
    this.#timer = this.#clock.after(checkEveryMs, () => {
      void this.look()
        .catch(() => {}) // a file system that cannot say is not full for that reason
        .finally(() => this.#arm())
    })
  }
}
