// The clock of one simulated process. Its timers die with it.
//   1  wall clock and monotonic clock have different origins, so that code which mixes them up fails at once
//   2  the wall clock may be set (jumpMs), the monotonic one only goes on
// Made by simulated.ts.

import type { Clock, Timer } from './platform.ts'
import type { Scheduler } from './simulated-scheduler.ts'

/** Shared by all processes of a machine. */
export interface WallClock {
  /** wall time minus virtual time */
  originMs: number
}

export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #wall: WallClock
  readonly #isAlive: () => boolean

  constructor(scheduler: Scheduler, wall: WallClock, isAlive: () => boolean) {
    this.#scheduler = scheduler
    this.#wall = wall
    this.#isAlive = isAlive
  }

  now(): number {
    return Math.floor(this.#wall.originMs + this.#scheduler.nowMs)
  }

  monotonic(): number {
    return 1_000_000 + this.#scheduler.nowMs
  }

  after(delayMs: number, fire: () => void): Timer {
    const event = this.#scheduler.at(this.#scheduler.nowMs + Math.max(1, delayMs), () => this.#isAlive() && fire())
    return {
      cancel: () => {
        event.fire = undefined
      },
    }
  }

  soon(fire: () => void): void {
    this.#scheduler.at(this.#scheduler.nowMs, () => this.#isAlive() && fire())
  }
}
