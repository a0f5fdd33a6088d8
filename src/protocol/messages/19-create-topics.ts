// CreateTopics (19).
//   1    validateOnly; a message per topic
//   2    throttle time
//   4    -1 for the broker's own number of partitions and replicas (KIP-464)
//   5    flexible; partitions, replicas and settings in the answer (KIP-525)
//   6    THROTTLING_QUOTA_EXCEEDED (KIP-599)
//   7    topic id in the answer (KIP-516)

import { array, bool, int8, int16, int32, string, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: '0-7',
  flexible: 5,
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({ partitionIndex: int32(), brokerIds: array(int32()) }, { default: [] }),
      configs: array({ name: string(), value: string({ nullable: '0+' }) }, { default: [] }),
    }),
    timeoutMs: int32({ default: 60_000 }),
    validateOnly: bool({ versions: '1+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    topics: array({
      name: string(),
      topicId: uuid({ versions: '7+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '1+', nullable: '0+' }),
      topicConfigErrorCode: int16({ versions: '5+', tag: 0 }),
      numPartitions: int32({ versions: '5+', default: -1 }),
      replicationFactor: int16({ versions: '5+', default: -1 }),
      configs: array(
        {
          name: string({ versions: '5+' }),
          value: string({ versions: '5+', nullable: '5+' }),
          readOnly: bool({ versions: '5+' }),
          configSource: int8({ versions: '5+', default: -1 }),
          isSensitive: bool({ versions: '5+' }),
        },
        { versions: '5+', nullable: '5+' },
      ),
    }),
  },
})
