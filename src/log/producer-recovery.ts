// Producer state of a partition after a start: the newest snapshot at or below the end, then a walk over batch headers.
// A damaged snapshot is passed over for an older one, at worst for a walk from the first segment. Called by recovery.

import type { Disk } from '../platform/platform.ts'
import { baseOffsetOf } from '../records/batch.ts'
import { walkBatches } from './batch-walk.ts'
import { offsetFileName, offsetOfFileName, producerWindowSuffix, segmentSuffixes } from './layout.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import { decodeSnapshot, decodeWindow } from './producer-snapshot.ts'
import type { ProducerState } from './producer-state.ts'
import { readWhole } from './sealed-file.ts'

export function restoreProducers(log: DiskPartitionLog, disk: Disk): void {
  const from = loadNewest(log, disk)
  log.snapshotOffset = from
  walkFrom(log, Math.max(from, log.logStartOffset))
}

/** The offset of the snapshot that was taken over, or -1. */
function loadNewest(log: DiskPartitionLog, disk: Disk): number {
  const offsets = new Set<number>()
  for (const name of disk.list(log.directory)) {
    const offset = offsetOfFileName(name, producerWindowSuffix) ?? offsetOfFileName(name, segmentSuffixes.snapshot)
    if (offset !== undefined && offset <= log.nextOffset) offsets.add(offset)
  }
  for (const offset of [...offsets].sort((a, b) => b - a)) {
    const state = readState(log, disk, offset)
    if (state === undefined) continue
    for (const [producerId, producer] of state.entries()) log.producers.set(producerId, producer)
    return offset
  }
  return -1
}

function readState(log: DiskPartitionLog, disk: Disk, offset: number): ProducerState | undefined {
  const windowPath = `${log.directory}/${offsetFileName(offset, producerWindowSuffix)}`
  const window = readWhole(disk, windowPath)
  const state = window && decodeWindow(window, windowPath)
  if (state !== undefined) return state
  const snapshot = readWhole(disk, `${log.directory}/${offsetFileName(offset, segmentSuffixes.snapshot)}`)
  return snapshot && decodeSnapshot(snapshot)
}

function walkFrom(log: DiskPartitionLog, offset: number): void {
  for (const segment of log.allSegments) {
    if (segment.nextOffset <= offset || segment.bytes === 0) continue
    const from = offset <= segment.baseOffset ? 0 : segment.positionBefore(offset)
    walkBatches(segment.file(), { from, to: segment.bytes, verify: false }, (buffer, at, _position, bytes) => {
      if (baseOffsetOf(buffer, at) < offset) return
      log.producers.apply(buffer, at)
      log.bytesSinceSnapshot += bytes
    })
  }
}
