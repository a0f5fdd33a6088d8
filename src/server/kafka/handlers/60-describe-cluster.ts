// DescribeCluster: this node.

import { errorTable } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { clusterOperations } from '../operations.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const brokers = 1
const controllers = 2

export const describeCluster: Handler<RequestFields<'describeCluster'>, ResponseFields<'describeCluster'>> = {
  api: apis.describeCluster,
  versions: [0, 2],
  handle({ broker, address }, { endpointType, includeClusterAuthorizedOperations: isAsked }) {
    const { clusterId, nodeId } = broker
    const self = { brokerId: nodeId, host: address.host, port: address.port }
    const operations = isAsked ? { clusterAuthorizedOperations: clusterOperations } : {}
    if (endpointType === brokers)
      return { endpointType, clusterId, controllerId: nodeId, brokers: [self], ...operations }
    return { ...refusalOf(endpointType), endpointType, clusterId, brokers: [] }
  },
}

function refusalOf(endpointType: number): { errorCode: number; errorMessage: string } {
  if (endpointType === controllers)
    return {
      errorCode: errorTable.MISMATCHED_ENDPOINT_TYPE[0],
      errorMessage: 'this listener answers for brokers, not for controllers',
    }
  return {
    errorCode: errorTable.UNSUPPORTED_ENDPOINT_TYPE[0],
    errorMessage: `there is no endpoint type ${endpointType}`,
  }
}
