// FindCoordinator: neither groups nor transactions have a coordinator here, and the answer says so for every key. Clients ask
// again about a group; about a transactional id they get an error that they take for final, before InitProducerId.

import { type ErrorName, errorTable } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const batchVersionMin = 4
/** By key type. */
const refusals: readonly { error: ErrorName; errorMessage: string }[] = [
  { error: 'COORDINATOR_NOT_AVAILABLE', errorMessage: 'consumer groups are not served: assign partitions by hand' },
  { error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', errorMessage: 'transactions are not served' },
  { error: 'COORDINATOR_NOT_AVAILABLE', errorMessage: 'share groups are not served' },
]

export const findCoordinator: Handler<RequestFields<'findCoordinator'>, ResponseFields<'findCoordinator'>> = {
  api: apis.findCoordinator,
  versions: [0, 6],
  handle(_, { key, keyType, coordinatorKeys }, version) {
    const answer = { nodeId: -1, host: '', port: -1, ...refusalOf(keyType) }
    if (version < batchVersionMin) return { ...answer, key }
    return { coordinators: coordinatorKeys.map(each => ({ ...answer, key: each })) }
  },
}

function refusalOf(keyType: number): { errorCode: number; errorMessage: string } {
  const { error, errorMessage } = refusals[keyType] ?? {
    error: 'INVALID_REQUEST',
    errorMessage: `there is no key type ${keyType}`,
  }
  return { errorCode: errorTable[error][0], errorMessage }
}
