// The bound on memory in flight, for all connections together: requests until they are answered, frames that are still
// arriving, answers until the kernel has them.
//   1  over the bound nobody reads more, but for one: the holder, who may finish the frame it is in. So there is always
//      someone who gets on, and the bound is passed by one frame at most
//   2  a holder that stands still for holderStallMs gives its turn to the next in line
// One per listener. Called by connection.ts.

import type { Clock, Timer } from '../../platform/platform.ts'

/** What one read of a socket may bring. */
const readBytes = 65_536
const holderStallMs = 5_000

export interface MemoryUser {
  /** There may be room now: ask mayGrow() again. */
  wake(): void
}

export class Memory {
  readonly bytesMax: number
  readonly #clock: Clock
  #used = 0
  #holder: MemoryUser | undefined
  #stall: Timer | undefined
  #waking = false
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<MemoryUser>()

  constructor(bytesMax: number, clock: Clock) {
    this.bytesMax = bytesMax
    this.#clock = clock
  }

  get bytesUsed(): number {
    return this.#used
  }

  get bytesLeft(): number {
    return Math.max(0, this.bytesMax - this.#used)
  }

  change(bytes: number): void {
    this.#used += bytes
    if (bytes < 0 && this.#waiting.size > 0) this.#wakeSoon()
  }

  /**
   * True: read on. False: wake() comes when it is worth asking again. `isInside` a frame (or with one that waits to begin): only
   * such a user may become the holder, an idle one would sit on its turn.
   */
  mayGrow(user: MemoryUser, isInside: boolean): boolean {
    if (this.#used < this.bytesMax || this.#holder === user) return true
    if (this.#holder === undefined && isInside) {
      this.#hold(user)
      return true
    }
    this.#waiting.add(user)
    return false
  }

  /** The user has its frame, or is gone. */
  leave(user: MemoryUser): void {
    if (this.#waiting.size > 0) this.#waiting.delete(user)
    if (this.#holder === user) this.#pass()
  }

  #hold(user: MemoryUser): void {
    this.#holder = user
    this.#waiting.delete(user)
    this.#stall = this.#clock.after(holderStallMs, () => this.#rotate(user))
  }

  #rotate(user: MemoryUser): void {
    if (this.#holder !== user) return
    this.#pass()
    // Behind the others: the next in line takes the turn before this one asks again.
    this.#clock.soon(() => user.wake())
  }

  #pass(): void {
    this.#stall?.cancel()
    this.#holder = undefined
    if (this.#waiting.size > 0) this.#wakeSoon()
  }

  /** Later and once: a wake moves bytes, which would wake the next from inside. */
  #wakeSoon(): void {
    if (this.#waking) return
    this.#waking = true
    this.#clock.soon(() => {
      this.#waking = false
      this.#wake()
    })
  }

  #wake(): void {
    let room = this.bytesLeft
    for (const user of [...this.#waiting]) {
      if (room <= 0 && this.#holder !== undefined) return
      room -= readBytes
      this.#waiting.delete(user)
      user.wake()
    }
  }
}
