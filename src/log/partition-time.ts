// Offsets by time. Timestamps in a log need not rise: "the first record at or after t" is found by the segments' largest
// timestamps, then the time index (largest so far), then a walk over batches, then over the records of one batch.
// Called by partition-log.ts.

import { baseOffsetOf, lastOffsetOf, leaderEpochOf, maxTimestampOf } from '../records/batch.ts'
import { RecordCursor } from '../records/cursor.ts'
import { walkBatches } from './batch-walk.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { TimestampOffset } from './types.ts'

export async function findTimestamp(log: DiskPartitionLog, timestamp: number): Promise<TimestampOffset | undefined> {
  log.writeOut()
  for (const segment of log.allSegments) {
    if (segment.maxTimestamp < timestamp || segment.baseOffset >= log.highWatermark) continue
    const found = await findInSegment(log, segment, timestamp)
    if (found !== undefined) return found
  }
  return undefined
}

export async function findMaxTimestamp(log: DiskPartitionLog): Promise<TimestampOffset | undefined> {
  const latest = log.allSegments.reduce((max, segment) => Math.max(max, segment.maxTimestamp), -1)
  return latest < 0 ? undefined : ((await findTimestamp(log, latest)) ?? (await findLargestBelowWatermark(log)))
}

async function findInSegment(
  log: DiskPartitionLog,
  segment: Segment,
  timestamp: number,
): Promise<TimestampOffset | undefined> {
  const from = segment.positionBeforeTimestamp(timestamp)
  for (const batch of batchesFrom(log, segment, from)) {
    if (batch.baseOffset >= log.highWatermark) return undefined
    if (batch.maxTimestamp < timestamp || batch.lastOffset < log.logStartOffset) continue
    const found = await firstRecordFrom(log, batch.baseOffset, timestamp)
    if (found !== undefined) return found
  }
  return undefined
}

interface BatchFacts {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
}

/** Facts of the batches from a position on: a generator, so that the walk stops with the first answer. */
function* batchesFrom(log: DiskPartitionLog, segment: Segment, from: number): Generator<BatchFacts> {
  const stepBatches = 256
  for (let position = from; position < segment.writtenBytes; ) {
    const facts: BatchFacts[] = []
    const end = walkBatches(
      segment.file(),
      { from: position, to: segment.writtenBytes, verify: false },
      (buffer, at) => {
        facts.push({
          baseOffset: baseOffsetOf(buffer, at),
          lastOffset: lastOffsetOf(buffer, at),
          maxTimestamp: maxTimestampOf(buffer, at),
        })
        return facts.length === stepBatches
      },
    )
    yield* facts
    if (end.problem !== 'ok') {
      log.reportCorruption(segment, end.position, end.problem)
      return
    }
    position = end.position
  }
}

async function firstRecordFrom(
  log: DiskPartitionLog,
  offset: number,
  timestamp: number,
): Promise<TimestampOffset | undefined> {
  const { buffers } = await log.read({ offset: Math.max(offset, log.logStartOffset), bytesMax: 1 })
  const batch = buffers[0]
  if (batch === undefined) return undefined
  const cursor = new RecordCursor(batch)
  while (cursor.next())
    if (cursor.timestamp >= timestamp && cursor.offset >= log.logStartOffset)
      return { offset: cursor.offset, timestamp: cursor.timestamp, leaderEpoch: leaderEpochOf(batch) }
  return undefined
}

/** The largest timestamp of all is not durable yet: walk for the largest that is. */
async function findLargestBelowWatermark(log: DiskPartitionLog): Promise<TimestampOffset | undefined> {
  let largest = -1
  for (const segment of log.allSegments)
    for (const batch of batchesFrom(log, segment, 0))
      if (batch.baseOffset < log.highWatermark && batch.lastOffset >= log.logStartOffset)
        largest = Math.max(largest, batch.maxTimestamp)
  return largest < 0 ? undefined : findTimestamp(log, largest)
}
