// Which partition a key belongs to: the answer of Java's producer, so that every client and every face agree.
// Called by embedded/ and the HTTP face.

/** Java's default for records with a key: murmur2, sign bit off, modulo. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

/** MurmurHash 2 with Kafka's seed, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995
  const tail = bytes.length & ~3
  let hash = 0x9747b28c ^ bytes.length
  for (let at = 0; at < tail; at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  const left = bytes.length - tail
  if (left === 3) hash ^= bytes[tail + 2] << 16
  if (left >= 2) hash ^= bytes[tail + 1] << 8
  if (left >= 1) hash = Math.imul(hash ^ bytes[tail], multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
