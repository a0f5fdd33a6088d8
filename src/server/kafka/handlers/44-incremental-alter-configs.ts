// IncrementalAlterConfigs: only what is named changes.

import type { SettingChange } from '../../../broker/admin-types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { alterResources } from './alter-resources.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const operations: readonly SettingChange['operation'][] = ['set', 'delete', 'append', 'subtract']

export const incrementalAlterConfigs: Handler<
  RequestFields<'incrementalAlterConfigs'>,
  ResponseFields<'incrementalAlterConfigs'>
> = {
  api: apis.incrementalAlterConfigs,
  versions: [0, 1],
  async handle({ broker }, { resources, validateOnly }) {
    const changed = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      // An operation that nobody knows is one without a value: refused for its setting.
      changes: configs.map(({ name, configOperation, value }) => ({
        name,
        operation: operations[configOperation] ?? 'set',
        value: configOperation in operations ? value : null,
      })),
    }))
    return { responses: await alterResources(broker, changed, { validateOnly }) }
  },
}
