// What a partition needs of its directory, and no more. Implemented by log-directory.ts.

import type { Clock, Disk } from '../platform/platform.ts'
import type { FilePool } from './file-pool.ts'
import type { IndexCache } from './index-cache.ts'
import type { Journal } from './journal.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { Tail } from './tail.ts'
import type { WarmBlocks } from './warm-blocks.ts'

export interface LogContext {
  readonly path: string
  readonly disk: Disk
  readonly clock: Clock
  readonly pool: FilePool
  readonly indexes: IndexCache
  readonly warm: WarmBlocks
  readonly tail: Tail
  readonly journal: Journal
  /** Throws if the directory failed, is closing or has no room for `bytes` more. */
  checkAppendable(log: DiskPartitionLog, bytes: number): void
  /** A write said so before the watch on free space did. */
  diskIsFull(): void
  /** The next checkpoint has something to write or sync for it. */
  appended(log: DiskPartitionLog): void
  /** `segment` has bytes that the next checkpoint has to sync. */
  markDirty(log: DiskPartitionLog, segment: Segment): void
  segmentRolled(log: DiskPartitionLog, sealed: Segment): void
  corruptionFound(log: DiskPartitionLog, segment: Segment, position: number, problem: string): void
  /** A checkpoint that begins after this call. */
  checkpoint(): Promise<void>
}
