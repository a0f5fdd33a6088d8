// snappy: read raw (librdkafka and most others write it) and in xerial's framing (Java writes it); written raw, which
// both of them read. A raw block begins with its length, so the bound is checked before anything is allocated.
// snappyjs trusts its input: a literal of "negative" length sends it back over what it has read, without end. So the tags
// are walked first.

import { asBuffer, type Codec, malformed, unfoldsTooFar } from './codec.ts'

export interface SnappyModule {
  compress(bytes: Buffer): Uint8Array
  uncompress(bytes: Buffer): Uint8Array
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
/** Magic, version, oldest version that reads it. */
const xerialHeaderBytes = 16

export function snappyCodec(snappy: SnappyModule): Codec {
  return {
    compress: bytes => snappy.compress(bytes),
    decompress(bytes, bytesMax) {
      const blocks = isXerial(bytes) ? xerialBlocks(bytes) : [bytes]
      let total = 0
      for (const block of blocks) total += checkBlock(block)
      if (total > bytesMax) throw unfoldsTooFar(bytesMax)
      const unfolded = blocks.map(block => asBuffer(snappy.uncompress(block)))
      return unfolded.length === 1 ? unfolded[0] : Buffer.concat(unfolded)
    },
  }
}

function isXerial(bytes: Buffer): boolean {
  return bytes.length >= xerialHeaderBytes && bytes.subarray(0, xerialMagic.length).equals(xerialMagic)
}

/** After the header: length (i32), raw block, and so on. */
function xerialBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let at = xerialHeaderBytes; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw malformed('a snappy chunk is cut', at)
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw malformed('a snappy chunk is cut', at)
    blocks.push(bytes.subarray(at + 4, end))
    at = end
  }
  return blocks
}

/** Walks the tags of a raw block: they must yield exactly the length that it declares. Returns that length. */
function checkBlock(block: Buffer): number {
  const { length, next } = declaredLength(block)
  let unfolded = 0
  for (let at = next; at < block.length; ) {
    const tag = block[at++]
    const kind = tag & 3
    let bytes = (tag >>> 2) + 1
    if (kind === 0) {
      if (bytes > 60) {
        const width = bytes - 60
        if (at + width > block.length) throw malformed('a snappy tag is cut', at)
        bytes = block.readUIntLE(at, width) + 1
        at += width
      }
      at += bytes
    } else {
      if (kind === 1) bytes = ((tag >>> 2) & 7) + 4
      at += kind === 3 ? 4 : kind
    }
    unfolded += bytes
    if (at > block.length || unfolded > length) throw malformed('a snappy tag leaves its block', at)
  }
  if (unfolded !== length) throw malformed('a snappy block is shorter than it says', block.length)
  return length
}

/** A plain varint of up to 32 bits. */
function declaredLength(block: Buffer): { length: number; next: number } {
  let length = 0
  for (let at = 0; at < 5 && at < block.length; at++) {
    length += (block[at] & 0x7f) * 2 ** (7 * at)
    if (block[at] < 0x80) return { length, next: at + 1 }
  }
  throw malformed('a snappy block without a length', 0)
}
