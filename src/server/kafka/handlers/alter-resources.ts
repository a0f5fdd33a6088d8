// What AlterConfigs and IncrementalAlterConfigs share: each resource is changed by itself, all or nothing.

import { KafkaError, kafkaCodeOf } from '../../../base/errors.ts'
import type { AlterOptions, SettingChange } from '../../../broker/admin-types.ts'
import type { Broker } from '../../../broker/types.ts'
import { told } from '../handler.ts'
import { resourceOf } from './config-resources.ts'

export interface ResourceChanges {
  readonly resourceType: number
  readonly resourceName: string
  readonly changes: readonly SettingChange[]
}

export function alterResources(broker: Broker, resources: readonly ResourceChanges[], options: AlterOptions) {
  const keys = resources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`)
  const isRepeated = (key: string) => keys.indexOf(key) !== keys.lastIndexOf(key)
  return Promise.all(
    resources.map(async ({ resourceType, resourceName, changes }, i) => {
      try {
        if (isRepeated(keys[i]))
          throw new KafkaError('INVALID_REQUEST', { message: 'the request names this resource twice' })
        await resourceOf(broker, { resourceType, resourceName }).alter(changes, options)
        return { errorCode: 0, errorMessage: null, resourceType, resourceName }
      } catch (thrown) {
        return { ...failed(thrown), resourceType, resourceName }
      }
    }),
  )
}

/** What was thrown, as an answer. */
export function failed(thrown: unknown): { errorCode: number; errorMessage: string | null } {
  if (thrown instanceof KafkaError) return told(thrown)
  return { errorCode: kafkaCodeOf(thrown), errorMessage: 'the server has a problem: its log says which' }
}
