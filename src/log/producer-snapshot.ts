// Producer state at one offset, as two files: Kafka's `.snapshot` (the last batch of each producer) and ours beside it (all
// five batches of each window, so that a repeat is recognised over a restart as well). Both are caches: a damaged or missing
// one is passed over, and the log is walked instead. Called by partition-log.ts and recovery.

import { crc32c } from '../bytes/crc32c.ts'
import { readInt64, writeInt64 } from '../records/batch.ts'
import { type Producer, type ProducerBatch, ProducerState } from './producer-state.ts'
import { decodeSealed, encodeSealed, type SealedKind } from './sealed-file.ts'

const snapshotVersion = 1
const snapshotHeadBytes = 10
const snapshotRowBytes = 46

/** Kafka's file: i16 version, u32 CRC-32C of the rest, i32 count, then 46 bytes each. */
export function encodeSnapshot(state: ProducerState): Buffer {
  const rows = [...state.entries()].filter(([, producer]) => producer.batches.length > 0)
  const bytes = Buffer.alloc(snapshotHeadBytes + rows.length * snapshotRowBytes)
  bytes.writeInt16BE(snapshotVersion, 0)
  bytes.writeInt32BE(rows.length, 6)
  rows.forEach(([producerId, producer], i) => {
    const at = snapshotHeadBytes + i * snapshotRowBytes
    const last = producer.batches.at(-1) as ProducerBatch
    writeInt64(bytes, at, producerId)
    bytes.writeInt16BE(producer.epoch, at + 8)
    bytes.writeInt32BE(last.lastSequence, at + 10)
    writeInt64(bytes, at + 14, last.lastOffset)
    bytes.writeInt32BE(last.offsetDelta, at + 22)
    writeInt64(bytes, at + 26, last.timestamp)
    bytes.writeInt32BE(-1, at + 34) // no transaction coordinator has spoken
    writeInt64(bytes, at + 38, -1) // no transaction is open
  })
  bytes.writeUInt32BE(crc32c(bytes.subarray(6)), 2)
  return bytes
}

/** undefined if the bytes are not a whole snapshot. */
export function decodeSnapshot(bytes: Buffer): ProducerState | undefined {
  if (bytes.length < snapshotHeadBytes || bytes.readInt16BE(0) !== snapshotVersion) return undefined
  const count = bytes.readInt32BE(6)
  if (
    bytes.length !== snapshotHeadBytes + count * snapshotRowBytes ||
    bytes.readUInt32BE(2) !== crc32c(bytes.subarray(6))
  )
    return undefined
  const state = new ProducerState()
  for (let i = 0; i < count; i++) {
    const at = snapshotHeadBytes + i * snapshotRowBytes
    const lastSequence = bytes.readInt32BE(at + 10)
    const offsetDelta = bytes.readInt32BE(at + 22)
    const timestamp = readInt64(bytes, at + 26)
    const batch: ProducerBatch = {
      firstSequence:
        lastSequence - offsetDelta >= 0 ? lastSequence - offsetDelta : lastSequence - offsetDelta + 0x8000_0000,
      lastSequence,
      lastOffset: readInt64(bytes, at + 14),
      offsetDelta,
      timestamp,
    }
    state.set(readInt64(bytes, at), { epoch: bytes.readInt16BE(at + 8), batches: [batch], lastTimestamp: timestamp })
  }
  return state
}

const windowKind: SealedKind = { magic: 'VARVEPRO', version: 1, noun: 'a producer window' }

type WindowRow = [producerId: number, epoch: number, lastTimestamp: number, batches: number[]]

export function encodeWindow(state: ProducerState): Buffer {
  const rows: WindowRow[] = [...state.entries()].map(([producerId, { epoch, lastTimestamp, batches }]) => [
    producerId,
    epoch,
    lastTimestamp,
    batches.flatMap(batch => [
      batch.firstSequence,
      batch.lastSequence,
      batch.lastOffset,
      batch.offsetDelta,
      batch.timestamp,
    ]),
  ])
  return encodeSealed(windowKind, rows)
}

/** undefined if the bytes are not a whole window file. */
export function decodeWindow(bytes: Buffer, path: string): ProducerState | undefined {
  const rows = decodeSealed(windowKind, bytes, path) as WindowRow[] | undefined
  if (rows === undefined) return undefined
  const state = new ProducerState()
  for (const [producerId, epoch, lastTimestamp, flat] of rows)
    state.set(producerId, { epoch, lastTimestamp, batches: batchesOf(flat) } satisfies Producer)
  return state
}

function batchesOf(flat: number[]): ProducerBatch[] {
  const batches: ProducerBatch[] = []
  for (let i = 0; i < flat.length; i += 5) {
    const [firstSequence, lastSequence, lastOffset, offsetDelta, timestamp] = flat.slice(i, i + 5) as [
      number,
      number,
      number,
      number,
      number,
    ]
    batches.push({ firstSequence, lastSequence, lastOffset, offsetDelta, timestamp })
  }
  return batches
}
