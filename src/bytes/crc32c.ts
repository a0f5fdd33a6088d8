// CRC-32C (Castagnoli), as record batches and our own files carry it.
//   1  the result is unsigned; crc32c(b, crc32c(a)) is the sum of a followed by b
//   2  both implementations give the same numbers (test/bytes/crc32c.test.ts)
// crc-32 is always there. @node-rs/crc32 takes over from 256 bytes on where it loads: below, the call into native code
// costs more than it saves. Called by records/ and log/.

import { createRequire } from 'node:module'
import portable from 'crc-32/crc32c.js'

type Sum = (bytes: Uint8Array, seed: number) => number

const nativeBytesMin = 256
const native: Sum | undefined = loadNative()

/** Unsigned sum of `bytes`; `seed` is the sum of what came before them. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  if (native !== undefined && bytes.length >= nativeBytesMin) return native(bytes, seed)
  return portable.buf(bytes, seed) >>> 0
}

/** The same in plain JavaScript, whatever has been loaded. */
export function portableCrc32c(bytes: Uint8Array, seed = 0): number {
  return portable.buf(bytes, seed) >>> 0
}

export const hasNativeCrc32c = native !== undefined

function loadNative(): Sum | undefined {
  try {
    const found = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Sum }
    // The published check value: a module that does not know it is not the one we want.
    return found.crc32c(Buffer.from('123456789'), 0) === 0xe3069283 ? found.crc32c : undefined
  } catch {
    return undefined
  }
}
