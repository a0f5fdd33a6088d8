// DescribeQuorum: one voter, this node, over Kafka's name for the log of metadata. What stands behind it is our registry of
// topics, whose offsets are nobody else's business: the answer has a quorum's shape and no history.

import { errorTable } from '../../../base/errors.ts'
import { zeroUuid } from '../../../base/names.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const metadataTopic = '__cluster_metadata'

export const describeQuorum: Handler<RequestFields<'describeQuorum'>, ResponseFields<'describeQuorum'>> = {
  api: apis.describeQuorum,
  versions: [0, 2],
  handle({ broker, address }, { topics }) {
    const { nodeId } = broker
    const self = { replicaId: nodeId, replicaDirectoryId: zeroUuid, logEndOffset: 0 }
    return {
      errorCode: 0,
      errorMessage: null,
      topics: topics.map(({ topicName, partitions }) => ({
        topicName,
        partitions: partitions.map(({ partitionIndex }) =>
          topicName === metadataTopic && partitionIndex === 0
            ? { ...none, partitionIndex, errorCode: 0, leaderId: nodeId, leaderEpoch: 0, currentVoters: [self] }
            : { ...none, partitionIndex, errorCode: errorTable.UNKNOWN_TOPIC_OR_PARTITION[0] },
        ),
      })),
      nodes: [{ nodeId, listeners: [{ name: 'PLAINTEXT', host: address.host, port: address.port }] }],
    }
  },
}

const none = { errorMessage: null, leaderId: -1, leaderEpoch: -1, highWatermark: 0, currentVoters: [], observers: [] }
