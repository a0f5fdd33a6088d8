// Reads of one partition: from the tail in memory, from a warm file on this thread, from a cold one through the pool.
//   1  whole batches, below the high watermark, verified after the read (the tail was verified on the way in)
//   2  a reader that goes on where it stopped finds its place without the index
// Called by partition-log.ts.

import { KafkaError } from '../base/errors.ts'
import { batchHeaderBytes } from '../records/batch.ts'
import { cutBatches } from './batch-read.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { ReadOptions, ReadResult } from './types.ts'

/** Room for the batches between an index entry and the wanted one. */
const searchBytes = 16 << 10
const placesKept = 8

interface Place {
  readonly segment: Segment
  readonly position: number
  /** Base offset of the batch at `position`. */
  readonly offset: number
}

interface Plan extends Required<ReadOptions> {
  readonly segment: Segment
  readonly position: number
  readonly firstOffset: number
  readonly bytes: number
}

export class PartitionReader {
  readonly #log: DiskPartitionLog
  /** Where reads ended, newest last. */
  #places: Place[] = []

  constructor(log: DiskPartitionLog) {
    this.#log = log
  }

  read({ offset, bytesMax, endOffset = this.#log.highWatermark }: ReadOptions): ReadResult | Promise<ReadResult> {
    this.#check(offset)
    if (offset >= endOffset) return nothing
    const inMemory = this.#log.tail.read(offset, bytesMax, endOffset)
    if (inMemory !== undefined) return inMemory
    return this.#readPlanned(this.#plan({ offset, bytesMax, endOffset }))
  }

  #readPlanned(plan: Plan): ReadResult | Promise<ReadResult> {
    if (!plan.segment.isWarm(plan.position, plan.position + plan.bytes)) return this.#readCold(plan)
    const buffer = Buffer.allocUnsafe(plan.bytes)
    return this.#finish(plan, buffer.subarray(0, plan.segment.file().read(buffer, plan.position)))
  }

  #check(offset: number): void {
    const { topic, partition, logStartOffset, nextOffset, degraded, isDeleted } = this.#log
    if (isDeleted)
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', { message: 'the topic was deleted', topic, partition })
    if (degraded !== undefined && offset >= degraded.fromOffset)
      throw new KafkaError('CORRUPT_MESSAGE', { message: degraded.reason, topic, partition, offset })
    if (offset < logStartOffset || offset > nextOffset)
      throw new KafkaError('OFFSET_OUT_OF_RANGE', {
        message: `the log has ${logStartOffset} to ${nextOffset}`,
        topic,
        partition,
        offset,
      })
  }

  async #readCold(plan: Plan): Promise<ReadResult> {
    const buffer = Buffer.allocUnsafe(plan.bytes)
    const bytesRead = await plan.segment.readLater(buffer, plan.position)
    return this.#finish(plan, buffer.subarray(0, bytesRead))
  }

  #plan(options: Required<ReadOptions>): Plan {
    const { offset, bytesMax } = options
    const segment = this.#log.segmentOf(offset)
    const place = this.#places.find(known => known.offset === offset && known.segment === segment)
    if (place !== undefined) {
      const bytes = Math.min(Math.max(bytesMax, 61), segment.writtenBytes - place.position)
      return { ...options, segment, position: place.position, firstOffset: offset, bytes }
    }
    const { position, firstOffset } = this.#search(segment, offset)
    const bytes = Math.min(bytesMax + searchBytes, segment.writtenBytes - position)
    return { ...options, segment, position, firstOffset, bytes }
  }

  /** The batch that an index entry points at is known by its last offset; its base offset is read from its header. */
  #search(segment: Segment, offset: number): { position: number; firstOffset: number } {
    const position = segment.positionBefore(offset)
    if (position === 0) return { position, firstOffset: segment.baseOffset }
    const header = Buffer.allocUnsafe(27)
    segment.file().read(header, position)
    const lastOffset = segment.baseOffset + segment.offsetIndex.lastOffsetAt(position)
    return { position, firstOffset: lastOffset - header.readInt32BE(23) }
  }

  #finish(plan: Plan, buffer: Buffer): ReadResult | Promise<ReadResult> {
    const cut = cutBatches(buffer, { ...plan, leaderEpochOf: offset => this.#log.epochOf(offset) })
    const at = plan.position + cut.nextAt
    if (cut.bytes.length > 0) {
      this.#remember(plan.segment, at, cut.nextOffset)
      return { buffers: [cut.bytes], bytes: cut.bytes.length }
    }
    const problem = cut.problem ?? missingBytes(plan, buffer.length, at, cut.wantedBytes)
    this.#check(plan.offset) // deleted or retained away while the disk was busy
    if (problem !== undefined && plan.segment.rebuildIndexes()) return this.#readAgain(plan)
    if (problem !== undefined) throw this.#corrupt(plan, at, problem)
    // Not reached yet, or larger than the buffer: go on from where the walk stood.
    const bytes = Math.min(Math.max(cut.wantedBytes, plan.bytesMax, 61), plan.segment.writtenBytes - at)
    return this.#readPlanned({ ...plan, position: at, firstOffset: cut.nextOffset, bytes })
  }

  #readAgain({ segment, offset, endOffset, bytesMax }: Plan): ReadResult | Promise<ReadResult> {
    this.#places = this.#places.filter(known => known.segment !== segment)
    return this.#readPlanned(this.#plan({ offset, endOffset, bytesMax }))
  }

  #corrupt({ segment, offset }: Plan, position: number, problem: string): KafkaError {
    const { topic, partition } = this.#log
    this.#log.reportCorruption(segment, position, problem)
    return new KafkaError('CORRUPT_MESSAGE', {
      message: problem,
      topic,
      partition,
      offset,
      position,
      path: segment.logPath,
    })
  }

  #remember(segment: Segment, position: number, offset: number): void {
    if (position >= segment.bytes && segment !== this.#log.active) return
    this.#places = [
      ...this.#places.filter(known => known.offset !== offset).slice(1 - placesKept),
      { segment, position, offset },
    ]
  }
}

/** Why no batch can begin at `at`, where the walk over a buffer ended; undefined if reading on may find one. */
function missingBytes(
  { segment, bytes }: Plan,
  bytesRead: number,
  at: number,
  wantedBytes: number,
): string | undefined {
  const rest = segment.writtenBytes - at
  if (rest <= 0) return 'the batch is missing'
  if (rest < Math.max(wantedBytes, batchHeaderBytes)) return 'the batch is cut'
  return bytesRead < bytes ? 'the file is shorter than it was' : undefined
}

const nothing: ReadResult = { buffers: [], bytes: 0 }
