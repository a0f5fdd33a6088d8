// DescribeCluster (60): the brokers, without the topics (KIP-700). Flexible from its first version on.
//   1    endpoint type: 1 brokers, 2 controllers (KIP-919)
//   2    fenced brokers (KIP-1073)

import { array, bool, int8, int16, int32, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'
import { operationsNotAsked } from './03-metadata.ts'

export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: '0-2',
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ versions: '1+', default: 1 }),
    includeFencedBrokers: bool({ versions: '2+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ default: 0 }),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
      isFenced: bool({ versions: '2+', default: false }),
    }),
    clusterAuthorizedOperations: int32({ default: operationsNotAsked }),
  },
})
