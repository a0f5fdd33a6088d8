// ApiVersions: what is in the table of handlers. No features: nothing here has a level that a cluster would agree on.

import { errorTable } from '../../../base/errors.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Context, Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

const softwareVersionMin = 3
const software = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersions: Handler<RequestFields<'apiVersions'>, ResponseFields<'apiVersions'>> = {
  api: apis.apiVersions,
  versions: [0, 4],
  handle({ served }, { clientSoftwareName, clientSoftwareVersion }, version) {
    const isNamed = software.test(clientSoftwareName) && software.test(clientSoftwareVersion)
    if (version >= softwareVersionMin && !isNamed) return { errorCode: errorTable.INVALID_REQUEST[0], apiKeys: [] }
    return { errorCode: 0, apiKeys: served }
  },
}

/** For a version that is too new: in version 0, with the ranges to choose from. */
export function unsupportedApiVersions({ served }: Context) {
  return { errorCode: errorTable.UNSUPPORTED_VERSION[0], apiKeys: served }
}
