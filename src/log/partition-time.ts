// Offsets by time. Timestamps in a log need not rise: "the first record at or after t" is found by the segments' largest
// timestamps, then the time index (largest so far), then a walk over batches, then over the records of one batch.
//   1  nothing is written: what the segment lacks is looked at in the tail
//   2  a walk gives others a turn every 256 batches
// Called by partition-log.ts.

import { baseOffsetOf, lastOffsetOf, leaderEpochOf, maxTimestampOf } from '../records/batch.ts'
import { RecordCursor } from '../records/cursor.ts'
import { forEachBatch } from '../records/read.ts'
import { walkBatches } from './batch-walk.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { TimestampOffset } from './types.ts'

export async function findTimestamp(log: DiskPartitionLog, timestamp: number): Promise<TimestampOffset | undefined> {
  for (const segment of log.allSegments) {
    if (segment.maxTimestamp < timestamp || segment.baseOffset >= log.highWatermark) continue
    const found = await findInSegment(log, segment, timestamp)
    if (found !== undefined) return found
  }
  return undefined
}

export async function findMaxTimestamp(log: DiskPartitionLog): Promise<TimestampOffset | undefined> {
  const latest = log.allSegments.reduce((max, segment) => Math.max(max, segment.maxTimestamp), -1)
  return (
    (await firstWith(log, latest)) ??
    (await firstWith(log, await largestInRange(log, { isQuick: true }))) ??
    (await firstWith(log, await largestInRange(log, { isQuick: false })))
  )
}

/** -1: no record has a time. */
async function firstWith(log: DiskPartitionLog, timestamp: number): Promise<TimestampOffset | undefined> {
  return timestamp < 0 ? undefined : findTimestamp(log, timestamp)
}

async function findInSegment(
  log: DiskPartitionLog,
  segment: Segment,
  timestamp: number,
): Promise<TimestampOffset | undefined> {
  const from = segment.positionBeforeTimestamp(timestamp)
  for (const batches of batchesFrom(log, segment, from)) {
    for (const batch of batches) {
      if (batch.baseOffset >= log.highWatermark) return undefined
      if (batch.maxTimestamp < timestamp || batch.lastOffset < log.logStartOffset) continue
      const found = await firstRecordFrom(log, batch.baseOffset, timestamp)
      if (found !== undefined) return found
    }
    await log.othersTurn()
  }
  return undefined
}

interface BatchFacts {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
}

const stepBatches = 256

/** Facts of the batches from a position on, some at a time: a generator, so that the walk stops with the first answer. */
function* batchesFrom(log: DiskPartitionLog, segment: Segment, from: number): Generator<readonly BatchFacts[]> {
  for (let position = from; position < segment.writtenBytes; ) {
    const facts: BatchFacts[] = []
    const end = walkBatches(
      segment.file(),
      { from: position, to: segment.writtenBytes, verify: false },
      (buffer, at) => {
        facts.push(factsOf(buffer, at))
        return facts.length === stepBatches
      },
    )
    yield facts
    if (end.problem !== 'ok') {
      log.reportCorruption(segment, end.position, end.problem)
      return
    }
    position = end.position
  }
  if (segment === log.active) yield unwrittenOf(log)
}

/** At once: the tail's memory is used again when its batches are written. */
function unwrittenOf(log: DiskPartitionLog): BatchFacts[] {
  const facts: BatchFacts[] = []
  forEachBatch(log.tail.unwritten(), (buffer, at) => void facts.push(factsOf(buffer, at)))
  return facts
}

const factsOf = (buffer: Buffer, at: number): BatchFacts => ({
  baseOffset: baseOffsetOf(buffer, at),
  lastOffset: lastOffsetOf(buffer, at),
  maxTimestamp: maxTimestampOf(buffer, at),
})

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

/**
 * The largest timestamp of all is not durable yet, or below the log start. Quick: what segments and time indexes say is
 * believed; after a crash that can be the time of a batch that is gone.
 */
async function largestInRange(log: DiskPartitionLog, { isQuick }: { isQuick: boolean }): Promise<number> {
  let largest = -1
  for (const segment of log.allSegments) {
    if (segment.baseOffset >= log.highWatermark) break
    const isInRange = segment.baseOffset >= log.logStartOffset && segment.nextOffset <= log.highWatermark
    if (isQuick && isInRange) largest = Math.max(largest, segment.maxTimestamp)
    else largest = Math.max(largest, await largestInSegment(log, segment, isQuick))
  }
  return largest
}

async function largestInSegment(log: DiskPartitionLog, segment: Segment, isQuick: boolean): Promise<number> {
  const { timeIndex, baseOffset } = segment
  let entry = isQuick ? timeIndex.count - 1 : -1
  while (entry >= 0 && baseOffset + timeIndex.relativeOffset(entry) >= log.highWatermark) entry -= 1
  const indexed = entry < 0 ? -1 : baseOffset + timeIndex.relativeOffset(entry)
  const isKnown = indexed >= Math.max(0, log.logStartOffset)
  let largest = isKnown ? timeIndex.timestamp(entry) : -1
  const from = segment.positionBefore(isKnown ? indexed : log.logStartOffset)
  for (const batches of batchesFrom(log, segment, from)) {
    for (const batch of batches)
      if (batch.baseOffset < log.highWatermark && batch.lastOffset >= log.logStartOffset)
        largest = Math.max(largest, batch.maxTimestamp)
    if (batches.some(batch => batch.baseOffset >= log.highWatermark)) break
    await log.othersTurn()
  }
  return largest
}
