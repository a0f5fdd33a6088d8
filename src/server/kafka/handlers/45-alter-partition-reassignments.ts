// AlterPartitionReassignments: a partition lies on this node and can lie nowhere else. Asked to stay, it stays; there is never
// a move to cancel.

import { type ErrorName, errorTable } from '../../../base/errors.ts'
import type { TopicDescription } from '../../../broker/types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const alterPartitionReassignments: Handler<
  RequestFields<'alterPartitionReassignments'>,
  ResponseFields<'alterPartitionReassignments'>
> = {
  api: apis.alterPartitionReassignments,
  versions: [0, 1],
  async handle({ broker }, { topics, allowReplicationFactorChange }) {
    const known = new Map((await broker.listTopics()).map(topic => [topic.topic, topic]))
    return {
      allowReplicationFactorChange,
      errorCode: 0,
      errorMessage: null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...answerOne(known.get(name)?.partitions[partitionIndex], replicas, broker.nodeId),
        })),
      })),
    }
  },
}

function answerOne(
  partition: TopicDescription['partitions'][number] | undefined,
  replicas: readonly number[] | null,
  nodeId: number,
): { errorCode: number; errorMessage: string | null } {
  if (partition === undefined) return refuse('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such partition')
  if (replicas === null) return refuse('NO_REASSIGNMENT_IN_PROGRESS', 'the partition is not on the move')
  if (replicas.length === 1 && replicas[0] === nodeId) return { errorCode: 0, errorMessage: null }
  return refuse('INVALID_REPLICA_ASSIGNMENT', `varve is one node: the replicas of a partition are [${nodeId}]`)
}

function refuse(error: ErrorName, errorMessage: string) {
  return { errorCode: errorTable[error][0], errorMessage }
}
