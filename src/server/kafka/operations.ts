// What a client may do with a topic and with the cluster, for those that ask: without access lists everything there is, which
// is Kafka's answer when it has no authorizer. A bit per operation, at Kafka's number for it.
// Called by the handlers that describe topics and the cluster.

const [read, write, create, remove, alter, describe] = [3, 4, 5, 6, 7, 8]
const [clusterAction, describeConfigs, alterConfigs, idempotentWrite] = [9, 10, 11, 12]

export const topicOperations = bitsOf([read, write, create, remove, alter, describe, describeConfigs, alterConfigs])
export const clusterOperations = bitsOf([
  create,
  alter,
  describe,
  clusterAction,
  describeConfigs,
  alterConfigs,
  idempotentWrite,
])

function bitsOf(operations: readonly number[]): number {
  return operations.reduce((bits, operation) => bits | (1 << operation), 0)
}
