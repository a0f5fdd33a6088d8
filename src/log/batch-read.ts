// Cuts whole, verified batches out of bytes that were read from a segment.
// "Check what crosses a door, on the way in again": every batch is verified before it leaves; what does not verify is
// CORRUPT_MESSAGE if it comes first, and otherwise ends the answer before it. Called by partition-log.ts.

import { baseOffsetOf, batchBytesOf, batchHeaderBytes, lastOffsetOf, leaderEpochOf } from '../records/batch.ts'
import { verifyBatch } from '../records/check.ts'

export interface CutOptions {
  /** Base offset of the batch at the start of the buffer. Base offsets lie outside the CRC: their order is their check. */
  readonly firstOffset: number
  readonly leaderEpochOf: (offset: number) => number
  /** Batches wholly below it are passed over. */
  readonly offset: number
  /** Batches with a base offset at or above it end the answer. */
  readonly endOffset: number
  readonly bytesMax: number
}

export interface Cut {
  /** A view of whole batches; empty if none was there. */
  readonly bytes: Buffer
  /** How far from the start of the buffer the walk came, and the base offset of the batch there. */
  readonly nextAt: number
  readonly nextOffset: number
  /** The first wanted batch is larger than the buffer: read again with this many bytes from `nextAt`. */
  readonly wantedBytes: number
  /** Something is wrong with the batch at `nextAt`, and nothing sound came before it. */
  readonly problem: string | undefined
}

export function cutBatches(
  buffer: Buffer,
  { firstOffset, leaderEpochOf: epochOf, offset, endOffset, bytesMax }: CutOptions,
): Cut {
  let from = -1
  let at = 0
  let expectedOffset = firstOffset
  while (at + batchHeaderBytes <= buffer.length) {
    const bytes = batchBytesOf(buffer, at)
    if (bytes < batchHeaderBytes) return end(buffer, from, at, expectedOffset, 'the batch length is impossible')
    if (baseOffsetOf(buffer, at) !== expectedOffset)
      return end(buffer, from, at, expectedOffset, 'the base offset is not the next one')
    // Behind the first wanted batch every one is verified: a rotten last offset must not carry it past the check.
    const isWanted = from >= 0 || lastOffsetOf(buffer, at) >= offset
    if (isWanted) {
      if (expectedOffset >= endOffset) break
      if (from < 0 && at + bytes > buffer.length)
        return { bytes: nothing, nextAt: at, nextOffset: expectedOffset, wantedBytes: bytes, problem: undefined }
      if (from >= 0 && at + bytes - from > bytesMax) break
      if (at + bytes > buffer.length) break
      const problem = verifyBatch(buffer, at, buffer.length - at)
      if (problem !== 'ok') return end(buffer, from, at, expectedOffset, problem)
      if (leaderEpochOf(buffer, at) !== epochOf(expectedOffset))
        return end(buffer, from, at, expectedOffset, 'the leader epoch is not the one of its offset')
      if (from < 0) from = at
    }
    expectedOffset = lastOffsetOf(buffer, at) + 1
    at += bytes
  }
  return end(buffer, from, at, expectedOffset, undefined)
}

function end(buffer: Buffer, from: number, nextAt: number, nextOffset: number, problem: string | undefined): Cut {
  if (from < 0) return { bytes: nothing, nextAt, nextOffset, wantedBytes: 0, problem }
  return { bytes: buffer.subarray(from, nextAt), nextAt, nextOffset, wantedBytes: 0, problem: undefined }
}

const nothing = Buffer.alloc(0)
