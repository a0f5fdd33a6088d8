// A segment's log file as rows: its batches and, if asked for, their records. A batch that does not verify is named, and
// passed over by its own length where that is possible. Called by inspect.ts.

import type { Disk, DiskFile } from '../platform/platform.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  batchBytesOf,
  batchHeaderBytes,
  batchMagic,
  codecOf,
  crcOf,
  isControl,
  isTransactional,
  lastOffsetOf,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  timestampTypeOf,
} from '../records/batch.ts'
import { codecNames } from '../records/compression.ts'
import { readRecords } from '../records/read.ts'
import { walkBatches } from './batch-walk.ts'
import type { InspectedRow, InspectOptions } from './inspect.ts'

/** Rows that are gathered before they are handed out. */
const rowsAtOnce = 256

export function* inspectLogFile(disk: Disk, path: string, options: InspectOptions): Generator<InspectedRow[]> {
  const file = disk.open(path, 'read')
  try {
    const to = file.bytes()
    for (let from = 0; from < to; ) {
      const rows: InspectedRow[] = []
      const end = walkBatches(file, { from, to, verify: true }, (buffer, at, position, bytes) => {
        rows.push(batchRow(buffer, at, position))
        if (options.records) rows.push(...recordRows(buffer.subarray(at, at + bytes)))
        return rows.length >= rowsAtOnce
      })
      if (end.problem === 'ok') from = end.position
      else {
        rows.push({ kind: 'problem', position: end.position, problem: end.problem })
        const next = behindBadBatch(file, end.position, to)
        if (next !== undefined) rows.push(badBatchRow(file, end.position))
        from = next ?? to
      }
      yield rows
    }
  } finally {
    file.close()
  }
}

/** Where the next batch begins if the length of a bad one can be believed: a sound one, or the end, follows there. */
export function behindBadBatch(file: DiskFile, position: number, to: number): number | undefined {
  const header = Buffer.alloc(batchHeaderBytes)
  if (file.read(header, position) < batchHeaderBytes) return undefined
  const bytes = batchBytesOf(header)
  const next = position + bytes
  if (magicOf(header) !== batchMagic || bytes < batchHeaderBytes || next > to) return undefined
  const { position: end } = walkBatches(file, { from: next, to, verify: true }, () => true)
  return next === to || end > next ? next : undefined
}

function badBatchRow(file: DiskFile, position: number): InspectedRow {
  const header = Buffer.alloc(batchHeaderBytes)
  file.read(header, position)
  return { ...batchRow(header, 0, position), sound: false }
}

function batchRow(buffer: Buffer, at: number, position: number): InspectedRow {
  return {
    kind: 'batch',
    baseOffset: baseOffsetOf(buffer, at),
    lastOffset: lastOffsetOf(buffer, at),
    records: recordCountOf(buffer, at),
    position,
    bytes: batchBytesOf(buffer, at),
    codec: codecNames[codecOf(buffer, at)] ?? codecOf(buffer, at),
    timestampType: timestampTypeOf(buffer, at),
    maxTimestamp: maxTimestampOf(buffer, at),
    leaderEpoch: leaderEpochOf(buffer, at),
    producerId: producerIdOf(buffer, at),
    producerEpoch: producerEpochOf(buffer, at),
    baseSequence: baseSequenceOf(buffer, at),
    isTransactional: isTransactional(buffer, at),
    isControl: isControl(buffer, at),
    crc: crcOf(buffer, at),
    sound: true,
  }
}

/** Of one whole batch that verifies. */
export function recordRows(batch: Buffer): InspectedRow[] {
  try {
    // The batch is a view of a buffer that the walk uses again, so the rows get bytes of their own.
    return readRecords(Buffer.from(batch)).map(({ offset, timestamp, key, value, headers }) => ({
      kind: 'record',
      offset,
      timestamp,
      key,
      value,
      headers,
    }))
  } catch (error) {
    return [{ kind: 'problem', offset: baseOffsetOf(batch), problem: `the records do not read: ${messageOf(error)}` }]
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
