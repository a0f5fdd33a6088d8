// The codecs of a batch's record region, by the number in its attributes.
//   1  decompress() never yields more than `bytesMax` bytes, whatever the input claims
//   2  corrupt input is CORRUPT_MESSAGE, never another error; the batch's CRC was checked before
//   3  everything can be read without native modules; only writing zstd on Node 20 needs one
// A codec is loaded when it is first met. Called by cursor.ts and build.ts.

import { KafkaError } from '../base/errors.ts'
import { type Codec, optionalModule } from './codec.ts'
import { gzipCodec } from './codec-gzip.ts'
import { type Lz4Module, lz4Codec } from './codec-lz4.ts'
import { type SnappyModule, snappyCodec } from './codec-snappy.ts'
import {
  nativeZstdCodec,
  portableZstdCodec,
  type ZstdModule,
  type ZstdStream,
  zlibWithZstd,
  zlibZstdCodec,
} from './codec-zstd.ts'

export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CodecName = (typeof codecNames)[number]

/** What one batch may unfold to when the caller sets no bound. */
export const decompressedBytesMax = 64 << 20

const loaders: Record<Exclude<CodecName, 'none'>, () => Codec> = {
  gzip: () => gzipCodec,
  snappy: () => snappyCodec(required<SnappyModule>('snappyjs')),
  lz4: () => lz4Codec(optionalModule<Lz4Module>('lz4-napi')),
  zstd: loadZstd,
}
const loaded = new Map<number, Codec>()

/** `level`: of gzip and zstd; their default if undefined. Errors: UNSUPPORTED_COMPRESSION_TYPE. */
export function compress(codec: number, bytes: Buffer, level?: number): Uint8Array {
  return codec === 0 ? bytes : codecOfNumber(codec).compress(bytes, level)
}

/** Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE. */
export function decompress(
  codec: number,
  bytes: Buffer,
  { bytesMax = decompressedBytesMax }: { bytesMax?: number } = {},
): Buffer {
  return codec === 0 ? bytes : decompressWith(codecOfNumber(codec), bytes, bytesMax)
}

/** The same with a codec in hand: whatever it throws becomes CORRUPT_MESSAGE, unless it is a KafkaError already. */
export function decompressWith(codec: Codec, bytes: Buffer, bytesMax: number): Buffer {
  try {
    return codec.decompress(bytes, bytesMax)
  } catch (cause) {
    if (cause instanceof KafkaError) throw cause
    throw new KafkaError('CORRUPT_MESSAGE', { message: 'compressed records do not unfold', cause })
  }
}

function codecOfNumber(number: number): Codec {
  let codec = loaded.get(number)
  if (codec === undefined) {
    const name = codecNames[number]
    if (name === undefined || name === 'none')
      throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', { message: 'unknown codec', codec: number })
    codec = loaders[name]()
    loaded.set(number, codec)
  }
  return codec
}

function loadZstd(): Codec {
  const zlib = zlibWithZstd()
  if (zlib !== undefined) return zlibZstdCodec(zlib)
  // The package's main file waits at its top level, which require() does not; this is the same code without its detour.
  const native = optionalModule<ZstdModule>('@cloudpss/zstd/napi')
  return native === undefined ? portableZstdCodec(required<ZstdStream>('fzstd')) : nativeZstdCodec(native)
}

function required<T>(name: string): T {
  const found = optionalModule<T>(name)
  if (found === undefined)
    throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', { message: `the package ${name} is not installed` })
  return found
}
