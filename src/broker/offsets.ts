// ListOffsets: the offset of a name (latest, earliest…) or of a time. Everything it answers is below the high watermark.
// Called by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { PartitionLog } from '../log/types.ts'
import type { Engine } from './engine.ts'
import { epochError } from './epochs.ts'
import { asKafkaError } from './trouble.ts'
import { listOffsetsTimestamps as named, type OffsetAnswer, type OffsetQuery } from './types.ts'

export async function listOffset(engine: Engine, query: OffsetQuery): Promise<OffsetAnswer> {
  try {
    const partition = engine.topics.findPartition(query)
    if (partition instanceof KafkaError) throw partition
    await partition.registering
    const error = epochError(partition.log, query.currentLeaderEpoch)
    if (error !== undefined) throw error
    return { error: undefined, ...(await lookUp(partition.log, query.timestamp)) }
  } catch (thrown) {
    return { error: asKafkaError(thrown), offset: -1, timestamp: -1, leaderEpoch: -1 }
  }
}

type Found = Omit<OffsetAnswer, 'error'>

const none: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 }

const earliest = (log: PartitionLog): Found => ({
  offset: log.logStartOffset,
  timestamp: -1,
  leaderEpoch: log.epochOf(log.logStartOffset),
})

const names = new Map<number, (log: PartitionLog) => Found | Promise<Found>>([
  [named.latest, log => ({ offset: log.highWatermark, timestamp: -1, leaderEpoch: log.leaderEpoch })],
  [named.earliest, earliest],
  [named.earliestLocal, earliest],
  [named.maxTimestamp, async log => (await log.offsetOfMaxTimestamp()) ?? none],
  [named.latestTiered, () => none],
  [named.earliestPendingUpload, () => none],
])

function lookUp(log: PartitionLog, timestamp: number): Found | Promise<Found> {
  if (timestamp >= 0) return atTime(log, timestamp)
  const find = names.get(timestamp)
  if (find === undefined)
    throw new KafkaError('UNSUPPORTED_VERSION', { message: 'no offset goes by this number', timestamp })
  return find(log)
}

async function atTime(log: PartitionLog, timestamp: number): Promise<Found> {
  return (await log.offsetForTimestamp(timestamp)) ?? none
}
