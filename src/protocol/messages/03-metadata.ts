// Metadata (3): the brokers and the topics.
//   0    an empty list of topics asks for all
//   1    null asks for all, an empty list for none; racks, the controller, internal topics
//   2    cluster id (KIP-78)
//   4    whether to create what is missing (KIP-204)
//   5    offline replicas (KIP-112)
//   7    leader epoch (KIP-320)
//   8    authorized operations (KIP-430)
//   9    flexible
//   10   topic ids in the answer (KIP-516)
//   11   without the cluster's authorized operations (KIP-700)
//   12   topic ids in the request
//   13   an error for the whole answer (KIP-1102)

import { zeroUuid } from '../../base/names.ts'
import { array, bool, int16, int32, string, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'

/** "Nobody asked": the authorized operations of a resource. */
export const operationsNotAsked = -(2 ** 31)

export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexible: 9,
  request: {
    topics: array(
      {
        topicId: uuid({ versions: '10+', default: zeroUuid }),
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: bool({ versions: '8-10', default: false }),
    includeTopicAuthorizedOperations: bool({ versions: '8+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null }),
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null }),
    controllerId: int32({ versions: '1+', default: -1 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+' }),
      isInternal: bool({ versions: '1+', default: false }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), { versions: '5+', default: [] }),
      }),
      topicAuthorizedOperations: int32({ versions: '8+', default: operationsNotAsked }),
    }),
    clusterAuthorizedOperations: int32({ versions: '8-10', default: operationsNotAsked }),
    errorCode: int16({ versions: '13+', default: 0 }),
  },
})
