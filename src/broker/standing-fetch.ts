// A fetch that stays: partitions and offsets kept between polls, each poll answers only what is new (Kafka's fetch sessions
// stand on it: server/kafka/fetch-sessions.ts).
//   1  a partition is told of when it has records or an error, or when its high watermark or log start differ from what was
//      told last; after an error it is told of again
//   2  a poll that waits costs nothing per partition: each partition's subscription stays as long as the partition is kept
//   3  partitions that gave records go behind the others, so that none starves
// Made by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { StandingFetch, StandingResult } from './admin-types.ts'
import type { Engine } from './engine.ts'
import { isCutShort, readPartition, refusedWhenDurable } from './fetch.ts'
import type { Partition } from './topics.ts'
import { brokerClosed } from './trouble.ts'
import type { FetchPartition, FetchRequest, FetchResult, TopicRef } from './types.ts'
import type { Listener, Subscription, Waiter } from './waiters.ts'

type Poll = Omit<FetchRequest, 'partitions'>

interface Kept {
  request: FetchPartition
  partition: Partition | undefined
  subscription: Subscription | undefined
  /** -1: nothing, or an error */
  toldHighWatermark: number
  toldLogStartOffset: number
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

export class EngineStandingFetch implements StandingFetch, Listener {
  readonly #engine: Engine
  readonly #kept = new Map<string, Kept>()
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
    const known = this.#kept.get(key)
    if (known !== undefined) known.request = request
    else
      this.#kept.set(key, {
        request,
        partition: undefined,
        subscription: undefined,
        toldHighWatermark: -1,
        toldLogStartOffset: -1,
      })
  }

  remove(partition: TopicRef & { readonly partition: number }): void {
    const key = keyOf(partition)
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    unsubscribe(kept)
    this.#kept.delete(key)
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
    for (const kept of this.#kept.values()) unsubscribe(kept)
    this.#kept.clear()
    this.end()
  }

  gain(_: Subscription, bytes: number): void {
    this.#gained += bytes
    this.#waiter?.gainBytes(bytes)
  }

  /** A partition is gone, or all of this is: whoever waits looks again. */
  readonly end = (): void => {
    this.#waiter?.end()
  }

  #limitsOf(request: Poll): { engine: Engine; maxBytes: number; minBytes: number } {
    const engine = this.#engine
    const maxBytes = Math.min(request.maxBytes, engine.settings.number('fetch.max.bytes'))
    return { engine, maxBytes, minBytes: Math.min(request.minBytes, maxBytes) }
  }

  /** Synchronous while everything is warm. */
  #walk(maxBytes: number): Pass | Promise<Pass> {
    const pass: Pass = { news: [], bytes: 0, mustAnswer: false }
    let toRead: Kept[] | undefined
    for (const kept of this.#kept.values()) {
      if (isQuiet(kept)) continue
      if (toRead === undefined) toRead = [kept]
      else toRead.push(kept)
    }
    return toRead === undefined ? pass : this.#readAll(toRead, maxBytes, pass)
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
    unsubscribe(kept)
    const found = this.#engine.topics.findPartition(kept.request)
    if (found instanceof KafkaError) return found
    kept.partition = found
    kept.subscription = { waiter: this, partition: found, bytesLeft: 0 }
    found.waiters.add(kept.subscription)
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

  #moveBehind(kept: Kept): void {
    const key = keyOf(kept.request)
    if (this.#kept.delete(key)) this.#kept.set(key, kept)
  }
}

/** Hot: asked of every partition at every poll. True if reading it would tell nothing new. */
function isQuiet({ partition, request, toldHighWatermark, toldLogStartOffset }: Kept): boolean {
  if (partition === undefined || partition.topic.isDeleted) return false
  const { log } = partition
  const { offset, currentLeaderEpoch = -1, lastFetchedEpoch = -1 } = request
  return (
    log.highWatermark === toldHighWatermark &&
    log.logStartOffset === toldLogStartOffset &&
    offset >= toldHighWatermark &&
    offset <= log.nextOffset &&
    lastFetchedEpoch < 0 &&
    (currentLeaderEpoch < 0 || currentLeaderEpoch === log.leaderEpoch)
  )
}

function unsubscribe(kept: Kept): void {
  if (kept.subscription !== undefined) kept.partition?.waiters.delete(kept.subscription)
  kept.partition = undefined
  kept.subscription = undefined
}

function keyOf({ topic, topicId, partition }: TopicRef & { readonly partition: number }): string {
  return `${partition} ${topicId ?? topic}`
}
