// How far zstd data can unfold, told from its frame and block headers alone (RFC 8878, sections 3.1.1 and 3.1.2).
//   1  stored and RLE blocks say their size; a compressed block yields at most 128 KiB and at most the window
//   2  a frame yields no more than its declared content size, where it declares one
// Producers fill their blocks, so for theirs the bound is close to the size. Called by codec-zstd.ts.

import { malformed, unfoldsTooFar } from './codec.ts'

export interface ZstdFrame {
  readonly at: number
  readonly end: number
  /** The frame unfolds to at most this many bytes. */
  readonly bytesMax: number
  /** undefined: a single segment, whose window is its content */
  readonly windowAt: number | undefined
}

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a5
const blockBytesMax = 131_072
/** Blocks count as full ones here, so a bound this far above the limit may still unfold within it. */
const roundingBytes = 1 << 20

/** Errors: MESSAGE_TOO_LARGE if all frames together may exceed bytesMax by more than 1 MiB; CORRUPT_MESSAGE. */
export function scanFrames(bytes: Buffer, bytesMax: number): ZstdFrame[] {
  const frames: ZstdFrame[] = []
  let total = 0
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw malformed('a zstd frame is cut', at)
    const magic = bytes.readUInt32LE(at)
    if (magic >>> 4 === skippableMagic) {
      at += 8 + bytes.readUInt32LE(at + 4)
      continue
    }
    if (magic !== frameMagic) throw malformed('no zstd frame', at)
    const frame = scanFrame(bytes, at)
    total += frame.bytesMax
    if (total > bytesMax + roundingBytes) throw unfoldsTooFar(bytesMax)
    frames.push(frame)
    at = frame.end
  }
  return frames
}

/**
 * A copy of the frame whose window is no larger than its content can be: a reader that allocates the window as announced
 * would let a few bytes claim 2 GiB. Matches reach no further back than the content goes.
 */
export function narrowWindow(bytes: Buffer, { at, end, bytesMax, windowAt }: ZstdFrame): Buffer {
  const copy = Buffer.from(bytes.subarray(at, end))
  if (windowAt === undefined) return copy
  const exponent = Math.max(17, Math.ceil(Math.log2(bytesMax + 1)))
  if (copy[windowAt - at] >>> 3 > exponent - 10) copy[windowAt - at] = (exponent - 10) << 3
  return copy
}

function scanFrame(bytes: Buffer, at: number): ZstdFrame {
  const descriptor = bytes[at + 4]
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]
  const sizeCode = descriptor >>> 6
  const sizeBytes = sizeCode === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeCode
  const windowAt = isSingleSegment ? undefined : at + 5
  const sizeAt = at + (isSingleSegment ? 5 : 6) + dictionaryBytes
  if (sizeAt + sizeBytes > bytes.length) throw malformed('a zstd frame is cut', at)
  const contentBytes = sizeBytes === 0 ? Number.POSITIVE_INFINITY : contentSize(bytes, sizeAt, sizeBytes)
  const blocks = scanBlocks(bytes, sizeAt + sizeBytes)
  const hasChecksum = (descriptor & 0x04) !== 0
  const end = blocks.end + (hasChecksum ? 4 : 0)
  // A single segment's content size is also its window: what a reader allocates, whatever the blocks hold.
  const unfolded = isSingleSegment ? contentBytes : Math.min(contentBytes, blocks.bytesMax)
  return { at, end, bytesMax: unfolded, windowAt }
}

function contentSize(bytes: Buffer, at: number, width: number): number {
  if (width === 2) return bytes.readUInt16LE(at) + 256
  if (width === 8) return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x100000000
  return bytes.readUIntLE(at, width)
}

function scanBlocks(bytes: Buffer, at: number): { end: number; bytesMax: number } {
  let total = 0
  for (;;) {
    if (at + 3 > bytes.length) throw malformed('a zstd block is cut', at)
    const header = bytes.readUIntLE(at, 3)
    const kind = (header >>> 1) & 3
    const size = header >>> 3
    if (kind === 3) throw malformed('a zstd block of an unknown kind', at)
    if (size > blockBytesMax) throw malformed('a zstd block is too long', at)
    total += kind === 2 ? blockBytesMax : size
    at += 3 + (kind === 1 ? 1 : size)
    if (at > bytes.length) throw malformed('a zstd block is cut', at)
    if (header & 1) return { end: at, bytesMax: total }
  }
}
