// Whose settings a request is about, and Kafka's numbers for what can be said of one. Groups and the like are rows of the same
// table once they have settings.
// Used by describe-configs, alter-configs, incremental-alter-configs, create-topics.

import type { SettingSource, SettingType } from '../../../base/config.ts'
import { KafkaError } from '../../../base/errors.ts'
import { checkTopicName, printable } from '../../../base/names.ts'
import type { AlterOptions, BrokerScope, SettingChange, SettingDescription } from '../../../broker/admin-types.ts'
import type { Broker } from '../../../broker/types.ts'

/** Kafka's numbers for where a value comes from. */
export const configSources = {
  topic: 1,
  runtime: 2,
  'runtime-default': 3,
  broker: 4,
  default: 5,
} as const satisfies Record<SettingSource, number>

/** Kafka's numbers for types. */
export const configTypes = {
  boolean: 1,
  string: 2,
  enum: 2,
  int: 3,
  long: 5,
  list: 7,
} as const satisfies Record<SettingType | 'list', number>

export const resourceTypes = { topic: 2, broker: 4 } as const

export interface ConfigResource {
  readonly describe: () => Promise<SettingDescription[]>
  readonly alter: (changes: readonly SettingChange[], options: AlterOptions) => Promise<void>
}

/** Throws INVALID_REQUEST for a resource that cannot be, INVALID_TOPIC_EXCEPTION for a topic's name that cannot be. */
export function resourceOf(
  broker: Broker,
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
): ConfigResource {
  const make = kinds.get(resourceType)
  if (make === undefined)
    throw new KafkaError('INVALID_REQUEST', { message: `resources of type ${resourceType} have no settings here` })
  return make(broker, resourceName)
}

const kinds = new Map<number, (broker: Broker, name: string) => ConfigResource>([
  [resourceTypes.topic, topicResource],
  [resourceTypes.broker, brokerResource],
])

function topicResource(broker: Broker, topic: string): ConfigResource {
  checkTopicName(topic)
  return {
    describe: () => broker.describeTopicSettings({ topic }),
    alter: (changes, options) => broker.alterTopic({ topic }, changes, options),
  }
}

/** By its id, or, without a name, all of them. */
function brokerResource(broker: Broker, name: string): ConfigResource {
  if (name !== '' && name !== String(broker.nodeId))
    throw new KafkaError('INVALID_REQUEST', {
      message: `there is no broker "${printable(name)}": this is broker ${broker.nodeId}`,
    })
  const scope: BrokerScope = name === '' ? 'all' : 'node'
  return {
    describe: async () => broker.describeBrokerSettings(scope),
    alter: (changes, options) => broker.alterBroker(scope, changes, options),
  }
}
