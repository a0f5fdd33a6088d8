// CreateTopics. From version 5 on the answer also says what the topic became.

import type { CreateTopicResult, SettingValue } from '../../../broker/types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

/** Kafka's numbers for where a value comes from. */
const sources = { topic: 1, broker: 4, default: 5 } as const satisfies Record<SettingValue['source'], number>

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
      configSource: sources[source],
      isSensitive: false,
    })),
  }
}
