// Leader epochs: one node is always the leader, and its epoch rises when a log was cut at a restart.
// Called by fetch.ts and offsets.ts.

import { KafkaError } from '../base/errors.ts'
import type { PartitionLog } from '../log/types.ts'
import type { Engine } from './engine.ts'
import type { EpochAnswer, EpochQuery } from './types.ts'

/** What is wrong with the epoch that a client believes to be current; -1: it does not say. */
export function epochError(log: PartitionLog, currentLeaderEpoch = -1): KafkaError | undefined {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === log.leaderEpoch) return undefined
  const code = currentLeaderEpoch < log.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
  return new KafkaError(code, { currentLeaderEpoch, leaderEpoch: log.leaderEpoch })
}

export function offsetForLeaderEpoch(engine: Engine, query: EpochQuery): EpochAnswer {
  const partition = engine.topics.findPartition(query)
  if (partition instanceof KafkaError) return { error: partition, leaderEpoch: -1, endOffset: -1 }
  const error = epochError(partition.log, query.currentLeaderEpoch)
  if (error !== undefined) return { error, leaderEpoch: -1, endOffset: -1 }
  const { leaderEpoch, endOffset } = partition.log.endOfEpoch(query.leaderEpoch)
  // The newest epoch ends where others may read: what lies above is not durable yet.
  return { error: undefined, leaderEpoch, endOffset: Math.min(endOffset, partition.log.highWatermark) }
}
