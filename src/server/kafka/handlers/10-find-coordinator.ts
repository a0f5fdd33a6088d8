// FindCoordinator: neither groups nor transactions have a coordinator here, and the answer says so for every key.

import { errorTable } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const batchVersionMin = 4
/** By key type. */
const refusals = [
  'consumer groups are not served: assign partitions by hand',
  'transactions are not served',
  'share groups are not served',
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
  const errorMessage: string | undefined = refusals[keyType]
  if (errorMessage === undefined)
    return { errorCode: errorTable.INVALID_REQUEST[0], errorMessage: `there is no key type ${keyType}` }
  return { errorCode: errorTable.COORDINATOR_NOT_AVAILABLE[0], errorMessage }
}
