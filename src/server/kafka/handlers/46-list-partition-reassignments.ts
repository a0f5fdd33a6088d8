// ListPartitionReassignments: nothing is ever on the move.

import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const listPartitionReassignments: Handler<
  RequestFields<'listPartitionReassignments'>,
  ResponseFields<'listPartitionReassignments'>
> = {
  api: apis.listPartitionReassignments,
  versions: [0, 0],
  handle() {
    return { errorCode: 0, errorMessage: null, topics: [] }
  },
}
