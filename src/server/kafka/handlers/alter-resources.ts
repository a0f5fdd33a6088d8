// What AlterConfigs and IncrementalAlterConfigs share: each resource is changed by itself, all or nothing.

import { KafkaError, kafkaCodeOf } from '../../../base/errors.ts'
import type { AlterOptions, SettingChange } from '../../../broker/admin-types.ts'
import type { Broker } from '../../../broker/types.ts'
import { told } from '../handler.ts'
import { resourceOf } from './config-resources.ts'
import { repeatedIn } from './repeated.ts'

export interface ResourceChanges {
  readonly resourceType: number
  readonly resourceName: string
  readonly changes: readonly SettingChange[]
}

export function alterResources(broker: Broker, resources: readonly ResourceChanges[], options: AlterOptions) {
  const repeated = repeatedIn(resources.map(keyOf))
  return Promise.all(
    resources.map(async ({ resourceType, resourceName, changes }) => {
      try {
        if (repeated.has(keyOf({ resourceType, resourceName }))) throw namedTwice()
        await resourceOf(broker, { resourceType, resourceName }).alter(changes, options)
        return { errorCode: 0, errorMessage: null, resourceType, resourceName }
      } catch (thrown) {
        return { ...failed(thrown), resourceType, resourceName }
      }
    }),
  )
}

export const keyOf = ({ resourceType, resourceName }: Omit<ResourceChanges, 'changes'>): string =>
  `${resourceType} ${resourceName}`

export const namedTwice = (): KafkaError =>
  new KafkaError('INVALID_REQUEST', { message: 'the request names this resource twice' })

/** What was thrown, as an answer. */
export function failed(thrown: unknown): { errorCode: number; errorMessage: string | null } {
  if (thrown instanceof KafkaError) return told(thrown)
  return { errorCode: kafkaCodeOf(thrown), errorMessage: 'the server has a problem: its log says which' }
}
