// ListConfigResources (74): what has settings. Flexible from its first version on.
//   0    client metrics only (KIP-714)
//   1    all kinds, chosen by type (KIP-1142)

import { array, int8, int16, int32, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: '0-1',
  flexible: 0,
  request: {
    resourceTypes: array(int8(), { versions: '1+', default: [] }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: 16 }),
    }),
  },
})
