// DescribeTopicPartitions: topics in the order of their names, at most so many partitions, and where the next page begins.

import { errorTable, type KafkaError } from '../../../base/errors.ts'
import { checkTopicName, zeroUuid } from '../../../base/names.ts'
import type { Broker, DescribeTopicResult, TopicDescription } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { topicOperations } from '../operations.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Cursor = Decoded<RequestFields<'describeTopicPartitions'>>['cursor']

/** Kafka: max.request.partition.size.limit */
const pagePartitionsMax = 2000

export const describeTopicPartitions: Handler<
  RequestFields<'describeTopicPartitions'>,
  ResponseFields<'describeTopicPartitions'>
> = {
  api: apis.describeTopicPartitions,
  versions: [0, 0],
  async handle({ broker }, { topics, responsePartitionLimit, cursor }) {
    const found = await wanted(broker, topics, cursor)
    let room = Math.max(1, Math.min(responsePartitionLimit, pagePartitionsMax))
    const answers: ReturnType<typeof describe>[] = []
    for (const { topic, error, description } of found) {
      if (description === undefined) {
        answers.push(refuse(topic as string, nameErrorOf(topic as string) ?? (error as KafkaError)))
        continue
      }
      const first = cursor?.topicName === description.topic ? Math.max(0, cursor.partitionIndex) : 0
      // A topic of which nothing fits begins the next page.
      if (room === 0) return { topics: answers, nextCursor: { topicName: description.topic, partitionIndex: first } }
      const described = describe(description, broker.nodeId, { first, count: room })
      answers.push(described)
      room -= described.partitions.length
      const next = first + described.partitions.length
      if (next < description.partitions.length)
        return { topics: answers, nextCursor: { topicName: description.topic, partitionIndex: next } }
    }
    return { topics: answers, nextCursor: null }
  },
}

/** No topic asked for: all. Those before the cursor were on an earlier page. */
async function wanted(
  broker: Broker,
  topics: readonly { readonly name: string }[],
  cursor: Cursor,
): Promise<Pick<DescribeTopicResult, 'topic' | 'error' | 'description'>[]> {
  const from = cursor?.topicName ?? ''
  if (topics.length === 0)
    return (await broker.listTopics())
      .filter(({ topic }) => topic >= from)
      .map(description => ({ topic: description.topic, error: undefined, description }))
  const names = [...new Set(topics.map(({ name }) => name))].filter(name => name >= from).sort()
  return broker.describeTopics(names.map(topic => ({ topic })))
}

function describe(
  { topic, topicId, internal, partitions }: TopicDescription,
  nodeId: number,
  { first, count }: { first: number; count: number },
) {
  const nodes = [nodeId]
  return {
    errorCode: errorTable.NONE[0] as number,
    name: topic,
    topicId,
    isInternal: internal,
    partitions: partitions.slice(first, first + count).map(({ partition, leaderEpoch }) => ({
      errorCode: 0,
      partitionIndex: partition,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    })),
    topicAuthorizedOperations: topicOperations,
  }
}

/** A name that no topic can have. */
function nameErrorOf(name: string): KafkaError | undefined {
  try {
    checkTopicName(name)
    return undefined
  } catch (error) {
    return error as KafkaError
  }
}

function refuse(name: string, { kafkaCode }: KafkaError): ReturnType<typeof describe> {
  return {
    errorCode: kafkaCode,
    name,
    topicId: zeroUuid,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  }
}
