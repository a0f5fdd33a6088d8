// InitProducerId: a fresh id for an idempotent producer, also for one that brings its old one, as in Kafka. A transactional
// id is refused with an error that clients take for final.

import { errorTable, kafkaCodeOf } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const initProducerId: Handler<RequestFields<'initProducerId'>, ResponseFields<'initProducerId'>> = {
  api: apis.initProducerId,
  versions: [0, 5],
  async handle({ broker }, { transactionalId }) {
    if (transactionalId === '') return refuse(errorTable.INVALID_REQUEST[0])
    if (transactionalId !== null) return refuse(errorTable.TRANSACTIONAL_ID_AUTHORIZATION_FAILED[0])
    try {
      return { errorCode: 0, ...(await broker.initProducerId()) }
    } catch (error) {
      return refuse(kafkaCodeOf(error))
    }
  },
}

function refuse(errorCode: number) {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
