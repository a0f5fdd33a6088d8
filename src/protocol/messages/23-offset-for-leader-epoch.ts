// OffsetForLeaderEpoch (23): where a leader epoch ended (KIP-101).
//   1    the epoch that was found, in the answer (KIP-279)
//   2    throttle time; the epoch that the client believes to be current (KIP-320)
//   3    replica id (KIP-392)
//   4    flexible

import { array, int16, int32, int64, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: '0-4',
  flexible: 4,
  request: {
    replicaId: int32({ versions: '3+', default: -2 }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '2+', default: -1 }),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ versions: '1+', default: -1 }),
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
})
