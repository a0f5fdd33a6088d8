// Metadata: this node, and topics. A topic that is asked for by name and missing is made at once (if client and settings
// allow it), so that no client ever sees "leader not available".

import { errorTable, type KafkaError } from '../../../base/errors.ts'
import { zeroUuid } from '../../../base/names.ts'
import type { DescribeTopicResult, TopicDescription, TopicRef } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Context, Handler } from '../handler.ts'
import { clusterOperations, topicOperations } from '../operations.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Request = Decoded<RequestFields<'metadata'>>
type RequestTopic = NonNullable<Request['topics']>[number]

/** Before, a request names topics by their names alone. */
const topicIdVersionMin = 12

export const metadata: Handler<RequestFields<'metadata'>, ResponseFields<'metadata'>> = {
  api: apis.metadata,
  versions: [0, 13],
  async handle(context, request, version) {
    const { broker, address } = context
    const topics = await topicsOf(context, request, version)
    return {
      brokers: [{ nodeId: broker.nodeId, host: address.host, port: address.port }],
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      // Left out: not asked.
      topics: request.includeTopicAuthorizedOperations ? topics.map(withOperations) : topics,
      ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: clusterOperations }),
    }
  },
}

async function topicsOf({ broker }: Context, request: Request, version: number) {
  const { topics, allowAutoTopicCreation: autoCreate } = request
  const { nodeId } = broker
  if (topics === null || (version === 0 && topics.length === 0))
    return (await broker.listTopics()).map(topic => describe(topic, nodeId))
  if (version < topicIdVersionMin && topics.some(({ topicId, name }) => name === null || topicId !== zeroUuid))
    return topics.map(({ name, topicId }) => refuse(errorTable.INVALID_REQUEST[0], { name: name ?? '', topicId }))
  const results = await broker.describeTopics(refsOf(topics), { autoCreate })
  return results.map(result => answerOne(result, nodeId))
}

const withOperations = <T>(topic: T) => ({ ...topic, topicAuthorizedOperations: topicOperations })

/** Each once, as it was asked for. */
function refsOf(topics: readonly RequestTopic[]): TopicRef[] {
  const refs = new Map<string, TopicRef>()
  for (const { name, topicId } of topics)
    if (topicId !== zeroUuid) refs.set(`id ${topicId}`, { topicId })
    else refs.set(`name ${name}`, { topic: name ?? '' })
  return [...refs.values()]
}

function answerOne({ error, topic, topicId, description }: DescribeTopicResult, nodeId: number) {
  if (description !== undefined) return describe(description, nodeId)
  const { kafkaCode } = error as KafkaError
  // Kafka's own clients take a topic without a name for one that was asked for by id.
  return refuse(kafkaCode, { name: topic ?? null, topicId: topicId ?? zeroUuid })
}

function describe({ topic, topicId, internal, partitions }: TopicDescription, nodeId: number) {
  const nodes = [nodeId]
  return {
    errorCode: 0,
    name: topic,
    topicId,
    isInternal: internal,
    partitions: partitions.map(({ partition, leaderEpoch }) => ({
      errorCode: 0,
      partitionIndex: partition,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
    })),
  }
}

function refuse(errorCode: number, { name, topicId }: { name: string | null; topicId: string }) {
  return { errorCode, name, topicId, partitions: [] }
}
