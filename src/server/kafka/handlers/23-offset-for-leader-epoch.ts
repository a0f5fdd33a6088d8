// OffsetForLeaderEpoch: where a leader epoch ended.

import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const offsetForLeaderEpoch: Handler<
  RequestFields<'offsetForLeaderEpoch'>,
  ResponseFields<'offsetForLeaderEpoch'>
> = {
  api: apis.offsetForLeaderEpoch,
  versions: [0, 4],
  async handle({ broker }, { topics }) {
    const answers = await broker.offsetsForLeaderEpoch(
      topics.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => ({
          topic,
          partition,
          currentLeaderEpoch,
          leaderEpoch,
        })),
      ),
    )
    let place = 0
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => {
          const { error, leaderEpoch, endOffset } = answers[place++]
          return { errorCode: error?.kafkaCode ?? 0, partition, leaderEpoch, endOffset }
        }),
      })),
    }
  },
}
