// DescribeTopicPartitions (75): topics, a page at a time (KIP-966). Flexible from its first version on.

import { array, bool, int16, int32, string, struct, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'
import { operationsNotAsked } from './03-metadata.ts'

/** Where the next page begins. */
const cursor = struct({ topicName: string(), partitionIndex: int32() }, { nullable: '0+', default: null })

export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: '0',
  flexible: 0,
  request: {
    topics: array({ name: string() }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor,
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '0+' }),
      topicId: uuid(),
      isInternal: bool({ default: false }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array(int32(), { nullable: '0+', default: null }),
        lastKnownElr: array(int32(), { nullable: '0+', default: null }),
        offlineReplicas: array(int32(), { default: [] }),
      }),
      topicAuthorizedOperations: int32({ default: operationsNotAsked }),
    }),
    nextCursor: cursor,
  },
})
