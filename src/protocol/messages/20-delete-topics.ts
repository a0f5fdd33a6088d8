// DeleteTopics (20).
//   1    throttle time
//   3    TOPIC_DELETION_DISABLED
//   4    flexible
//   5    a message per topic (KIP-599)
//   6    by name or by id (KIP-516)

import { array, int16, int32, string, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: '0-6',
  flexible: 4,
  request: {
    topics: array(
      {
        name: string({ versions: '6+', nullable: '6+', default: null }),
        topicId: uuid({ versions: '6+' }),
      },
      { versions: '6+', default: [] },
    ),
    topicNames: array(string(), { versions: '0-5', default: [] }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null }),
    }),
  },
})
