// A batch under another codec: the same records, bit by bit, in another shape.
// Called by broker/ for topics whose compression.type is not the producer's.

import {
  attributesAt,
  batchHeaderBytes,
  batchLengthAt,
  batchOverheadBytes,
  codecBits,
  codecOf,
  stampCrc,
} from './batch.ts'
import { compress, decompress } from './compression.ts'

/**
 * A new buffer; `batch` is whole, its CRC is right and it stays as it is.
 * Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE (unfolds beyond 64 MiB), UNSUPPORTED_COMPRESSION_TYPE.
 */
export function recompress(batch: Buffer, codec: number, level?: number): Buffer {
  const records = decompress(codecOf(batch), batch.subarray(batchHeaderBytes))
  const stored = compress(codec, records, level)
  const result = Buffer.allocUnsafe(batchHeaderBytes + stored.length)
  batch.copy(result, 0, 0, batchHeaderBytes)
  result.set(stored, batchHeaderBytes)
  result.writeInt32BE(result.length - batchOverheadBytes, batchLengthAt)
  result[attributesAt + 1] = (result[attributesAt + 1] & ~codecBits) | codec
  stampCrc(result)
  return result
}
