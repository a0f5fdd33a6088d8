// CreatePartitions: more of them for topics that are there. One result per topic.

import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const createPartitions: Handler<RequestFields<'createPartitions'>, ResponseFields<'createPartitions'>> = {
  api: apis.createPartitions,
  versions: [0, 3],
  async handle({ broker }, { topics, validateOnly }) {
    const results = await broker.createPartitions(
      topics.map(({ name, count, assignments }) => ({
        topic: name,
        partitions: count,
        assignments: assignments?.map(({ brokerIds }) => brokerIds),
      })),
      { validateOnly },
    )
    return { results: results.map(({ topic, error }) => ({ name: topic, ...told(error) })) }
  },
}
