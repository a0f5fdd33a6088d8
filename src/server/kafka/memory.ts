// The bound on memory in flight, for all connections together. Half of it is for requests (arriving or under way), half for
// answers, so that slow readers do not stop producers and a slow disk does not stop consumers.
//   1  while requests fill their half nobody reads more: what is under way will be answered and make room
//   2  unless most of it is frames that are still arriving, which would wait for each other for ever: then one connection,
//      the holder, may finish its frame. So the half is passed by a quarter and one frame at most, and a chunk of each
//      connection that was being read when it filled up
//   3  a holder that stands still for holderStallMs gives its turn to the next in line
//   4  answers are bounded by the grants that fetches ask for (grants.ts)
// One per listener. Called by connection.ts.

import type { Clock, Timer } from '../../platform/platform.ts'
import { type Grant, Grants } from './grants.ts'

const holderStallMs = 5_000
/** What one read of a socket may bring. */
const readBytes = 65_536

/** What one connection has in flight. Changed by Memory only. */
export interface Usage {
  /** Bytes of requests that are not yet begun. */
  arriving: number
  /** Requests that are begun and not yet answered. */
  underWay: number
  /** Answers until the kernel has them. */
  answers: number
}

export interface MemoryUser {
  /** There may be room now: ask mayRead() again. */
  wake(): void
}

export class Memory {
  readonly #halfBytes: number
  readonly #clock: Clock
  readonly #grants: Grants
  readonly #total: Usage = { arriving: 0, underWay: 0, answers: 0 }
  #holder: MemoryUser | undefined
  #stall: Timer | undefined
  #isWaking = false
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<MemoryUser>()

  constructor(bytesMax: number, clock: Clock) {
    this.#halfBytes = Math.ceil(bytesMax / 2)
    this.#clock = clock
    this.#grants = new Grants(clock)
  }

  get bytesUsed(): number {
    return bytesOf(this.#total)
  }

  /** How much an answer should carry at most, now: `bytesMax` or less. Give it back when the answer is counted. */
  grant(bytesMax: number): Grant {
    return this.#grants.take(this.#halfBytes - this.#total.answers, bytesMax)
  }

  release(grant: Grant): void {
    this.#grants.release(grant)
  }

  /** From now on the connection has this in flight. */
  set(usage: Usage, { arriving, underWay, answers }: Usage): void {
    const total = this.#total
    const requestsBefore = total.arriving + total.underWay
    total.arriving += arriving - usage.arriving
    total.underWay += underWay - usage.underWay
    total.answers += answers - usage.answers
    usage.arriving = arriving
    usage.underWay = underWay
    usage.answers = answers
    if (this.#waiting.size > 0 && total.arriving + total.underWay < requestsBefore) this.#wakeSoon()
  }

  /**
   * True: read on. False: wake() comes when it is worth asking again. `isInside` a frame: only such a user may become the
   * holder, an idle one would sit on its turn.
   */
  mayRead(user: MemoryUser, isInside: boolean): boolean {
    if (!this.#isFull || this.#holder === user) return true
    if (isInside && this.#holder === undefined && this.#isMostlyArriving) {
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

  get #isFull(): boolean {
    return this.#total.arriving + this.#total.underWay >= this.#halfBytes
  }

  get #isMostlyArriving(): boolean {
    return this.#total.underWay < this.#halfBytes / 4
  }

  #hold(user: MemoryUser): void {
    this.#holder = user
    this.#waiting.delete(user)
    this.#stall = this.#clock.after(holderStallMs, () => {
      this.#pass()
      // Behind the others: the next in line takes the turn before this one asks again.
      this.#clock.soon(() => user.wake())
    })
  }

  #pass(): void {
    this.#stall?.cancel()
    this.#holder = undefined
    if (this.#waiting.size > 0) this.#wakeSoon()
  }

  /** Later and once: a wake moves bytes, which would wake the next from inside. */
  #wakeSoon(): void {
    if (this.#isWaking) return
    this.#isWaking = true
    this.#clock.soon(() => {
      this.#isWaking = false
      this.#wake()
    })
  }

  /** As many as there is room for; the next ones when these have had their turn, for some of them have nothing to read. */
  #wake(): void {
    if (this.#isFull && (this.#holder !== undefined || !this.#isMostlyArriving)) return
    const room = this.#halfBytes - this.#total.arriving - this.#total.underWay
    let left = this.#isFull ? this.#waiting.size : Math.ceil(room / readBytes)
    for (const user of [...this.#waiting]) {
      if (left === 0) break
      left -= 1
      this.#waiting.delete(user)
      user.wake()
    }
    if (this.#waiting.size > 0 && !this.#isFull) this.#wakeSoon()
  }
}

export const bytesOf = ({ arriving, underWay, answers }: Usage): number => arriving + underWay + answers
