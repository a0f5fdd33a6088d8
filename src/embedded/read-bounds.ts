// Where a read begins and ends in each partition. The high watermarks are taken in one synchronous stretch, the rest asks
// the engine for times. Called by topic.ts.

import { KafkaError } from '../base/errors.ts'
import {
  type PartitionTimes,
  type Position,
  type PositionRange,
  parseOffsets,
  parsePosition,
  resolveOffsets,
} from '../broker/offset-grammar.ts'
import type { Broker, PartitionDescription } from '../broker/types.ts'
import type { Instant, OffsetSpec, ReadOptions } from './types.ts'

export interface ReadBounds {
  readonly partition: number
  readonly from: number
  /** Not included; Infinity when the read follows without a `to`. */
  readonly end: number
  readonly highWatermark: number
}

/** Throws INVALID_ARGUMENT. */
export function parseRange({ from = 'start', to }: ReadOptions): PositionRange {
  const range = typeof from === 'string' ? parseOffsets(from) : { from: positionOf(from), to: undefined }
  if (to === undefined) return range
  if (range.to !== undefined)
    throw new KafkaError('INVALID_ARGUMENT', { message: '`from` is a range, so there is no room for `to`', from, to })
  return { from: range.from, to: typeof to === 'string' ? parsePosition(to) : positionOf(to) }
}

export async function resolveBounds(
  broker: Broker,
  topicId: string,
  partitions: readonly PartitionDescription[],
  { range, follow }: { range: PositionRange; follow: boolean },
): Promise<ReadBounds[]> {
  const nowMs = broker.platform.clock.now()
  const views = partitions.map(partition => viewOf(broker, topicId, partition))
  return Promise.all(
    views.map(async view => {
      const { from, to } = await resolveOffsets(range, view, nowMs)
      // An exact `to` may lie beyond what is there: then a read that follows waits for it.
      const end = Math.min(to ?? Number.POSITIVE_INFINITY, follow ? Number.POSITIVE_INFINITY : view.end)
      const begin = partitions.length === 1 ? checked(from, view) : clamped(from, view)
      return { partition: view.partition, from: begin, end, highWatermark: view.highWatermark }
    }),
  )
}

/** One partition's exact offset is meant: outside the log it is an error. Errors: OFFSET_OUT_OF_RANGE. */
function checked(from: number, { partition, logStartOffset, highWatermark, end }: PartitionView): number {
  if (from >= logStartOffset && from <= end) return from
  const facts = { partition, offset: from, logStartOffset, highWatermark }
  throw new KafkaError('OFFSET_OUT_OF_RANGE', { message: 'the offset is outside the log', ...facts })
}

/** Over many partitions an exact offset says where to begin, if there. */
function clamped(from: number, { logStartOffset, highWatermark }: PartitionView): number {
  return Math.min(Math.max(from, logStartOffset), highWatermark)
}

interface PartitionView extends PartitionTimes {
  readonly partition: number
  /** The high watermark; Infinity where damage may hide records behind it: a read that gets there says CORRUPT_MESSAGE. */
  readonly end: number
}

function viewOf(
  broker: Broker,
  topicId: string,
  { partition, logStartOffset, highWatermark, degraded }: PartitionDescription,
): PartitionView {
  return {
    partition,
    end: degraded === undefined ? highWatermark : Number.POSITIVE_INFINITY,
    logStartOffset,
    highWatermark,
    offsetForTimestamp: async timestamp => {
      const [{ error, offset }] = await broker.listOffsets([{ topicId, partition, timestamp }])
      if (error !== undefined) throw error
      // Found beyond the watermark of the start: it came later, so it is not part of this read.
      return offset === -1 ? undefined : Math.min(offset, highWatermark)
    },
  }
}

function positionOf(spec: Exclude<OffsetSpec, string>): Position {
  if (typeof spec === 'number') return exactly(spec)
  const ms = (spec as Instant)?.getTime?.()
  if (!Number.isFinite(ms))
    throw new KafkaError('INVALID_ARGUMENT', { message: 'a place is text, an offset or a Date' })
  return { at: 'time', time: { is: 'absolute', ms } }
}

function exactly(offset: number): Position {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new KafkaError('INVALID_ARGUMENT', {
      message: 'an offset is a whole number from 0 on; the last 100 are written as text: "-100"',
      offset,
    })
  return { at: 'offset', offset }
}
