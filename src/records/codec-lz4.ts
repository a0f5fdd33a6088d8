// lz4 frames. Read by our own decoder: no published one takes a bound on its output, and this one is as fast.
//   1  output stays within bytesMax, and each block within the size that its frame announces
//   2  a match never reaches before its frame's first byte
// Written by lz4-napi where it loads, else as stored blocks, which every reader takes: larger, and valid.
// The frame's own xxHash sums are passed over: the batch's CRC covers the same bytes.

import { asBuffer, type Codec, malformed, unfoldsTooFar } from './codec.ts'

export interface Lz4Module {
  compressFrameSync(bytes: Buffer): Uint8Array
}

const frameMagic = 0x184d2204
const skippableMagic = 0x184d2a5
const storedBit = 0x80000000
/** Magic, version 1 with independent blocks of up to 64 KiB, and the header's checksum, which is a constant then. */
const storedHeader = Buffer.from('04224d18604082', 'hex')
const storedBlockBytes = 65_536
/** No block unfolds further: a byte of match length adds 255. */
const ratioMax = 255

export function lz4Codec(native: Lz4Module | undefined): Codec {
  return {
    compress: bytes => (native === undefined ? storedFrame(bytes) : native.compressFrameSync(bytes)),
    decompress: decodeFrames,
  }
}

interface Frame {
  blockBytesMax: number
  hasBlockSums: boolean
  hasContentSum: boolean
  /** the first block */
  next: number
}

function decodeFrames(source: Buffer, bytesMax: number): Buffer {
  const target = Buffer.allocUnsafeSlow(Math.min(bytesMax, outputBytesMax(source)))
  let written = 0
  for (let at = 0; at < source.length; ) {
    const skipped = skippableEnd(source, at)
    if (skipped !== undefined) {
      at = skipped
      continue
    }
    const frame = readFrame(source, at)
    const frameAt = written
    at = forEachBlock(source, frame, (from, to, isStored) => {
      const limit = Math.min(target.length, written + frame.blockBytesMax)
      const next = isStored
        ? copyStored(source, from, to, target, written, limit)
        : decodeBlock(source, from, to, target, written, limit, frameAt)
      if (next < 0) throw limit === bytesMax ? unfoldsTooFar(bytesMax) : malformed('an lz4 block is too long', from)
      written = next
    })
  }
  return target.subarray(0, written)
}

/** What the blocks' headers allow, without looking into them. */
function outputBytesMax(source: Buffer): number {
  let total = 0
  for (let at = 0; at < source.length; ) {
    const skipped = skippableEnd(source, at)
    if (skipped !== undefined) {
      at = skipped
      continue
    }
    const frame = readFrame(source, at)
    at = forEachBlock(source, frame, (from, to, isStored) => {
      total += isStored ? to - from : Math.min(frame.blockBytesMax, ratioMax * (to - from))
    })
  }
  return total
}

function skippableEnd(source: Buffer, at: number): number | undefined {
  if (at + 8 > source.length || source.readUInt32LE(at) >>> 4 !== skippableMagic) return undefined
  return at + 8 + source.readUInt32LE(at + 4)
}

function readFrame(source: Buffer, at: number): Frame {
  if (at + 7 > source.length || source.readUInt32LE(at) !== frameMagic) throw malformed('no lz4 frame', at)
  const flags = source[at + 4]
  const sizeCode = (source[at + 5] >>> 4) & 7
  if (flags >>> 6 !== 1 || sizeCode < 4) throw malformed('an lz4 frame of an unknown kind', at)
  return {
    blockBytesMax: 2 ** (8 + 2 * sizeCode),
    hasBlockSums: (flags & 0x10) !== 0,
    hasContentSum: (flags & 0x04) !== 0,
    next: at + 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0),
  }
}

/** Returns where the frame ends. */
function forEachBlock(source: Buffer, frame: Frame, fn: (from: number, to: number, isStored: boolean) => void): number {
  let at = frame.next
  for (;;) {
    if (at + 4 > source.length) throw malformed('an lz4 frame is cut', at)
    const size = source.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const to = at + (size & ~storedBit)
    if (to > source.length) throw malformed('an lz4 block is cut', at)
    fn(at, to, size >= storedBit)
    at = to + (frame.hasBlockSums ? 4 : 0)
  }
  return at + (frame.hasContentSum ? 4 : 0)
}

/** Returns where the output ends, or -1 if it does not fit. */
function copyStored(source: Buffer, from: number, to: number, target: Buffer, at: number, limit: number): number {
  if (at + to - from > limit) return -1
  source.copy(target, at, from, to)
  return at + to - from
}

/** The same, for a compressed block; matches may reach back to `frameAt`. */
function decodeBlock(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  at: number,
  limit: number,
  frameAt: number,
): number {
  while (from < to) {
    const token = source[from++]
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && from < to) {
        more = source[from++]
        literals += more
      }
    }
    if (from + literals > to) throw malformed('an lz4 literal is cut', from)
    if (at + literals > limit) return -1
    if (literals > 24) source.copy(target, at, from, from + literals)
    else for (let i = 0; i < literals; i++) target[at + i] = source[from + i]
    from += literals
    at += literals
    if (from === to) return at // the last sequence is literals alone
    if (from + 2 > to) throw malformed('an lz4 match is cut', from)
    const distance = source[from] | (source[from + 1] << 8)
    from += 2
    if (distance === 0 || at - distance < frameAt) throw malformed('an lz4 match before its frame', from)
    let matched = (token & 15) + 4
    if (matched === 19) {
      let more = 255
      while (more === 255 && from < to) {
        more = source[from++]
        matched += more
      }
    }
    if (at + matched > limit) return -1
    if (matched > 24 && distance >= matched) target.copyWithin(at, at - distance, at - distance + matched)
    else for (const end = at + matched; at < end; at++) target[at] = target[at - distance]
    if (matched > 24 && distance >= matched) at += matched
  }
  throw malformed('an lz4 block without a last literal', from)
}

function storedFrame(bytes: Buffer): Buffer {
  const parts: Buffer[] = [storedHeader]
  for (let at = 0; at < bytes.length; at += storedBlockBytes) {
    const block = asBuffer(bytes.subarray(at, at + storedBlockBytes))
    const size = Buffer.allocUnsafe(4)
    size.writeUInt32LE((block.length | storedBit) >>> 0)
    parts.push(size, block)
  }
  parts.push(Buffer.alloc(4))
  return Buffer.concat(parts)
}
