// What a codec is, and what the four have in common. Called by codec-*.ts and compression.ts.

import { createRequire } from 'node:module'
import { KafkaError } from '../base/errors.ts'

export interface Codec {
  /** `level`: the codec's own scale, its default if undefined; snappy and lz4 have none. Errors: UNSUPPORTED_COMPRESSION_TYPE if nothing here can write it. */
  compress(bytes: Buffer, level?: number): Uint8Array
  /** At most bytesMax bytes out, else MESSAGE_TOO_LARGE; any other error means that the input is corrupt. */
  decompress(bytes: Buffer, bytesMax: number): Buffer
}

const require = createRequire(import.meta.url)

/** Native codecs are optional: undefined where one is missing, or was built for another machine. */
export function optionalModule<T>(name: string): T | undefined {
  try {
    return require(name) as T
  } catch {
    return undefined
  }
}

export function unfoldsTooFar(bytesMax: number): KafkaError {
  return new KafkaError('MESSAGE_TOO_LARGE', { message: 'compressed records unfold beyond the limit', bytesMax })
}

export function malformed(message: string, position: number): KafkaError {
  return new KafkaError('CORRUPT_MESSAGE', { message, position })
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
