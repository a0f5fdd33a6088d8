// ElectLeaders: every partition has the only leader it can have, so no election is ever needed.

import { type ErrorName, errorTable } from '../../../base/errors.ts'
import type { TopicDescription } from '../../../broker/types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const unclean = 1

export const electLeaders: Handler<RequestFields<'electLeaders'>, ResponseFields<'electLeaders'>> = {
  api: apis.electLeaders,
  versions: [0, 2],
  async handle({ broker }, { electionType, topicPartitions }) {
    if (electionType < 0 || electionType > unclean)
      return { errorCode: errorTable.INVALID_REQUEST[0], replicaElectionResults: [] }
    // All of them: Kafka leaves out those that need none, which here is every one.
    if (topicPartitions === null) return { replicaElectionResults: [] }
    const topics = new Map((await broker.listTopics()).map(topic => [topic.topic, topic]))
    return {
      replicaElectionResults: topicPartitions.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map(partition => answerOne(topics.get(topic), partition)),
      })),
    }
  },
}

function answerOne(topic: TopicDescription | undefined, partitionId: number) {
  const isThere = topic?.partitions[partitionId] !== undefined
  const error: ErrorName = isThere ? 'ELECTION_NOT_NEEDED' : 'UNKNOWN_TOPIC_OR_PARTITION'
  const errorMessage = isThere ? 'this node leads the partition, and no other could' : 'there is no such partition'
  return { partitionId, errorCode: errorTable[error][0], errorMessage }
}
