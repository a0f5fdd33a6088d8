// Zigzag varints, as records carry them: 7 bits per byte, low bits first, the top bit says that more follow; small
// negative numbers are small too (0, -1, 1, -2 → 0, 1, 2, 3). A varint holds an int32 in at most 5 bytes, a varlong an
// int64 in at most 10, of which we take the safe integers.
// Writers return the position after what they wrote; the caller has made room. Called by records/.

export const varintBytesMax = 5
export const varlongBytesMax = 10

/** Bytes that writeVarint takes for an int32. */
export function varintBytes(value: number): number {
  const bits = ((value << 1) ^ (value >> 31)) >>> 0
  return bits < 0x80 ? 1 : bits < 0x4000 ? 2 : bits < 0x200000 ? 3 : bits < 0x10000000 ? 4 : 5
}

export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let bits = ((value << 1) ^ (value >> 31)) >>> 0
  while (bits > 0x7f) {
    target[at++] = (bits & 0x7f) | 0x80
    bits >>>= 7
  }
  target[at++] = bits
  return at
}

/** Bytes that writeVarlong takes for a safe integer. */
export function varlongBytes(value: number): number {
  if (value >= -0x40000000 && value < 0x40000000) return varintBytes(value)
  let bits = magnitude(value)
  let bytes = 1
  while (bits >= 0x40) {
    bits = Math.floor(bits / 0x80)
    bytes++
  }
  return bytes
}

export function writeVarlong(target: Uint8Array, at: number, value: number): number {
  if (value >= -0x40000000 && value < 0x40000000) return writeVarint(target, at, value)
  // The zigzag form is 2 × magnitude + sign: one bit more than a double holds, so the sign goes out with the first byte.
  let bits = magnitude(value)
  target[at++] = ((bits % 0x40) << 1) | (value < 0 ? 1 : 0) | 0x80
  bits = Math.floor(bits / 0x40)
  while (bits > 0x7f) {
    target[at++] = (bits % 0x80) | 0x80
    bits = Math.floor(bits / 0x80)
  }
  target[at++] = bits
  return at
}

/** -1 → 0, -2 → 1: what the zigzag form doubles. */
function magnitude(value: number): number {
  return value < 0 ? -(value + 1) : value
}
