// ListOffsets (2): offsets by time or by name.
//   0    a list of segment starts, at most maxNumOffsets
//   1    one offset, with its timestamp (KIP-79)
//   2    isolation level (KIP-98)
//   4    leader epoch (KIP-320)
//   5    OFFSET_NOT_AVAILABLE (KIP-207)
//   6    flexible
//   7    -3, the largest timestamp (KIP-734)
//   8    -4, the start of the local log (KIP-405)
//   9    -5, the last tiered offset (KIP-1005)
//   10   a timeout (KIP-1075)
//   11   -6, the earliest offset not yet tiered (KIP-1023)

import { array, int8, int16, int32, int64, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: '0-11',
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ versions: '4+', default: -1 }),
        timestamp: int64(),
        maxNumOffsets: int32({ versions: '0', default: 1 }),
      }),
    }),
    timeoutMs: int32({ versions: '10+', default: 0 }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        oldStyleOffsets: array(int64(), { versions: '0', default: [] }),
        timestamp: int64({ versions: '1+', default: -1 }),
        offset: int64({ versions: '1+', default: -1 }),
        leaderEpoch: int32({ versions: '4+', default: -1 }),
      }),
    }),
  },
})
