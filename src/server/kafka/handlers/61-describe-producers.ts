// DescribeProducers: the idempotent producers that a partition remembers. None of them has a transaction.

import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const describeProducers: Handler<RequestFields<'describeProducers'>, ResponseFields<'describeProducers'>> = {
  api: apis.describeProducers,
  versions: [0, 0],
  async handle({ broker }, { topics }) {
    const results = await broker.describeProducers(
      topics.flatMap(({ name, partitionIndexes }) => partitionIndexes.map(partition => ({ topic: name, partition }))),
    )
    let place = 0
    return {
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => {
          const { error, producers } = results[place++]
          const activeProducers = producers.map(producer => ({ ...producer, coordinatorEpoch: -1 }))
          return { partitionIndex, ...told(error), activeProducers }
        }),
      })),
    }
  },
}
