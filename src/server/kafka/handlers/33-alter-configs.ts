// AlterConfigs: what is not named goes back to its default.

import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { alterResources } from './alter-resources.ts'
import type { RequestFields, ResponseFields } from './index.ts'

export const alterConfigs: Handler<RequestFields<'alterConfigs'>, ResponseFields<'alterConfigs'>> = {
  api: apis.alterConfigs,
  versions: [0, 2],
  async handle({ broker }, { resources, validateOnly }) {
    const changed = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      changes: configs.map(({ name, value }) => ({ name, operation: 'set' as const, value })),
    }))
    return { responses: await alterResources(broker, changed, { validateOnly, reset: true }) }
  },
}
