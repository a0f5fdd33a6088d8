// Brings one partition back: what the manifest says was durable, plus what the journal says became durable since.
//
//   what is found                                                what happens
//   ---------------------------------------------------------------------------------------------------------------------
//   journal entry below the segment's durable end                rewritten (never compared and skipped)
//   journal entry exactly at the end                             rewritten, the end moves
//   entry damaged in the journal, whole in the segment           the segment's copy counts
//   direct entry (its batch was synced in the segment)          the segment's copy counts, if it is the one that is named
//   gap before an entry, filled by verified batches on disk      they count
//   gap that the segment cannot fill; entry damaged in both      DEGRADED from there: reads before it go on, nothing is cut
//   file of the manifest missing or shorter than durable         DEGRADED from its first offset
//   bytes behind the end, journal sound                          never acknowledged: copied to quarantine/, then cut
//   bytes behind the end, some group unreadable                  kept as far as they verify; DEGRADED where they do not
//   opted-out topic: verified batches behind the end             they count ("opted out": now, or when the manifest was written)
//   opted-out topic: bytes that do not verify behind the end     torn: copied to quarantine/, cut
//   opted-out topic, no clean stop                               leader epoch raised: offsets may be given out again
//
// Called by log-directory.ts while it recovers. Synchronous; what has to be synced or cut is left to finishRecovery().

import type { Settings } from '../base/config.ts'
import type { DiskFile } from '../platform/platform.ts'
import { baseOffsetOf } from '../records/batch.ts'
import { walkBatches } from './batch-walk.ts'
import type { LogContext } from './context.ts'
import { batchMatchesEntry } from './journal-format.ts'
import type { JournalEntry } from './journal-scan.ts'
import {
  deletedSuffix,
  offsetFileName,
  offsetOfFileName,
  partitionMetadataFile,
  producerWindowSuffix,
  segmentSuffixes,
} from './layout.ts'
import type { PartitionRow } from './manifest.ts'
import { findPartitionDirectory, makePartitionDirectory, nameOf } from './partition-directory.ts'
import { DiskPartitionLog, type PartitionIdentity } from './partition-log.ts'
import { restoreProducers } from './producer-recovery.ts'
import type { Quarantine } from './quarantine.ts'
import { Segment } from './segment.ts'

export interface RecoveryInput {
  readonly identity: PartitionIdentity
  readonly settings: Settings
  readonly context: LogContext
  readonly row: PartitionRow | undefined
  /** Of this partition, in the order in which they became true. */
  readonly entries: readonly JournalEntry[]
  readonly journalFile: DiskFile | undefined
  /** The last stop was orderly: files are as the manifest says. */
  readonly isClean: boolean
  /** Some acknowledged journal groups are unreadable. */
  readonly unknownLoss: boolean
  readonly quarantine: Quarantine
}

export interface Cut {
  readonly segment: Segment
  readonly bytes: number
}

export interface RecoveredPartition {
  readonly log: DiskPartitionLog
  readonly cuts: readonly Cut[]
  readonly epochRaised: boolean
  /** Whose bytes no checkpoint has made durable yet. */
  readonly unsyncedFiles: readonly string[]
}

export function recoverPartition(input: RecoveryInput): RecoveredPartition {
  return new PartitionRecovery(input).run()
}

class PartitionRecovery {
  readonly #input: RecoveryInput
  readonly #log: DiskPartitionLog
  readonly #cuts: Cut[] = []
  #epochRaised = false
  #isMade = false

  constructor(input: RecoveryInput) {
    this.#input = input
    this.#log = new DiskPartitionLog(input.identity, input.settings, input.context)
  }

  run(): RecoveredPartition {
    const log = this.#log
    this.#openDirectory()
    this.#openSegments()
    for (const entry of this.#input.entries) {
      if (log.degraded !== undefined) break
      this.#replay(entry)
    }
    if (log.degraded === undefined) this.#judgeTail()
    if (log.degraded === undefined) this.#clearStrays()
    log.nextOffset = log.active.nextOffset
    log.durableTo(log.nextOffset, log.active.baseOffset, log.active.bytes)
    if (log.degraded === undefined) restoreProducers(log, this.#input.context.disk)
    // A row in the manifest means that its checkpoint has synced this file, unless it was made just now.
    const isSynced = this.#input.row !== undefined && !this.#isMade
    const unsyncedFiles = isSynced ? [] : [`${log.directory}/${partitionMetadataFile}`]
    return { log, cuts: this.#cuts, epochRaised: this.#epochRaised, unsyncedFiles }
  }

  // --------------------------------------------------------------------------------------------- directory and segments

  #openDirectory(): void {
    const { identity, context, row, quarantine } = this.#input
    const isThere = findPartitionDirectory(context.disk, context.path, this.#log.directory, identity, quarantine)
    if (isThere) this.#log.loadLeaderEpochs()
    else {
      makePartitionDirectory(context.disk, this.#log.directory, identity.topicId)
      this.#isMade = true
      if (row !== undefined && row.nextOffset > row.logStartOffset)
        this.#degrade('the directory is missing', row.logStartOffset)
    }
  }

  #openSegments(): void {
    const { row } = this.#input
    const log = this.#log
    log.logStartOffset = row?.logStartOffset ?? 0
    log.highWatermark = -1 // durableTo() below sets it, to 0 for an empty log too
    if (row?.degraded !== undefined) log.degraded = row.degraded
    const rows = row?.segments ?? []
    for (const [i, segmentRow] of rows.entries()) {
      const isLast = i === rows.length - 1
      const nextOffset = isLast ? (row as PartitionRow).nextOffset : (rows[i + 1]?.baseOffset as number)
      log.allSegments.push(Segment.sealed(segmentRow, nextOffset, log.segmentOptions))
      this.#checkFile(log.active, segmentRow.bytes)
    }
    if (log.allSegments.length === 0) log.allSegments.push(this.#newSegment(row?.nextOffset ?? 0))
    if (log.degraded === undefined) log.active.loadIndexes({ verifyLast: !this.#input.isClean })
    if (log.degraded !== undefined) log.keepRow(this.#rowToKeep(row))
  }

  /** As it is, so that a file that comes back is found again; unless only the journal, whose word ends here, had what came after. */
  #rowToKeep(row: PartitionRow | undefined): PartitionRow | undefined {
    const isMore = row !== undefined && this.#input.entries.some(entry => entry.baseOffset >= row.nextOffset)
    return isMore ? { ...row, degraded: this.#log.degraded } : row
  }

  /** A missing file is an error, never an empty log. */
  #checkFile(segment: Segment, bytes: number): void {
    const stat = this.#input.context.disk.stat(segment.logPath)
    if (stat === undefined && bytes === 0) this.#makeFile(segment)
    else if (stat === undefined) this.#degrade(`${nameOf(segment.logPath)} is missing`, segment.baseOffset)
    else if (stat.bytes < bytes)
      this.#degrade(
        `${nameOf(segment.logPath)} has ${stat.bytes} bytes of ${bytes} that were durable`,
        segment.baseOffset,
      )
  }

  #newSegment(baseOffset: number): Segment {
    const segment = new Segment(baseOffset, this.#log.segmentOptions)
    if (this.#input.context.disk.stat(segment.logPath) === undefined) this.#makeFile(segment)
    segment.startIndexes()
    return segment
  }

  #makeFile(segment: Segment): void {
    this.#input.context.pool.create(segment.logPath)
    segment.startIndexes()
  }

  #degrade(reason: string, fromOffset: number): void {
    if (this.#log.degraded === undefined || fromOffset < this.#log.degraded.fromOffset)
      this.#log.degraded = { reason, fromOffset }
  }

  // ------------------------------------------------------------------------------------------------------------ entries

  #replay(entry: JournalEntry): void {
    const log = this.#log
    if (entry.segmentBase < (log.allSegments[0] as Segment).baseOffset) return // retention took the segment
    if (entry.segmentBase > log.active.baseOffset && !this.#enterSegment(entry)) return
    const segment = log.segmentOf(entry.segmentBase)
    if (segment.baseOffset !== entry.segmentBase)
      return this.#degradeAt(entry, 'the journal names a segment that is not there')
    if (entry.position < segment.bytes) {
      // Older than the last checkpoint: durable there already, and written once more all the same.
      if (entry.sound && !entry.isDirect && entry.position + entry.bytes <= segment.bytes)
        segment.rewrite(this.#batchOf(entry), entry.position)
      return
    }
    if (entry.position > segment.bytes && !this.#fill(segment, entry.position))
      return this.#degradeAt(entry, 'acknowledged batches are missing')
    this.#place(segment, entry)
  }

  /** The entry begins a segment that was rolled after the last checkpoint. */
  #enterSegment(entry: JournalEntry): boolean {
    const log = this.#log
    if (log.active.nextOffset < entry.segmentBase) {
      const stat = this.#input.context.disk.stat(log.active.logPath)
      if (stat !== undefined) this.#fill(log.active, stat.bytes)
    }
    if (log.active.nextOffset !== entry.segmentBase) {
      this.#degradeAt(entry, 'acknowledged batches are missing')
      return false
    }
    this.#cutBehind(log.active)
    log.active.flushIndexes({ seal: true })
    log.allSegments.push(this.#newSegment(entry.segmentBase))
    return true
  }

  #place(segment: Segment, entry: JournalEntry): void {
    if (entry.baseOffset !== segment.nextOffset)
      return this.#degradeAt(entry, 'the offsets of the journal and the segment disagree')
    const batch = entry.sound && !entry.isDirect ? this.#batchOf(entry) : this.#segmentsCopy(segment, entry)
    if (batch === undefined)
      return this.#degradeAt(entry, 'an acknowledged batch is damaged in the journal and in the segment')
    segment.rewrite(batch, entry.position)
    segment.index(batch, 0, entry.position, batch.length)
  }

  #batchOf(entry: JournalEntry): Buffer {
    const batch = Buffer.allocUnsafe(entry.bytes)
    this.#input.journalFile?.read(batch, entry.journalPosition)
    return batch
  }

  #segmentsCopy(segment: Segment, entry: JournalEntry): Buffer | undefined {
    const batch = Buffer.allocUnsafe(entry.bytes)
    const isWhole = segment.file().read(batch, entry.position) === entry.bytes
    return isWhole && batchMatchesEntry(batch, { ...entry, topicId: this.#log.topicIdBytes }) ? batch : undefined
  }

  /** Verified, contiguous batches of the file count up to `to`; true if they fill it exactly. */
  #fill(segment: Segment, to: number): boolean {
    const file = segment.file()
    const end = Math.min(to, file.bytes())
    walkBatches(file, { from: segment.bytes, to: end, verify: true }, (buffer, at, position, bytes) => {
      if (baseOffsetOf(buffer, at) !== segment.nextOffset) return true
      segment.rewrite(Buffer.from(buffer.subarray(at, at + bytes)), position)
      segment.index(buffer, at, position, bytes)
      return false
    })
    return segment.bytes === to
  }

  #degradeAt(entry: JournalEntry, reason: string): void {
    const fromOffset = Math.min(entry.baseOffset, this.#log.active.nextOffset)
    this.#degrade(`${reason} (offset ${entry.baseOffset})`, fromOffset)
    this.#log.keepRow(undefined)
  }

  // --------------------------------------------------------------------------------------------------------------- tail

  /** Bytes behind what manifest and journal know. */
  #judgeTail(): void {
    const { isClean, unknownLoss, context, row } = this.#input
    const log = this.#log
    // By its settings now, or when the last checkpoint was taken: then the switch to fsync had not come true on disk.
    const optedOut = log.durability !== 'fsync' || row?.isOptedOut === true
    const before = log.active.nextOffset
    const fileBytes = context.disk.stat(log.active.logPath)?.bytes ?? 0
    if (fileBytes === log.active.bytes && (isClean || !(optedOut || unknownLoss))) return
    if (optedOut || unknownLoss) this.#adoptVerified()
    const rest = (context.disk.stat(log.active.logPath)?.bytes ?? 0) - log.active.bytes
    if (rest > 0 && unknownLoss && !optedOut) return this.#degradeTail(before)
    if (rest > 0) this.#cutBehind(log.active)
    if (optedOut) this.#raiseEpoch()
  }

  #adoptVerified(): void {
    const log = this.#log
    for (;;) {
      const fileBytes = this.#input.context.disk.stat(log.active.logPath)?.bytes ?? 0
      const isWhole = this.#fill(log.active, fileBytes)
      const next = `${log.directory}/${offsetFileName(log.active.nextOffset, segmentSuffixes.log)}`
      if (!isWhole || log.active.bytes === 0 || this.#input.context.disk.stat(next) === undefined) return
      log.active.flushIndexes({ seal: true })
      log.allSegments.push(this.#newSegment(log.active.nextOffset))
    }
  }

  #degradeTail(before: number): void {
    this.#degrade(
      'the journal lost acknowledged groups, and the bytes here do not verify',
      Math.max(before, this.#log.active.nextOffset),
    )
    this.#log.keepRow(undefined)
  }

  #cutBehind(segment: Segment): void {
    const file = segment.file()
    if (file.bytes() <= segment.bytes) return
    const name = `${nameOf(this.#log.directory)}-${nameOf(segment.logPath)}`
    this.#input.quarantine.copy(file, segment.bytes, file.bytes(), name, { isTail: true })
    this.#cuts.push({ segment, bytes: segment.bytes })
  }

  /**
   * Offsets behind the end may have been seen, and will be given out again. Also where no tail is torn: a power cut takes
   * whole batches as well, and the file does not show it.
   */
  #raiseEpoch(): void {
    this.#log.epochs.begin(this.#log.epochs.latest + 1, this.#log.active.nextOffset)
    this.#epochRaised = true
  }

  // ------------------------------------------------------------------------------------------------------------- strays

  /** Files of segments that manifest and journal do not know. */
  #clearStrays(): void {
    const { context, quarantine } = this.#input
    const log = this.#log
    const known = new Set(log.allSegments.map(segment => segment.baseOffset))
    for (const name of context.disk.list(log.directory)) {
      const path = `${log.directory}/${name}`
      if (name.endsWith(deletedSuffix) || name.endsWith('.tmp')) context.disk.remove(path)
      const logBase = offsetOfFileName(name, segmentSuffixes.log)
      if (logBase !== undefined && !known.has(logBase)) {
        const isForgotten = logBase < log.logStartOffset || (context.disk.stat(path)?.bytes ?? 0) === 0
        context.pool.forget(path)
        if (isForgotten) context.disk.remove(path)
        else quarantine.move(path, `${nameOf(log.directory)}-${name}`)
      }
      const indexBase =
        offsetOfFileName(name, segmentSuffixes.index) ?? offsetOfFileName(name, segmentSuffixes.timeIndex)
      if (indexBase !== undefined && !known.has(indexBase)) context.disk.remove(path)
      const snapshotAt =
        offsetOfFileName(name, segmentSuffixes.snapshot) ?? offsetOfFileName(name, producerWindowSuffix)
      if (snapshotAt !== undefined && (snapshotAt > log.active.nextOffset || snapshotAt < log.logStartOffset))
        context.disk.remove(path)
    }
  }
}
