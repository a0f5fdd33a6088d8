// UpdateFeatures: there are no features whose level could change (ApiVersions lists none), so each is refused.

import { errorTable } from '../../../base/errors.ts'
import { printable } from '../../../base/names.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

/** Before, each feature has a result of its own. */
const oneErrorVersionMin = 2

export const updateFeatures: Handler<RequestFields<'updateFeatures'>, ResponseFields<'updateFeatures'>> = {
  api: apis.updateFeatures,
  versions: [0, 2],
  handle(_, { featureUpdates }, version) {
    if (featureUpdates.length === 0) return { errorCode: 0, errorMessage: null }
    const results = featureUpdates.map(({ feature }) => ({ feature, ...refusalOf(feature) }))
    if (version >= oneErrorVersionMin) return refusalOf(results[0].feature)
    return { errorCode: 0, errorMessage: null, results }
  },
}

function refusalOf(feature: string): { errorCode: number; errorMessage: string } {
  return {
    errorCode: errorTable.INVALID_UPDATE_VERSION[0],
    errorMessage: `there is no feature "${printable(feature)}" here`,
  }
}
