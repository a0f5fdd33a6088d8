// zstd, by whichever of three is there:
//   node:zlib (from Node 22.15 on)   reads within a bound of its own, writes
//   @cloudpss/zstd (native)          reads, writes
//   fzstd (JavaScript)               reads, under a watchdog; writing is UNSUPPORTED_COMPRESSION_TYPE
// The last two know no bound, so zstd-frames.ts computes one from the headers first, and the result is measured after.

import { createContext, Script } from 'node:vm'
import * as zlib from 'node:zlib'
import { KafkaError } from '../base/errors.ts'
import { asBuffer, type Codec, unfoldsTooFar } from './codec.ts'
import { narrowWindow, scanFrames } from './zstd-frames.ts'

/** fzstd writes 100 to 280 MB/s; a tenth of that, and time for a busy machine to come back to us. */
const slowestBytesPerMs = 10_000
const timeMsMin = 500

/** zlib.constants.ZSTD_c_compressionLevel, which Node 20 lacks; the number is zstd's own. */
const compressionLevel = 100

/** What node:zlib has grown; Node 20 lacks it. */
export interface ZstdZlib {
  zstdCompressSync(bytes: Uint8Array, options?: { params: Record<number, number> }): Buffer
  zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer
}

export interface ZstdModule {
  compress(bytes: Uint8Array, level?: number): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

/** fzstd's streaming half. */
export interface ZstdStream {
  Decompress: new (ondata: (bytes: Uint8Array) => void) => { push(bytes: Uint8Array, final: boolean): void }
}

export function zlibWithZstd(): ZstdZlib | undefined {
  return 'zstdDecompressSync' in zlib ? (zlib as unknown as ZstdZlib) : undefined
}

export function zlibZstdCodec(found: ZstdZlib): Codec {
  return {
    compress: (bytes, level) =>
      level === undefined
        ? found.zstdCompressSync(bytes)
        : found.zstdCompressSync(bytes, { params: { [compressionLevel]: level } }),
    decompress(bytes, bytesMax) {
      try {
        return found.zstdDecompressSync(bytes, { maxOutputLength: bytesMax })
      } catch (error) {
        throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? unfoldsTooFar(bytesMax) : error
      }
    },
  }
}

export function nativeZstdCodec(native: ZstdModule): Codec {
  return {
    compress: (bytes, level) => (level === undefined ? native.compress(bytes) : native.compress(bytes, level)),
    decompress(bytes, bytesMax) {
      scanFrames(bytes, bytesMax)
      const unfolded = asBuffer(native.decompress(bytes))
      if (unfolded.length > bytesMax) throw unfoldsTooFar(bytesMax)
      return unfolded
    },
  }
}

export function portableZstdCodec({ Decompress }: ZstdStream): Codec {
  const withinTime = watchdog()
  return {
    compress() {
      throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', {
        message: 'writing zstd needs Node 22.15 or the optional package @cloudpss/zstd',
      })
    },
    decompress(bytes, bytesMax) {
      const frames = scanFrames(bytes, bytesMax)
      const parts: Uint8Array[] = []
      let total = 0
      withinTime(timeMsMin + frames.reduce((sum, frame) => sum + frame.bytesMax, 0) / slowestBytesPerMs, () => {
        for (const frame of frames) {
          const stream = new Decompress(part => {
            total += part.length
            if (total > bytesMax) throw unfoldsTooFar(bytesMax)
            parts.push(part.slice())
          })
          stream.push(narrowWindow(bytes, frame), true)
        }
      })
      return Buffer.concat(parts, total)
    },
  }
}

/**
 * fzstd trusts the length of a match: 24 bytes keep it busy for 7 s, and a batch of them for a day. So it runs under the
 * runtime's own watchdog, with ten times what honest data takes. The function throws when its time is over.
 */
function watchdog(): (timeMs: number, work: () => void) => void {
  const door: { work?: () => void } = {}
  const context = createContext(door)
  const script = new Script('work()')
  return (timeMs, work) => {
    door.work = work
    try {
      script.runInContext(context, { timeout: Math.ceil(timeMs) })
    } finally {
      door.work = undefined // it holds what was unfolded
    }
  }
}
