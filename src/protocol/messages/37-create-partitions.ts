// CreatePartitions (37): more partitions for a topic (KIP-195).
//   2    flexible
//   3    THROTTLING_QUOTA_EXCEEDED (KIP-599)

import { array, bool, int16, int32, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-3',
  flexible: 2,
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array({ brokerIds: array(int32()) }, { nullable: '0+' }),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
})
