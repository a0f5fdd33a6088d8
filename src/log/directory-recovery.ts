// The start of a data directory: what the manifest and the journal say, handed to each partition, and what nobody claims.
//   1  the registry decides which topics exist; journal entries of ids that it does not know are dropped
//   2  nothing is removed or cut before its copy in quarantine/ is durable; a damaged ring is copied there whole
//   3  directories: of a deleted topic, removed; of a topic that never became true and is empty, removed; else set aside
// Used by log-directory.ts between open and finishRecovery().

import type { Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import type { Disk, DiskFile, Platform } from '../platform/platform.ts'
import type { LogContext } from './context.ts'
import { type FoundJournal, findJournal } from './journal-open.ts'
import type { JournalEntry } from './journal-scan.ts'
import {
  deletedDirectoryName,
  journalFile,
  manifestFiles,
  offsetOfFileName,
  parsePartitionDirectory,
  segmentSuffixes,
  topicIdOfDeleted,
} from './layout.ts'
import { type Manifest, type PartitionRow, readManifest } from './manifest.ts'
import { nameOf, topicIdOfDirectory } from './partition-directory.ts'
import type { DiskPartitionLog, PartitionIdentity } from './partition-log.ts'
import { type Cut, recoverPartition } from './partition-recovery.ts'
import { Quarantine } from './quarantine.ts'
import type { RecoveryReport } from './types.ts'

interface Problem {
  readonly path: string
  readonly problem: string
}

export interface Settled {
  readonly orphanRows: PartitionRow[]
  /** To be synced before the manifest speaks of them. */
  readonly files: string[]
  readonly directories: string[]
  /** Directories of deleted topics. They go last: what says that they are deleted may be in the page cache only. */
  readonly removals: string[]
}

export class DirectoryRecovery {
  readonly journal: FoundJournal | undefined
  readonly #disk: Disk
  readonly #clock: Platform['clock']
  readonly #root: string
  readonly #isClean: boolean
  readonly #quarantine: Quarantine
  readonly #startedMs: number
  readonly #rows = new Map<string, PartitionRow>()
  readonly #entries = new Map<string, JournalEntry[]>()
  readonly #cuts: Cut[] = []
  readonly #raised: DiskPartitionLog[] = []
  readonly #unsyncedFiles: string[] = []
  readonly #problems: Problem[] = []
  /** The manifest is older than the journal's tail: what lay between is known only to the segments. */
  readonly #unknownLoss: boolean
  readonly manifestGeneration: number

  constructor({ disk, clock }: Platform, root: string, isClean: boolean) {
    this.#disk = disk
    this.#clock = clock
    this.#root = root
    this.#isClean = isClean
    this.#quarantine = new Quarantine(disk, clock, root)
    this.#startedMs = clock.monotonic()
    const { manifest, damaged } = readManifest(disk, root)
    const isNew = this.#isNew(manifest, damaged)
    this.journal = findJournal(disk, root, { isClean, isNew })
    // 0: the first start never came to its first manifest, so nothing was ever acknowledged.
    const wanted = this.journal?.scan.header.manifestGeneration ?? (isNew ? 0 : 1)
    if (manifest === undefined && wanted > 0) {
      this.abandon()
      throw new KafkaError('DIRECTORY_CORRUPT', {
        message: 'no manifest can be read: which segments there are is not known',
        path: root,
      })
    }
    const isOld = (manifest?.generation ?? 0) < wanted
    const newest = manifestFiles[wanted % 2] as string
    if (isOld) this.#problem(newest, `the newest manifest ${damaged.length > 0 ? 'cannot be read' : 'is missing'}`)
    for (const problem of this.journal?.scan.damage ?? []) this.#problem(journalFile, problem)
    this.#unknownLoss = (this.journal?.scan.unknownLoss ?? false) || isOld
    // The next one goes where the damaged one lies, not over the only one that can be read.
    this.manifestGeneration = isOld ? wanted + 1 : (manifest?.generation ?? 0)
    for (const row of manifest?.partitions ?? []) this.#rows.set(key(row), row)
    for (const entry of this.journal?.scan.entries ?? []) this.#collect(entry)
  }

  /** Nothing has ever been acknowledged here. */
  #isNew(manifest: Manifest | undefined, damaged: readonly string[]): boolean {
    return (
      manifest === undefined &&
      damaged.length === 0 &&
      !this.#disk.list(this.#root).some(name => parsePartitionDirectory(name) !== undefined && this.#hasRecords(name))
    )
  }

  #hasRecords(name: string): boolean {
    const directory = `${this.#root}/${name}`
    if (this.#disk.stat(directory)?.isDirectory !== true) return false // our manifests' names are of that form
    const logs = this.#disk.list(directory).filter(file => offsetOfFileName(file, segmentSuffixes.log) !== undefined)
    return logs.some(file => (this.#disk.stat(`${directory}/${file}`)?.bytes ?? 0) > 0)
  }

  #collect(entry: JournalEntry): void {
    const entries = this.#entries.get(key(entry))
    if (entries === undefined) this.#entries.set(key(entry), [entry])
    else entries.push(entry)
  }

  recover(identity: PartitionIdentity, settings: Settings, context: LogContext): DiskPartitionLog {
    const row = this.#rows.get(key(identity))
    const { log, cuts, epochRaised, unsyncedFiles } = recoverPartition({
      identity,
      settings,
      context,
      row,
      entries: this.#entries.get(key(identity)) ?? [],
      journalFile: this.journal?.file,
      isClean: this.#isClean,
      unknownLoss: this.#unknownLoss,
      quarantine: this.#quarantine,
    })
    this.#rows.delete(key(identity))
    this.#cuts.push(...cuts)
    this.#unsyncedFiles.push(...unsyncedFiles)
    if (epochRaised) this.#raised.push(log)
    log.isTouched = !this.#isClean || cuts.length > 0
    if (log.degraded !== undefined) this.#problem(nameOf(log.directory), log.degraded.reason)
    return log
  }

  /** Quarantine durable, then cuts, then names. Returns what the manifest keeps, and what needs a sync before it. */
  async settle(logs: ReadonlySet<DiskPartitionLog>, isDeleted: (topicId: string) => boolean): Promise<Settled> {
    const orphanRows = [...this.#rows.values()].filter(row => !isDeleted(row.topicId) && row.nextOffset > 0)
    for (const row of orphanRows)
      this.#problem(
        `${row.topic}-${row.partition}`,
        'the manifest has this partition and the registry does not: it is kept, and not served',
      )
    if (this.#problems.length > 0) this.#copyJournal()
    const removals = this.#judgeDirectories(logs, orphanRows, isDeleted)
    await this.#quarantine.sync()
    for (const log of this.#raised) await log.writeLeaderEpochs() // first: after the cut nobody sees that it was due
    for (const { segment, bytes } of this.#cuts) {
      segment.file().truncate(bytes)
      segment.markDirty()
    }
    return {
      orphanRows,
      removals,
      files: this.#unsyncedFiles,
      directories: [...[...logs].filter(() => !this.#isClean).map(log => log.directory), this.#root],
    }
  }

  report(): RecoveryReport {
    return {
      clean: this.#isClean,
      groupsReplayed: this.journal?.scan.groups ?? 0,
      bytesReplayed: this.journal?.scan.bytes ?? 0,
      bytesQuarantined: this.#quarantine.bytes,
      problems: this.#problems,
      durationMs: this.#clock.monotonic() - this.#startedMs,
    }
  }

  /** The directory is closed before recovery ended: nothing was changed that another start would miss. */
  abandon(): void {
    this.journal?.file.close()
  }

  #copyJournal(): void {
    const file: DiskFile | undefined = this.journal?.file
    if (file !== undefined && (this.journal?.scan.groups ?? 0) + (this.journal?.scan.damage.length ?? 0) > 0)
      this.#quarantine.copy(file, 0, file.bytes(), journalFile, { isTail: false })
  }

  #judgeDirectories(
    logs: ReadonlySet<DiskPartitionLog>,
    orphanRows: readonly PartitionRow[],
    isDeleted: (topicId: string) => boolean,
  ): string[] {
    const claimed = new Set([...logs].map(log => nameOf(log.directory)))
    for (const row of orphanRows) claimed.add(`${row.topic}-${row.partition}`)
    const removals: string[] = []
    for (const name of this.#disk.list(this.#root)) {
      const path = `${this.#root}/${name}`
      if (claimed.has(name) || this.#disk.stat(path)?.isDirectory !== true) continue
      const parkedId = topicIdOfDeleted(name)
      if (parkedId !== undefined || parsePartitionDirectory(name) !== undefined) {
        const topicId = parkedId ?? topicIdOfDirectory(this.#disk, path)
        const isOver = (topicId !== undefined && isDeleted(topicId)) || !this.#hasRecords(name)
        // Without metadata and unknown to the manifest: it never came to its first checkpoint, and its topic is not there.
        if (topicId === undefined && !isOver) this.#quarantine.move(path, name)
        else if (isOver) removals.push(topicId === undefined ? path : this.#park(name, topicId))
        else {
          this.#problem(name, 'no topic of this directory has it: set aside')
          this.#quarantine.move(path, name)
        }
      }
    }
    return removals
  }

  /** Under a name that says whose it was: when only a part of it is removed by a power cut, its metadata may be the first to go. */
  #park(name: string, topicId: string): string {
    const partition = parsePartitionDirectory(name)
    if (partition === undefined) return `${this.#root}/${name}` // it has such a name
    const parked = `${this.#root}/${deletedDirectoryName(partition.topic, partition.partition, topicId)}`
    if (this.#disk.stat(parked) !== undefined) return `${this.#root}/${name}`
    this.#disk.rename(`${this.#root}/${name}`, parked)
    return parked
  }

  #problem(path: string, problem: string): void {
    this.#problems.push({ path, problem })
  }
}

const key = ({ topicId, partition }: { topicId: string; partition: number }): string => `${topicId}-${partition}`
