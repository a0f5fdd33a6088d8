// What every append looks at: its settings as numbers, and whether the next segment is due. Called by partition-log.ts.

import type { Settings } from '../base/config.ts'
import { maxTimestampOf } from '../records/batch.ts'
import type { Segment } from './segment.ts'

/** What every append looks at, as numbers: looking settings up by name costs 0.1 µs each. */
export interface AppendLimits {
  readonly batchBytesMax: number
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly isLogAppendTime: boolean
}

export function appendLimitsOf(settings: Settings): AppendLimits {
  return {
    batchBytesMax: settings.number('max.message.bytes'),
    segmentBytes: settings.number('segment.bytes'),
    segmentMs: settings.number('segment.ms'),
    isLogAppendTime: settings.string('message.timestamp.type') === 'LogAppendTime',
  }
}

/** Kafka's rule (5.9): too large, too old by its records or by the clock, an index is full, or offsets beyond 32 bits. */
export function isRollDue(
  segment: Segment,
  batch: Buffer,
  { limits, nextOffset, sinceCreatedMs }: { limits: AppendLimits; nextOffset: number; sinceCreatedMs: number },
): boolean {
  if (segment.bytes === 0) return segment.baseOffset !== nextOffset
  return (
    segment.bytes > limits.segmentBytes - batch.length ||
    Math.max(maxTimestampOf(batch) - segment.firstTimestamp, sinceCreatedMs) > limits.segmentMs ||
    segment.isIndexFull ||
    nextOffset - segment.baseOffset > 0x7fff_0000
  )
}
