// ListConfigResources: topics and this broker. Client metrics and groups have no settings here, so none of them is listed.

import { errorTable } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { resourceTypes } from './config-resources.ts'
import type { RequestFields, ResponseFields } from './index.ts'

/** Kafka's: topic, broker, broker logger, client metrics, group. */
const kafkasTypes = [2, 4, 8, 16, 32]
/** Before, the question is for client metrics only. */
const typesVersionMin = 1

export const listConfigResources: Handler<
  RequestFields<'listConfigResources'>,
  ResponseFields<'listConfigResources'>
> = {
  api: apis.listConfigResources,
  versions: [0, 1],
  async handle({ broker }, { resourceTypes: asked }, version) {
    if (version < typesVersionMin) return { errorCode: 0, configResources: [] }
    const wanted = asked.length === 0 ? kafkasTypes : asked
    if (wanted.some(type => !kafkasTypes.includes(type)))
      return { errorCode: errorTable.UNSUPPORTED_VERSION[0], configResources: [] }
    const topics = wanted.includes(resourceTypes.topic) ? await broker.listTopics() : []
    return {
      errorCode: 0,
      configResources: [
        ...topics.map(({ topic }) => ({ resourceName: topic, resourceType: resourceTypes.topic })),
        ...(wanted.includes(resourceTypes.broker)
          ? [{ resourceName: String(broker.nodeId), resourceType: resourceTypes.broker }]
          : []),
      ],
    }
  },
}
