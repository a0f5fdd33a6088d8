// Virtual time, and everything that is going to happen in it.
//   1  one event at a time, the earliest first; after each, all promises it settled have run (one turn of the real loop)
//   2  how long an operation takes comes from the dice, so operations end in any order, and in the same one for a seed
//   3  trace() is a hash of all that happened, in order: the same seed must give the same hash
// Called by simulated.ts and simulated-clock.ts.

import type { Dice } from './seeded-random.ts'

export interface Event {
  readonly atMs: number
  readonly sequence: number
  /** undefined: cancelled */
  fire: (() => void) | undefined
}

export class Scheduler {
  /** ms since the start */
  nowMs = 0
  /** Events that have happened. */
  eventCount = 0
  readonly #dice: Dice
  readonly #heap: Event[] = []
  readonly #hashes = new Map<string, number>()
  #sequence = 0
  #trace = 0x811c9dc5 | 0

  constructor(dice: Dice) {
    this.#dice = dice
  }

  at(atMs: number, fire: () => void): Event {
    const event = { atMs: Math.max(atMs, this.nowMs), sequence: this.#sequence++, fire }
    push(this.#heap, event)
    return event
  }

  /** Some time between now and `msMax` later: most are quick, a few are not. */
  afterSomeTime(msMax: number, fire: () => void): Event {
    const share = this.#dice.fraction()
    return this.at(this.nowMs + msMax * share * share * share, fire)
  }

  get hasEvents(): boolean {
    return this.#heap.some(event => event.fire !== undefined)
  }

  /** Fires the next event, if there is one not later than `untilMs`. */
  step(untilMs = Infinity): boolean {
    for (;;) {
      const event = this.#heap[0]
      if (event === undefined || event.atMs > untilMs) return false
      pop(this.#heap)
      const { fire } = event
      if (fire === undefined) continue
      this.nowMs = event.atMs
      event.fire = undefined
      this.eventCount++
      this.note(event.sequence)
      fire()
      return true
    }
  }

  note(fact: number): void {
    this.#trace = Math.imul(this.#trace ^ fact, 0x01000193)
    this.#trace ^= this.#trace >>> 15
  }

  noteText(text: string): void {
    let hash = this.#hashes.get(text)
    if (hash === undefined) {
      hash = 0
      for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
      this.#hashes.set(text, hash)
    }
    this.note(hash)
  }

  trace(): string {
    return (this.#trace >>> 0).toString(16).padStart(8, '0')
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}

function push(heap: Event[], event: Event): void {
  let i = heap.length
  heap.push(event)
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (!isBefore(event, heap[parent])) break
    heap[i] = heap[parent]
    i = parent
  }
  heap[i] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
    if (!isBefore(heap[child], last)) break
    heap[i] = heap[child]
    i = child
  }
  heap[i] = last
}
