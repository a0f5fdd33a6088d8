// What an acknowledgement means for one partition, and how that changes while it is in use; changes follow one another.
//   to 'fsync'    files synced and their end in the manifest before the first journaled append: a checkpoint; what is appended
//                 meanwhile goes to the journal after it. If it fails the old meaning stays
//   from 'fsync'  a checkpoint first; then what came meanwhile becomes durable in the journal, and what comes now waits for that
// Called by partition-log.ts.

import type { LogContext } from './context.ts'
import type { Durability } from './types.ts'

export interface SwitchHost {
  readonly context: LogContext
  /** The page cache has it all, and that is as good as it gets: the high watermark moves to the end. */
  allDurable(): void
  writeOut(): void
}

interface Deferred {
  readonly add: () => Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class DurabilitySwitch {
  durability: Durability
  readonly #host: SwitchHost
  /** Appends that came during a switch and go to the journal only if and when it says so. */
  #deferred: Deferred[] | undefined
  #settled: Promise<void> = Promise.resolve()

  constructor(durability: Durability, host: SwitchHost) {
    this.durability = durability
    this.#host = host
  }

  /** Resolves when no change is under way. */
  get settled(): Promise<void> {
    return this.#settled
  }

  /** Appends wait for a switch. */
  get isDeferring(): boolean {
    return this.#deferred !== undefined
  }

  to(durability: Durability): Promise<void> {
    const done = this.#settled.then(() => this.#change(durability))
    this.#settled = done.catch(() => {})
    return done
  }

  /** An append that goes to the journal when the switch that is under way has come true. */
  defer(add: () => Promise<void>): Promise<void> {
    const durable = new Promise<void>((resolve, reject) => this.#deferred?.push({ add, resolve, reject }))
    durable.catch(() => {}) // acks=0 has nobody who waits
    return durable
  }

  async #change(durability: Durability): Promise<void> {
    if (durability === this.durability) return
    if (this.durability === 'fsync') await this.#leaveJournal(durability)
    else if (durability === 'fsync') await this.#enterJournal()
    else this.durability = durability
  }

  async #leaveJournal(durability: Durability): Promise<void> {
    await this.#host.context.journal.durable
    await this.#host.context.checkpoint()
    const deferred = this.#beginDeferring()
    try {
      await this.#host.context.journal.durable // of what came during the checkpoint
      this.#host.writeOut()
    } catch (error) {
      this.#addAll(deferred)
      throw error
    }
    this.#deferred = undefined
    this.durability = durability
    this.#resolveAll(deferred)
  }

  async #enterJournal(): Promise<void> {
    const previous = this.durability
    this.durability = 'fsync'
    const deferred = this.#beginDeferring()
    try {
      await this.#host.context.checkpoint()
    } catch (failure) {
      // A full disk: what came meanwhile is in the page cache, and as good as what came before.
      this.#deferred = undefined
      this.durability = previous
      this.#resolveAll(deferred)
      throw failure
    }
    this.#addAll(deferred)
  }

  #beginDeferring(): readonly Deferred[] {
    this.#deferred = []
    return this.#deferred
  }

  #addAll(deferred: readonly Deferred[]): void {
    this.#deferred = undefined
    for (const { add, resolve, reject } of deferred) add().then(resolve, reject)
  }

  #resolveAll(deferred: readonly Deferred[]): void {
    this.#host.allDurable()
    for (const { resolve } of deferred) resolve()
  }
}
