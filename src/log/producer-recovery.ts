// Producer state of a partition after a start: the newest producer window at or below the end, then a walk over batch headers.
// A damaged window is passed over for an older one, at worst for a walk from the first segment. Kafka's own snapshot has only
// one batch of each producer, so it speaks only for those whose batches retention has taken. Called by recovery.

import type { Disk } from '../platform/platform.ts'
import { baseOffsetOf } from '../records/batch.ts'
import { walkBatches } from './batch-walk.ts'
import { offsetFileName, offsetOfFileName, producerWindowSuffix, segmentSuffixes } from './layout.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import { decodeSnapshot, decodeWindow } from './producer-snapshot.ts'
import type { ProducerState } from './producer-state.ts'
import { readWhole } from './sealed-file.ts'

export function restoreProducers(log: DiskPartitionLog, disk: Disk): void {
  const offset = loadNewest(log, disk, producerWindowSuffix, decodeWindow)
  log.snapshotOffset = offset ?? -1
  walkFrom(log, Math.max(offset ?? -1, log.logStartOffset))
  if (offset === undefined) loadNewest(log, disk, segmentSuffixes.snapshot, decodeSnapshot)
}

/** Takes over the producers that are not known yet from the newest sound file of a kind; its offset. */
function loadNewest(
  log: DiskPartitionLog,
  disk: Disk,
  suffix: typeof producerWindowSuffix | typeof segmentSuffixes.snapshot,
  decode: (bytes: Buffer, path: string) => ProducerState | undefined,
): number | undefined {
  const offsets = disk.list(log.directory).map(name => offsetOfFileName(name, suffix))
  const candidates = offsets.filter(offset => offset !== undefined && offset <= log.nextOffset) as number[]
  for (const offset of candidates.sort((a, b) => b - a)) {
    const path = `${log.directory}/${offsetFileName(offset, suffix)}`
    const bytes = readWhole(disk, path)
    const state = bytes && decode(bytes, path)
    if (state === undefined) continue
    for (const [producerId, producer] of state.entries())
      if (!log.producers.has(producerId)) log.producers.set(producerId, producer)
    return offset
  }
  return undefined
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
