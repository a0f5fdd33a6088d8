// The codecs of a batch's record region, by the number in its attributes.
//   1  decompress() never produces more than `bytesMax` bytes, whatever the input claims
//   2  corrupt input is CORRUPT_MESSAGE, never another error; the batch's CRC was checked before
// Called by cursor.ts and build.ts.

import { gunzipSync, gzipSync } from 'node:zlib'
import { KafkaError } from '../base/errors.ts'

export interface Codec {
  compress(bytes: Uint8Array): Uint8Array
  /** At most bytesMax bytes out, else MESSAGE_TOO_LARGE. Any other error means that the input is corrupt. */
  decompress(bytes: Uint8Array, bytesMax: number): Buffer
}

export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CodecName = (typeof codecNames)[number]

/** What one batch may unfold to when the caller sets no bound. */
export const decompressedBytesMax = 64 << 20

const gzipCodec: Codec = {
  compress: bytes => gzipSync(bytes),
  decompress: (bytes, bytesMax) => {
    try {
      return gunzipSync(bytes, { maxOutputLength: bytesMax })
    } catch (error) {
      throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? unfoldsTooFar(bytesMax) : error
    }
  },
}

const codecs: readonly (Codec | undefined)[] = [undefined, gzipCodec]

/** Errors: UNSUPPORTED_COMPRESSION_TYPE. */
export function compress(codec: number, bytes: Uint8Array): Uint8Array {
  return codec === 0 ? bytes : codecOfNumber(codec).compress(bytes)
}

/** Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE. */
export function decompress(
  codec: number,
  bytes: Buffer,
  { bytesMax = decompressedBytesMax }: { bytesMax?: number } = {},
): Buffer {
  if (codec === 0) return bytes
  const found = codecOfNumber(codec)
  try {
    return found.decompress(bytes, bytesMax)
  } catch (cause) {
    if (cause instanceof KafkaError) throw cause
    throw new KafkaError('CORRUPT_MESSAGE', { message: `${codecNames[codec]} data does not unfold`, cause })
  }
}

export function unfoldsTooFar(bytesMax: number): KafkaError {
  return new KafkaError('MESSAGE_TOO_LARGE', { message: 'compressed records unfold beyond the limit', bytesMax })
}

function codecOfNumber(codec: number): Codec {
  const found = codecs[codec]
  if (found === undefined) throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', { message: 'unknown codec', codec })
  return found
}
