// The real clock. A timer beyond 2^31 − 1 ms would fire at once in Node, so a long wait is made of shorter ones.

import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './platform.ts'

const timeoutMsMax = 2 ** 31 - 1

export class NodeClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  after(delayMs: number, fire: () => void, { keepsAlive = false } = {}): Timer {
    let timeout: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const thisMs = Math.min(leftMs, timeoutMsMax)
      timeout = setTimeout(() => (leftMs > thisMs ? wait(leftMs - thisMs) : fire()), thisMs)
      if (!keepsAlive) timeout.unref()
    }
    wait(Math.max(0, delayMs))
    return { cancel: () => clearTimeout(timeout) }
  }

  soon(fire: () => void): void {
    setImmediate(fire)
  }
}
