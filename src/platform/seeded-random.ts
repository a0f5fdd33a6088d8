// Chance that can be repeated: the same seed gives the same numbers on every machine (sfc32, 128 bits of state).
// Called by simulated.ts, memory-inode.ts, memory-tree.ts, memory-network.ts and tests.

import type { Random } from './platform.ts'

/** Random, and the few throws that a simulation wants. */
export interface Dice extends Random {
  /** True with probability `probability`. */
  chance(probability: number): boolean
  /** 0 ≤ x < 1 */
  fraction(): number
  pick<T>(items: readonly T[]): T
  /** In place. */
  shuffle<T>(items: T[]): T[]
  /** Dice of their own: throws from them do not move these. */
  fork(): Dice
}

export class SeededRandom implements Dice {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    this.#c = 0x9e3779b9 | 0
    for (let i = 0; i < 12; i++) this.#next()
  }

  fraction(): number {
    return (this.#next() >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    if (limit <= 2 ** 32) return Math.floor(this.fraction() * limit)
    return Math.floor((((this.#next() >>> 11) * 2 ** 32 + (this.#next() >>> 0)) / 2 ** 53) * limit)
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let i = 0; i < count; i += 4) {
      const word = this.#next()
      for (let j = i; j < i + 4 && j < count; j++) bytes[j] = word >>> ((j - i) * 8)
    }
    return bytes
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const item = items[i]
      items[i] = items[j]
      items[j] = item
    }
    return items
  }

  fork(): SeededRandom {
    return new SeededRandom((this.#next() >>> 0) * 2 ** 21 + (this.#next() >>> 11))
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum
  }
}
