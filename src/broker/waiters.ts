// Long polls: fetches that wait until enough new records are durable. No callbacks from below: whoever appends (produce.ts)
// says so here, and when that group is durable the partitions' waiters hear how many bytes were added.
//   1  one promise reaction per group of appends, however many partitions and requests it carries
//   2  waking costs O(waiters of the partition); nothing is read until a waiter has its bytes
//   3  a waiter ends once: enough bytes, its time is over, its caller gave up, the topic is gone, or the broker closes
// Called by produce.ts (appended), fetch.ts (waitForBytes), standing-fetch.ts (wait), topic-admin.ts and broker.ts (ends).

import type { Clock } from '../platform/platform.ts'
import type { Partition } from './topics.ts'

/** What one group of appends adds to one partition. */
export interface Wakeup {
  readonly durable: Promise<void>
  readonly partition: Partition
  bytes: number
}

/** Who hears of a partition's new bytes, and of its end. */
export interface Listener {
  gain(subscription: Subscription, bytes: number): void
  end(): void
}

/** One listener's interest in one partition. */
export interface Subscription {
  readonly waiter: Listener
}

/** A waiter's: it ends with the wait. */
interface PassingSubscription extends Subscription {
  readonly partition: Partition
  /** Of this partition, how many more bytes count. */
  bytesLeft: number
}

export interface Wait {
  readonly bytesMissing: number
  readonly waitMs: number
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
}

/** A timer that is set for longer fires at once; the fetch then looks again and waits on. */
const timerMsMax = 2 ** 31 - 1

export class Waiters {
  /** Groups that are on their way to the disk. Nearly always one or two. */
  readonly #groups = new Map<Promise<void>, Wakeup[]>()
  readonly #waiting = new Set<Waiter>()

  /** In the stretch of the append: `bytes` more of `partition` once `durable` resolves. */
  appended(partition: Partition, durable: Promise<void>, bytes: number): void {
    const wakeup = partition.wakeup
    if (wakeup !== undefined && wakeup.durable === durable) {
      wakeup.bytes += bytes
      return
    }
    const next = { durable, partition, bytes }
    partition.wakeup = next
    const group = this.#groups.get(durable)
    if (group === undefined) this.#begin(durable, next)
    else group.push(next)
  }

  /** Resolves when any of the ends of rule 3 has come. */
  waitForBytes(
    wait: Wait & { readonly partitions: readonly { readonly partition: Partition; readonly maxBytes: number }[] },
  ): Promise<void> {
    return this.wait(wait, waiter => {
      for (const { partition, maxBytes } of wait.partitions) waiter.subscribe(partition, maxBytes)
    })
  }

  /** The same; `begin` gets the waiter and sees to it that it hears of bytes. */
  wait(wait: Wait, begin: (waiter: Waiter) => void): Promise<void> {
    return new Promise(resolve => {
      const waiter = new Waiter(wait.bytesMissing, () => {
        timer.cancel()
        wait.signal?.removeEventListener('abort', waiter.end)
        this.#waiting.delete(waiter)
        resolve()
      })
      // Whoever follows a log in a program of one loop expects the program to wait with it.
      const timer = wait.clock.after(Math.min(wait.waitMs, timerMsMax), waiter.end, { keepsAlive: true })
      wait.signal?.addEventListener('abort', waiter.end)
      this.#waiting.add(waiter)
      begin(waiter)
    })
  }

  /** Ends the waits on a partition that is no more. */
  endAt(partition: Partition): void {
    for (const { waiter } of partition.waiters) waiter.end()
  }

  endAll(): void {
    for (const waiter of this.#waiting) waiter.end()
  }

  get waiting(): number {
    return this.#waiting.size
  }

  #begin(durable: Promise<void>, first: Wakeup): void {
    const group = [first]
    this.#groups.set(durable, group)
    // If the disk failed the high watermark has not moved and nobody is woken; whoever appended gets the error.
    durable.then(
      () => this.#land(durable, group, true),
      () => this.#land(durable, group, false),
    )
  }

  #land(durable: Promise<void>, group: readonly Wakeup[], arrived: boolean): void {
    this.#groups.delete(durable)
    for (const wakeup of group) {
      const { partition, bytes } = wakeup
      if (partition.wakeup === wakeup) partition.wakeup = undefined
      if (!arrived || partition.waiters.size === 0) continue
      for (const subscription of partition.waiters) subscription.waiter.gain(subscription, bytes)
    }
  }
}

export class Waiter implements Listener {
  readonly #subscriptions: PassingSubscription[] = []
  #bytesMissing: number
  #done: (() => void) | undefined

  constructor(bytesMissing: number, done: () => void) {
    this.#bytesMissing = bytesMissing
    this.#done = done
  }

  subscribe(partition: Partition, maxBytes: number): void {
    const subscription = { waiter: this, partition, bytesLeft: Math.max(maxBytes, 1) }
    this.#subscriptions.push(subscription)
    partition.waiters.add(subscription)
  }

  gain(subscription: PassingSubscription, bytes: number): void {
    const counted = Math.min(bytes, subscription.bytesLeft)
    subscription.bytesLeft -= counted
    this.gainBytes(counted)
  }

  gainBytes(bytes: number): void {
    this.#bytesMissing -= bytes
    if (this.#bytesMissing <= 0) this.end()
  }

  /** An own field, so that it can be handed to timers and signals as it is. */
  readonly end = (): void => {
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    for (const subscription of this.#subscriptions) subscription.partition.waiters.delete(subscription)
    done()
  }
}
