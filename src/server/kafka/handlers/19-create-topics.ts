// CreateTopics. From version 5 on the answer also says what the topic became.

import type { CreateTopicResult } from '../../../broker/types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import { configSources } from './config-resources.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const createTopics: Handler<RequestFields<'createTopics'>, ResponseFields<'createTopics'>> = {
  api: apis.createTopics,
  versions: [0, 7],
  async handle({ broker }, { topics, validateOnly }) {
    const results = await broker.createTopics(
      topics.map(({ name, numPartitions, replicationFactor, assignments, configs }) => ({
        topic: name,
        partitions: numPartitions,
        replicationFactor,
        assignments: assignments.map(({ partitionIndex, brokerIds }) => ({
          partition: partitionIndex,
          nodeIds: brokerIds,
        })),
        settings: configs.map(config => [config.name, config.value] as const),
      })),
      { validateOnly },
    )
    return { topics: results.map(answerOne) }
  },
}

function answerOne({ error, topic, topicId, partitions, replicationFactor, settings }: CreateTopicResult) {
  return {
    name: topic,
    topicId,
    ...told(error),
    numPartitions: partitions,
    replicationFactor,
    configs: settings.map(({ name, value, source }) => ({
      name,
      value,
      readOnly: false,
      configSource: configSources[source],
      isSensitive: false,
    })),
  }
}
