// DescribeProducers: the idempotent producers that a partition remembers. None of them has a transaction.

import { KafkaError } from '../../../base/errors.ts'
import type { ProducersResult } from '../../../broker/admin-types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'
import { repeatedIn } from './repeated.ts'

export const describeProducers: Handler<RequestFields<'describeProducers'>, ResponseFields<'describeProducers'>> = {
  api: apis.describeProducers,
  versions: [0, 0],
  async handle({ broker }, { topics }) {
    const asked = topics.flatMap(({ name, partitionIndexes }) =>
      partitionIndexes.map(partition => ({ topic: name, partition })),
    )
    const repeated = repeatedIn(asked.map(keyOf))
    const results = await broker.describeProducers(asked.filter(each => !repeated.has(keyOf(each))))
    let place = 0
    return {
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partition =>
          answerOne(partition, repeated.has(keyOf({ topic: name, partition })) ? namedTwice() : results[place++]),
        ),
      })),
    }
  },
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string => `${partition} ${topic}`

function answerOne(partitionIndex: number, { error, producers }: ProducersResult) {
  const activeProducers = producers.map(producer => ({ ...producer, coordinatorEpoch: -1 }))
  return { partitionIndex, ...told(error), activeProducers }
}

function namedTwice(): ProducersResult {
  return {
    error: new KafkaError('INVALID_REQUEST', { message: 'the request names this partition twice' }),
    producers: [],
  }
}
