// Batch builders that are used again: a thousand partitions that append at once take a thousand of them every few
// milliseconds, and fresh memory for each was a quarter of the time.
//   1  idle memory is bounded: few builders that have grown, many that have not
// Called by appender.ts.

import { BatchBuilder } from '../records/index.ts'

const smallBytesMax = 16_384
const smallCountMax = 1024
const largeCountMax = 8
const newBuilderBytes = 4096

export class BuilderPool {
  readonly #small: BatchBuilder[] = []
  readonly #large: BatchBuilder[] = []
  /** Builders that have once held more than a small batch: they keep that memory. */
  readonly #grown = new WeakSet<BatchBuilder>()

  take(): BatchBuilder {
    return this.#small.pop() ?? this.#large.pop() ?? new BatchBuilder({ bytes: newBuilderBytes })
  }

  /** After build(); `bytes`: what the batch came to before. */
  give(builder: BatchBuilder, bytes: number): void {
    if (bytes > smallBytesMax) this.#grown.add(builder)
    const isGrown = bytes > smallBytesMax || this.#grown.has(builder)
    const pool = isGrown ? this.#large : this.#small
    if (pool.length < (isGrown ? largeCountMax : smallCountMax)) pool.push(builder)
  }
}
