// A fetch that stays: partitions and offsets kept between polls, each poll answers only what is new (Kafka's fetch sessions
// stand on it: server/kafka/fetch-sessions.ts).
//   1  a partition is told of when it has records or an error, or when its high watermark or log start differ from what was
//      told last; after an error it is told of again
//   2  a poll costs nothing for a partition without news: each has a subscription that stays, and only those that it named
//      (or whose last answer was not "nothing new") are looked at
//   3  partitions that gave records go behind the others, so that none starves
// Made by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { StandingFetch, StandingResult } from './admin-types.ts'
import type { Engine } from './engine.ts'
import { isCutShort, readPartition, refusedWhenDurable } from './fetch.ts'
import { Partition } from './topics.ts'
import { brokerClosed } from './trouble.ts'
import type { FetchPartition, FetchRequest, FetchResult, TopicRef } from './types.ts'
import type { Listener, Subscription, Waiter } from './waiters.ts'

type Poll = Omit<FetchRequest, 'partitions'>

/** One partition that is kept, and what its subscription calls. */
class Kept implements Subscription, Listener {
  request: FetchPartition
  partition: Partition | undefined
  /** -1: nothing, or an error */
  toldHighWatermark = -1
  toldLogStartOffset = -1
  readonly waiter = this
  readonly #owner: EngineStandingFetch

  constructor(request: FetchPartition, owner: EngineStandingFetch) {
    this.request = request
    this.#owner = owner
  }

  gain(_: Subscription, bytes: number): void {
    this.#owner.gain(this, bytes)
  }

  /** The partition is gone. */
  end(): void {
    this.#owner.gone(this)
  }

  subscribe(partition: Partition): void {
    this.partition = partition
    partition.waiters.add(this)
  }

  unsubscribe(): void {
    this.partition?.waiters.delete(this)
    this.partition = undefined
  }
}

interface News {
  readonly kept: Kept
  readonly result: FetchResult
}

interface Pass {
  readonly news: News[]
  bytes: number
  mustAnswer: boolean
}

export class EngineStandingFetch implements StandingFetch {
  readonly #engine: Engine
  readonly #kept = new Map<string, Kept>()
  /** Those to look at in the next walk, in its order. */
  readonly #restless = new Set<Kept>()
  #logStartMoves = 0
  /** Bytes that became durable in the partitions kept since the last walk began. */
  #gained = 0
  #waiter: Waiter | undefined
  /** Of the newest poll. */
  #turn = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get size(): number {
    return this.#kept.size
  }

  put(request: FetchPartition): void {
    const key = keyOf(request)
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      kept = new Kept(request, this)
      this.#kept.set(key, kept)
    }
    kept.request = request
    this.#restless.add(kept)
  }

  remove(partition: TopicRef & { readonly partition: number }): void {
    const key = keyOf(partition)
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    kept.unsubscribe()
    this.#kept.delete(key)
    this.#restless.delete(kept)
  }

  async poll(request: Poll): Promise<StandingResult[]> {
    const { engine, maxBytes, minBytes } = this.#limitsOf(request)
    const { clock } = engine.platform
    const deadlineMs = clock.monotonic() + request.maxWaitMs
    if (engine.closed) throw brokerClosed()
    const turn = ++this.#turn
    this.#waiter?.end()
    for (;;) {
      this.#gained = 0
      const walked = this.#walk(maxBytes)
      const pass = walked instanceof Promise ? await walked : walked
      const waitMs = deadlineMs - clock.monotonic()
      const isLast = turn !== this.#turn || request.signal?.aborted === true || engine.closed
      const isOver = isLast || waitMs <= 0 || this.#kept.size === 0
      if (pass.mustAnswer || pass.bytes >= minBytes || isOver) return this.#answered(pass)
      if (this.#gained > 0) continue // while cold data was read
      engine.metrics.total.fetchWaits++
      const wait = { bytesMissing: minBytes - pass.bytes, waitMs, clock, signal: request.signal }
      await engine.waiters.wait(wait, waiter => {
        this.#waiter = waiter
      })
      if (turn === this.#turn) this.#waiter = undefined
    }
  }

  close(): void {
    for (const kept of this.#kept.values()) kept.unsubscribe()
    this.#kept.clear()
    this.#restless.clear()
    this.#waiter?.end()
  }

  gain(kept: Kept, bytes: number): void {
    this.#restless.add(kept)
    this.#gained += bytes
    this.#waiter?.gainBytes(bytes)
  }

  /** Whoever waits looks again. */
  gone(kept: Kept): void {
    this.#restless.add(kept)
    this.#waiter?.end()
  }

  #limitsOf(request: Poll): { engine: Engine; maxBytes: number; minBytes: number } {
    const engine = this.#engine
    const maxBytes = Math.min(request.maxBytes, engine.settings.number('fetch.max.bytes'))
    return { engine, maxBytes, minBytes: Math.min(request.minBytes, maxBytes) }
  }

  /** Synchronous where nothing is new. */
  #walk(maxBytes: number): Pass | Promise<Pass> {
    const { logStartMoves } = this.#engine
    if (logStartMoves !== this.#logStartMoves) for (const kept of this.#kept.values()) this.#restless.add(kept)
    this.#logStartMoves = logStartMoves
    const toRead: Kept[] = []
    for (const kept of this.#restless)
      if (isQuiet(kept)) this.#restless.delete(kept)
      else toRead.push(kept)
    const pass: Pass = { news: [], bytes: 0, mustAnswer: false }
    return toRead.length === 0 ? pass : this.#readAll(toRead, maxBytes, pass)
  }

  async #readAll(toRead: readonly Kept[], maxBytes: number, pass: Pass): Promise<Pass> {
    for (const kept of toRead) {
      const read = this.#read(kept, { bytesLeft: maxBytes - pass.bytes, isFirst: pass.bytes === 0 })
      const result = read instanceof Promise ? await read : read
      const { error, bytes, divergingEpoch, highWatermark } = result
      pass.bytes += bytes
      const isBehindLimit = bytes === 0 && kept.request.offset < highWatermark
      pass.mustAnswer ||= error !== undefined || divergingEpoch !== undefined || isBehindLimit || isCutShort(result)
      pass.news.push({ kept, result })
    }
    return pass
  }

  #read(kept: Kept, limits: { bytesLeft: number; isFirst: boolean }): FetchResult | Promise<FetchResult> {
    const partition = this.#resolve(kept)
    if (partition instanceof KafkaError) return refusedWhenDurable(this.#engine, partition)
    const { registering } = partition
    if (registering === undefined) return readPartition(partition, kept.request, limits)
    return registering.catch(() => {}).then(() => readPartition(partition, kept.request, limits))
  }

  /** The partition, found again if its topic was deleted and another one has its name. */
  #resolve(kept: Kept): Partition | KafkaError {
    if (kept.partition !== undefined && !kept.partition.topic.isDeleted) return kept.partition
    kept.unsubscribe()
    const found = this.#engine.topics.findPartition(kept.request)
    if (found instanceof Partition && this.#isKept(kept)) kept.subscribe(found)
    return found
  }

  #answered({ news, bytes }: Pass): StandingResult[] {
    const { total } = this.#engine.metrics
    total.fetches++
    total.fetchedBytes += bytes
    for (const { kept, result } of news) {
      kept.toldHighWatermark = result.error === undefined ? result.highWatermark : -1
      kept.toldLogStartOffset = result.logStartOffset
      if (result.bytes > 0) this.#moveBehind(kept)
    }
    return news.map(({ kept, result }) => ({ request: kept.request, result }))
  }

  /** Its data was told, but whether the client took it only its next request says. */
  #moveBehind(kept: Kept): void {
    this.#restless.delete(kept)
    if (this.#isKept(kept)) this.#restless.add(kept)
  }

  /** False if it was removed while its data was read. */
  #isKept(kept: Kept): boolean {
    return this.#kept.get(keyOf(kept.request)) === kept
  }
}

/** True if reading it would tell nothing new. */
function isQuiet({ partition, request, toldHighWatermark, toldLogStartOffset }: Kept): boolean {
  if (partition === undefined || partition.topic.isDeleted) return false
  const { log } = partition
  const { offset, currentLeaderEpoch = -1, lastFetchedEpoch = -1 } = request
  return (
    log.highWatermark === toldHighWatermark &&
    log.logStartOffset === toldLogStartOffset &&
    offset >= toldHighWatermark &&
    offset <= log.nextOffset &&
    (log.degraded === undefined || offset < log.degraded.fromOffset) &&
    lastFetchedEpoch < 0 &&
    (currentLeaderEpoch < 0 || currentLeaderEpoch === log.leaderEpoch)
  )
}

function keyOf({ topic, topicId, partition }: TopicRef & { readonly partition: number }): string {
  return `${partition} ${topicId ?? topic}`
}
