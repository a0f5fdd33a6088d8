// The two ways to walk over a read: record by record, or in batches. Iterators by hand: an async generator costs three times
// as much per record.
//   1  nothing is resolved or fetched before the first next(); the ends are fixed then
//   2  leaving the loop, an error or an abort ends the run and any wait of it
// Made by topic.ts.

import { KafkaError } from '../base/errors.ts'
import type { MergedRead } from './merged-read.ts'
import type { LogRecord, Reader, ReadOptions, RecordBatch } from './types.ts'

/** Fixes the bounds and starts a run. `signal` ends its waits. */
export type StartRead<K, V> = (signal: AbortSignal) => Promise<MergedRead<K, V>>

export function createReader<K, V>(start: StartRead<K, V>, options: ReadOptions): Reader<K, V> {
  return {
    [Symbol.asyncIterator]: () => new RecordIterator(new Run(start, options)),
    batches: ({ max = 1000 } = {}) => {
      if (!Number.isInteger(max) || max < 1)
        throw new KafkaError('INVALID_ARGUMENT', { message: 'max is at least 1 record', max })
      return { [Symbol.asyncIterator]: () => new BatchIterator(new Run(start, options), max) }
    },
  }
}

/** One loop over the reader: from its start to whatever ends it. */
class Run<K, V> {
  readonly #start: StartRead<K, V>
  readonly #follow: boolean
  readonly #signal: AbortSignal | undefined
  readonly #stop = new AbortController()
  readonly #abort = () => this.#stop.abort()
  #read: MergedRead<K, V> | undefined
  #isOver = false

  constructor(start: StartRead<K, V>, { signal, follow = false }: ReadOptions) {
    this.#start = start
    this.#follow = follow
    this.#signal = signal
  }

  /** The next record if it is at hand. Throws what a bad record throws, and with an aborted signal its reason. */
  take(): LogRecord<K, V> | undefined {
    try {
      return this.#signal?.aborted ? this.#aborted() : this.#read?.take()
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** False: there is no more. */
  async fill(): Promise<boolean> {
    if (this.#isOver) return false
    try {
      this.#read ??= await this.#begin()
      const isMore = await this.#read.fill()
      if (this.#signal?.aborted) this.#aborted()
      if (!isMore) this.end()
      return isMore && !this.#isOver
    } catch (error) {
      const isOver = this.#isOver
      this.end()
      // Left while it waited, or the log closed under a read that had no end: that is how such a loop ends.
      if (isOver || (this.#follow && error instanceof KafkaError && error.code === 'LOG_CLOSED')) return false
      throw error
    }
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#read = undefined
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#stop.abort()
  }

  #begin(): Promise<MergedRead<K, V>> {
    if (this.#signal?.aborted) this.#aborted()
    this.#signal?.addEventListener('abort', this.#abort)
    return this.#start(this.#stop.signal)
  }

  #aborted(): undefined {
    if (!this.#follow && !this.#isOver) throw this.#signal?.reason
    this.end()
    return undefined
  }
}

const finished = { done: true as const, value: undefined }

/** Calls of next() that overlap are answered one after the other. */
abstract class OneByOne<T> implements AsyncIterator<T, undefined> {
  #busy: Promise<IteratorResult<T, undefined>> | undefined

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#busy !== undefined) return this.#queue()
    try {
      const value = this.ready()
      if (value !== undefined) return Promise.resolve({ done: false as const, value })
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#queue()
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.end()
    return finished
  }

  #queue(): Promise<IteratorResult<T, undefined>> {
    const before = this.#busy
    const mine = (before === undefined ? this.#wait() : before.then(() => this.#wait())).finally(() => {
      if (this.#busy === mine) this.#busy = undefined
    })
    this.#busy = mine
    return mine
  }

  async #wait(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const value = this.ready()
      if (value !== undefined) return { done: false, value }
      if (!(await this.more())) return finished
    }
  }

  /** What is at hand, or undefined. */
  protected abstract ready(): T | undefined
  protected abstract more(): Promise<boolean>
  protected abstract end(): void
}

class RecordIterator<K, V> extends OneByOne<LogRecord<K, V>> {
  readonly #run: Run<K, V>

  constructor(run: Run<K, V>) {
    super()
    this.#run = run
  }

  protected ready(): LogRecord<K, V> | undefined {
    return this.#run.take()
  }

  protected more(): Promise<boolean> {
    return this.#run.fill()
  }

  protected end(): void {
    this.#run.end()
  }
}

class BatchIterator<K, V> extends OneByOne<RecordBatch<K, V>> {
  readonly #run: Run<K, V>
  readonly #max: number
  /** A bad record behind good ones: they are handed out first, the error comes with the next call. */
  #failure: { error: unknown } | undefined

  constructor(run: Run<K, V>, max: number) {
    super()
    this.#run = run
    this.#max = max
  }

  protected ready(): RecordBatch<K, V> | undefined {
    if (this.#failure !== undefined) throw this.#thrown()
    const records: LogRecord<K, V>[] = []
    try {
      while (records.length < this.#max) {
        const record = this.#run.take()
        if (record === undefined) break
        records.push(record)
      }
    } catch (error) {
      this.#failure = { error }
      if (records.length === 0) throw this.#thrown()
    }
    return records.length === 0 ? undefined : { records }
  }

  protected more(): Promise<boolean> {
    return this.#run.fill()
  }

  protected end(): void {
    this.#run.end()
  }

  #thrown(): unknown {
    const { error } = this.#failure!
    this.#failure = undefined
    return error
  }
}
