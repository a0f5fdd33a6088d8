// Writes a partition's producers into the page cache: Kafka's `.snapshot`, and ours with the whole window beside it. The one
// before goes, unless it is that of a segment: Kafka keeps one for each, the ones between them are ours, for a shorter walk.
// Called by partition-log.ts; read back by producer-recovery.ts.

import type { Disk } from '../platform/platform.ts'
import { offsetFileName, producerWindowSuffix, segmentSuffixes } from './layout.ts'
import { writeSmallFile } from './partition-directory.ts'
import { encodeSnapshot, encodeWindow } from './producer-snapshot.ts'
import type { ProducerState } from './producer-state.ts'

export interface ProducerFilesOf {
  readonly directory: string
  readonly nextOffset: number
  readonly producers: ProducerState
  /** Of the files that are there now; -1 if there are none. */
  readonly snapshotOffset: number
  readonly allSegments: readonly { readonly baseOffset: number }[]
}

export function writeProducerFiles(log: ProducerFilesOf, disk: Disk): void {
  const { directory, nextOffset, producers, snapshotOffset } = log
  writeSmallFile(
    disk,
    `${directory}/${offsetFileName(nextOffset, segmentSuffixes.snapshot)}`,
    encodeSnapshot(producers),
  )
  writeSmallFile(disk, `${directory}/${offsetFileName(nextOffset, producerWindowSuffix)}`, encodeWindow(producers))
  if (snapshotOffset < 0 || snapshotOffset === nextOffset) return
  const isOfSegment = log.allSegments.some(segment => segment.baseOffset === snapshotOffset)
  if (!isOfSegment) removeIfThere(disk, `${directory}/${offsetFileName(snapshotOffset, segmentSuffixes.snapshot)}`)
  removeIfThere(disk, `${directory}/${offsetFileName(snapshotOffset, producerWindowSuffix)}`)
}

function removeIfThere(disk: Disk, path: string): void {
  if (disk.stat(path) !== undefined) disk.remove(path)
}
