// Walks the batches of a log file in order, in chunks, without holding more than one chunk (or one large batch) in memory.
// Called by recovery (bytes verified), by time look-ups (headers only) and by `varve log dump|verify`.

import type { DiskFile } from '../platform/platform.ts'
import { baseOffsetOf, batchBytesOf, batchHeaderBytes, magicOf } from '../records/batch.ts'
import { verifyBatch } from '../records/check.ts'

export interface WalkOptions {
  readonly from: number
  /** Half-open: bytes at and after this position are not looked at. */
  readonly to: number
  /** True: lengths, magic, CRC and counts of every batch. False: headers only, for bytes that were verified before. */
  readonly verify: boolean
}

export interface WalkEnd {
  /** Of the first byte that is not part of a sound batch; `to` if all are. */
  readonly position: number
  /** 'ok', or what is wrong at `position`. */
  readonly problem: string
}

const chunkBytes = 1 << 18

/** `visit` gets the buffer, where the batch begins in it, and where in the file; true stops the walk behind that batch. */
export function walkBatches(
  file: DiskFile,
  { from, to, verify }: WalkOptions,
  visit: (buffer: Buffer, at: number, position: number, bytes: number) => boolean | void,
): WalkEnd {
  let chunk = Buffer.allocUnsafe(Math.max(0, Math.min(chunkBytes, to - from)))
  let position = from
  while (position < to) {
    const available = readChunk(file, chunk, position, to)
    if (available === 0) return { position, problem: 'the file ends here' }
    let at = 0
    while (at < available) {
      const rest = available - at
      const whole = rest >= batchHeaderBytes ? batchBytesOf(chunk, at) : batchHeaderBytes
      if (rest < batchHeaderBytes || (whole > rest && verify)) {
        if (at > 0) break // the batch continues behind this chunk: read again from its start
        const fileEnds = available < Math.min(chunk.length, to - position)
        const problem = tooShort(rest, whole, fileEnds ? available : to - position)
        if (problem !== undefined) return { position, problem }
        chunk = Buffer.allocUnsafe(Math.min(whole, to - position))
        break
      }
      const problem = verify ? verifyBatch(chunk, at, rest) : headerProblem(chunk, at, to - position)
      if (problem !== 'ok') return { position, problem }
      const stop = visit(chunk, at, position, whole)
      position += whole
      at += whole
      if (stop === true) return { position, problem: 'ok' }
    }
  }
  return { position, problem: 'ok' }
}

function readChunk(file: DiskFile, chunk: Buffer, position: number, to: number): number {
  return file.read(chunk.subarray(0, Math.min(chunk.length, to - position)), position)
}

/** A batch that does not fit the chunk it begins: why it never will, or undefined if a larger chunk holds it. */
function tooShort(available: number, whole: number, remaining: number): string | undefined {
  if (remaining < batchHeaderBytes || available < batchHeaderBytes) return 'the batch header is cut'
  if (whole < batchHeaderBytes) return 'the batch length is impossible'
  if (whole > remaining) return 'the batch is cut'
  return undefined
}

function headerProblem(chunk: Buffer, at: number, remaining: number): string {
  const bytes = batchBytesOf(chunk, at)
  if (bytes < batchHeaderBytes || magicOf(chunk, at) !== 2 || baseOffsetOf(chunk, at) < 0)
    return 'the batch header is damaged'
  return bytes > remaining ? 'the batch is cut' : 'ok'
}
