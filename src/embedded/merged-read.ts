// One run over the partitions of a read: records come out merged by time, bytes come in by one fetch for all that lack them.
//   1  a record is handed out only when every partition that has one in store shows its own: so the merge is right
//   2  a partition that is caught up does not hold the others back (with follow); without follow its end was fixed before
//   3  take() is synchronous and cheap; fill() is awaited when take() has nothing
// Called by reader.ts.

import type { Broker, FetchPartition, FetchResult } from '../broker/types.ts'
import type { PartitionSource } from './partition-source.ts'
import { SourceHeap } from './source-heap.ts'
import type { LogRecord } from './types.ts'

const fetchBytesMax = 8 << 20
const partitionBytesMax = 1 << 20
const partitionBytesMin = 64 << 10
/** Of the first fetch; the next ones take four times as much each. Who wants one record does not wait for a thousand. */
const firstBytes = 16 << 10
const followWaitMs = 30_000

export class MergedRead<K, V> {
  readonly #broker: Broker
  readonly #topicId: string
  readonly #sources: readonly PartitionSource<K, V>[]
  readonly #follow: boolean
  readonly #signal: AbortSignal
  readonly #heap = new SourceHeap<K, V>()
  /** Bytes of a partition that the next fetch may take: a read that goes on takes more at a time. */
  #patience = firstBytes
  /** Partitions that have more in store and show no head: nothing is handed out until they do. */
  #starving = 0
  #left: number
  /** The heap's top, whose head was handed out. */
  #taken: PartitionSource<K, V> | undefined

  constructor(options: {
    broker: Broker
    topicId: string
    sources: readonly PartitionSource<K, V>[]
    follow: boolean
    limit: number
    signal: AbortSignal
  }) {
    this.#broker = options.broker
    this.#topicId = options.topicId
    this.#sources = options.sources
    this.#follow = options.follow
    this.#left = options.limit
    this.#signal = options.signal
    this.#starving = options.sources.filter(source => this.#isStarving(source)).length
  }

  /** The next record, or undefined: then fill(). Throws when the next record of a partition does not decode. */
  take(): LogRecord<K, V> | undefined {
    if (this.#taken !== undefined) this.#advance(this.#taken)
    if (this.#starving > 0 || this.#heap.size === 0 || this.#left <= 0) return undefined
    this.#left--
    this.#taken = this.#heap.top()
    return this.#taken.head
  }

  /** Fetches what is lacking, waiting for new records only if there is nothing else to hand out. False: the read is over. */
  async fill(): Promise<boolean> {
    if (this.#left <= 0) return false
    const lacking = this.#sources.filter(source => source.head === undefined && !source.isDone)
    if (lacking.length === 0) return this.#heap.size > 0
    const mustWait = this.#heap.size === 0 && lacking.every(source => source.isCaughtUp)
    const results = await this.#fetch(lacking, mustWait ? followWaitMs : 0)
    this.#starving = 0
    for (let i = 0; i < lacking.length; i++) this.#feed(lacking[i], results[i])
    return true
  }

  /** Only now, not when its head was taken: the record after it may throw, and that one was good. */
  #advance(source: PartitionSource<K, V>): void {
    this.#taken = undefined
    source.head = source.next()
    if (source.head !== undefined) return this.#heap.sinkTop()
    this.#heap.removeTop()
    if (this.#isStarving(source)) this.#starving++
  }

  #isStarving(source: PartitionSource<K, V>): boolean {
    return source.head === undefined && !source.isDone && !(this.#follow && source.isCaughtUp)
  }

  #fetch(sources: readonly PartitionSource<K, V>[], maxWaitMs: number): Promise<FetchResult[]> {
    const each = Math.floor(fetchBytesMax / sources.length)
    const maxBytes = Math.min(this.#patience, Math.max(partitionBytesMin, Math.min(partitionBytesMax, each)))
    this.#patience *= 4
    const partitions = sources.map(
      (source): FetchPartition => ({
        topicId: this.#topicId,
        partition: source.partition,
        offset: source.position,
        maxBytes,
      }),
    )
    const signal = this.#signal
    return this.#broker.fetch({ maxWaitMs, minBytes: 1, maxBytes: maxBytes * sources.length, partitions, signal })
  }

  #feed(source: PartitionSource<K, V>, result: FetchResult): void {
    if (result.error !== undefined) throw result.error
    source.feed(result)
    source.head = source.next()
    if (source.head !== undefined) this.#heap.push(source)
    else if (this.#isStarving(source)) this.#starving++
  }
}
