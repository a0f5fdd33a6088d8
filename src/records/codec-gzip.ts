// gzip: node:zlib does all of it, bound included.

import { gunzipSync, gzipSync } from 'node:zlib'
import { type Codec, unfoldsTooFar } from './codec.ts'

export const gzipCodec: Codec = {
  compress: (bytes, level) => gzipSync(bytes, { level }),
  decompress(bytes, bytesMax) {
    try {
      return gunzipSync(bytes, { maxOutputLength: bytesMax })
    } catch (error) {
      throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? unfoldsTooFar(bytesMax) : error
    }
  },
}
