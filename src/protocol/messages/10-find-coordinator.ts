// FindCoordinator (10): who looks after a group or a transactional id.
//   0    groups only
//   1    key type: 0 group, 1 transaction (KIP-98); a message in the answer
//   3    flexible
//   4    many keys at once (KIP-699)
//   5    TRANSACTION_ABORTABLE (KIP-890)
//   6    key type 2: share group (KIP-932)

import { array, int8, int16, int32, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-6',
  flexible: 3,
  request: {
    key: string({ versions: '0-3', default: '' }),
    keyType: int8({ versions: '1+', default: 0 }),
    coordinatorKeys: array(string(), { versions: '4+', default: [] }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16({ versions: '0-3', default: 0 }),
    errorMessage: string({ versions: '1-3', nullable: '1-3', default: '' }),
    nodeId: int32({ versions: '0-3', default: 0 }),
    host: string({ versions: '0-3', default: '' }),
    port: int32({ versions: '0-3', default: 0 }),
    coordinators: array(
      {
        key: string({ versions: '4+' }),
        nodeId: int32({ versions: '4+' }),
        host: string({ versions: '4+' }),
        port: int32({ versions: '4+' }),
        errorCode: int16({ versions: '4+' }),
        errorMessage: string({ versions: '4+', nullable: '4+' }),
      },
      { versions: '4+', default: [] },
    ),
  },
})
