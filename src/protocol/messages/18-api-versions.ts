// ApiVersions (18): what the server speaks; the first request of most clients. Its response header is always v0.
//   1    throttle time
//   3    flexible body; the client's name and version (KIP-511), features (KIP-584)
//   4    features whose lowest version is 0 (KIP-1022)

import { array, bool, int16, int32, int64, string } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: '0-4',
  flexible: 3,
  request: {
    clientSoftwareName: string({ versions: '3+', default: '' }),
    clientSoftwareVersion: string({ versions: '3+', default: '' }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    supportedFeatures: array(
      {
        name: string({ versions: '3+' }),
        minVersion: int16({ versions: '3+' }),
        maxVersion: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 0 },
    ),
    finalizedFeaturesEpoch: int64({ versions: '3+', default: -1, tag: 1 }),
    finalizedFeatures: array(
      {
        name: string({ versions: '3+' }),
        maxVersionLevel: int16({ versions: '3+' }),
        minVersionLevel: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 2 },
    ),
    zkMigrationReady: bool({ versions: '3+', default: false, tag: 3 }),
  },
})
