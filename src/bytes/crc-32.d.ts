// crc-32 ships types for its CRC-32 only; this is the Castagnoli twin beside it.
declare module 'crc-32/crc32c.js' {
  const crc32c: {
    /** Signed 32-bit; `seed` is the result so far. */
    buf(bytes: Uint8Array, seed?: number): number
  }
  export default crc32c
}
