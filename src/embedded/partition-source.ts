// One partition of a read: from the batches that were fetched to records, in order, from `position` up to `end`.
//   1  position only grows; records before it (the batch began earlier) and at or after end are not handed out
//   2  fetched bytes are copied once: what users get never is memory that the log shares with others
//   3  control batches are skipped
// Called by merged-read.ts.

import type { FetchResult } from '../broker/types.ts'
import { batchBytesOf, isControl, nextOffsetOf, RecordCursor } from '../records/index.ts'
import { type Decoder, decodeRecord } from './record.ts'
import type { LogRecord } from './types.ts'

export class PartitionSource<K, V> {
  readonly partition: number
  /** Not included; Infinity when the read follows. */
  readonly end: number
  /** The next record, once it is known: what the merge compares. */
  head: LogRecord<K, V> | undefined
  readonly #decoder: Decoder<K, V>
  #position: number
  #highWatermark: number
  #buffers: Buffer[] = []
  #at = 0
  #cursor: RecordCursor | undefined
  /** One past the batch that the cursor walks. */
  #batchEnd = 0

  constructor(
    decoder: Decoder<K, V>,
    { partition, from, end, highWatermark }: { partition: number; from: number; end: number; highWatermark: number },
  ) {
    this.#decoder = decoder
    this.partition = partition
    this.end = end
    this.#position = from
    this.#highWatermark = highWatermark
  }

  /** The offset to fetch from. */
  get position(): number {
    return this.#position
  }

  get isDone(): boolean {
    return this.head === undefined && this.#position >= this.end
  }

  /** Nothing more is durable, as far as the last fetch knew. */
  get isCaughtUp(): boolean {
    return this.#position >= this.#highWatermark
  }

  /** Only when everything fed before has been read. */
  feed({ buffers, highWatermark }: FetchResult): void {
    this.#highWatermark = highWatermark
    this.#buffers = buffers.map(buffer => Buffer.from(buffer))
    this.#at = 0
  }

  /** The next record in what was fed, or undefined. Errors: INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE. */
  next(): LogRecord<K, V> | undefined {
    for (;;) {
      const cursor = this.#cursor ?? this.#nextBatch()
      if (cursor === undefined) return undefined
      while (cursor.next()) {
        if (cursor.offset < this.#position) continue
        if (cursor.offset >= this.end) return this.#finish()
        this.#position = cursor.offset + 1
        const record = decodeRecord(this.#decoder, this.partition, cursor)
        if (record !== undefined) return record
      }
      this.#cursor = undefined
      // Compaction may have taken the last records of the batch: the next fetch begins after it all the same.
      this.#position = Math.max(this.#position, this.#batchEnd)
    }
  }

  #nextBatch(): RecordCursor | undefined {
    while (this.#buffers.length > 0) {
      const buffer = this.#buffers[0]
      if (this.#at >= buffer.length) {
        this.#buffers.shift()
        this.#at = 0
        continue
      }
      const at = this.#at
      this.#at += batchBytesOf(buffer, at)
      this.#batchEnd = nextOffsetOf(buffer, at)
      if (isControl(buffer, at)) {
        this.#position = Math.max(this.#position, this.#batchEnd)
        continue
      }
      this.#cursor = new RecordCursor(buffer, { at })
      return this.#cursor
    }
    return undefined
  }

  #finish(): undefined {
    this.#buffers = []
    this.#cursor = undefined
    this.#position = this.end
    return undefined
  }
}
