// DeleteRecords: log start offsets move up, for good once this is answered.

import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const deleteRecords: Handler<RequestFields<'deleteRecords'>, ResponseFields<'deleteRecords'>> = {
  api: apis.deleteRecords,
  versions: [0, 2],
  async handle({ broker }, { topics }) {
    const results = await broker.deleteRecords(
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }) => ({ topic: name, partition: partitionIndex, offset })),
      ),
    )
    let place = 0
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          const { error, lowWatermark } = results[place++]
          return { partitionIndex, lowWatermark, errorCode: error?.kafkaCode ?? 0 }
        }),
      })),
    }
  },
}
