// How much each fetch may carry, so that many at once do not add up to more than there is room for: what is granted is held
// back from the next, until its answer is counted, or until it is clear that the fetch waits for new data, which is little.
// Owned by memory.ts.

import type { Clock } from '../../platform/platform.ts'

/** Reading what is there takes less; a fetch that takes longer is a long poll. */
const holdMs = 100
/** However little is left, an answer may carry this much: consumers never stand still. */
export const grantBytesMin = 65_536

export interface Grant {
  readonly bytes: number
  readonly untilMs: number
  isHeld: boolean
}

export class Grants {
  readonly #clock: Clock
  #grants: Grant[] = []
  #held = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A quarter of what is left and not held, so that the next ones also get a share. */
  take(bytesLeft: number, bytesMax: number): Grant {
    const nowMs = this.#clock.monotonic()
    this.#forget(nowMs)
    const share = Math.floor((bytesLeft - this.#held) / 4)
    const grant = { bytes: Math.min(bytesMax, Math.max(grantBytesMin, share)), untilMs: nowMs + holdMs, isHeld: true }
    this.#grants.push(grant)
    this.#held += grant.bytes
    return grant
  }

  /** The answer is there, and counted by itself. */
  release(grant: Grant): void {
    if (!grant.isHeld) return
    grant.isHeld = false
    this.#held -= grant.bytes
  }

  #forget(nowMs: number): void {
    let gone = 0
    while (gone < this.#grants.length && (!this.#grants[gone].isHeld || this.#grants[gone].untilMs <= nowMs)) {
      this.release(this.#grants[gone])
      gone += 1
    }
    if (gone > 0) this.#grants = this.#grants.slice(gone)
  }
}
