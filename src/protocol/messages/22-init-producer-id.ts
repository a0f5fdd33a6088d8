// InitProducerId (22): an id for an idempotent producer (KIP-98).
//   2    flexible
//   3    the id and epoch that the producer has (KIP-360)
//   4    PRODUCER_FENCED
//   5    TRANSACTION_ABORTABLE (KIP-890)

import { int16, int32, int64, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: '0-5',
  flexible: 2,
  request: {
    transactionalId: string({ nullable: '0+' }),
    transactionTimeoutMs: int32(),
    producerId: int64({ versions: '3+', default: -1 }),
    producerEpoch: int16({ versions: '3+', default: -1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
  },
})
