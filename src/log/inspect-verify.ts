// Is everything that was acknowledged there, byte for byte? Reads a whole data directory and changes nothing.
//
//   problem   something acknowledged is missing, damaged or contradicts itself; or a cache that reads would trust is wrong
//   note      a start puts it right without loss: an unacknowledged tail, a cache that was not finished, a stray file
//
//   1  what must be there: the rows of the manifest (durable at the last checkpoint) and, above them, the sound entries of the
//      journal; a batch that the journal holds may lack in its segment, a start writes it again
//   2  after a clean stop the files are exactly what the manifest says
// Called by `varve log verify`. Recovery decides the same from the same sources (partition-recovery.ts).

import { registryTopic } from '../base/names.ts'
import type { Disk } from '../platform/platform.ts'
import { isCleanlyStopped } from './directory-files.ts'
import { groupBy, verifyPartition } from './inspect-partition.ts'
import type { JournalEntry, JournalScan } from './journal-scan.ts'
import { readJournalHeader, scanJournal } from './journal-scan.ts'
import {
  isDeletedDirectory,
  journalFile,
  metaPropertiesFile,
  offsetOfFileName,
  parsePartitionDirectory,
  quarantineDirectory,
  segmentSuffixes,
} from './layout.ts'
import { type PartitionRow, readManifest } from './manifest.ts'
import { topicIdOfDirectory } from './partition-directory.ts'

export interface Finding {
  readonly severity: 'problem' | 'note'
  /** Inside the directory. */
  readonly path: string
  readonly finding: string
}

export interface VerifyCounts {
  partitions: number
  segments: number
  batches: number
  records: number
  bytes: number
  indexEntries: number
  journalGroups: number
  /** Batches that a start would write into their segments. */
  onlyInJournal: number
}

export interface VerifyReport {
  readonly isClean: boolean
  readonly findings: readonly Finding[]
  readonly counts: VerifyCounts
}

/** What the checks of a partition share. */
export interface VerifyContext {
  readonly disk: Disk
  readonly root: string
  readonly isClean: boolean
  /** Acknowledged groups of the journal are unreadable: segments may hold more than the journal tells. */
  readonly unknownLoss: boolean
  readonly counts: VerifyCounts
  problem(path: string, finding: string): void
  note(path: string, finding: string): void
}

/** True also for a damaged one: opening or verifying it says what is wrong. */
export function isDataDirectory(disk: Disk, path: string): boolean {
  return disk.list(path).some(name => name === metaPropertiesFile || name.startsWith('varve-'))
}

/** `visited` is called before each partition, for progress. Throws NEWER_FORMAT, DiskError. */
export function verifyDirectory(
  disk: Disk,
  root: string,
  visited: (partition: string) => void = () => {},
): VerifyReport {
  const findings: Finding[] = []
  const counts = {
    partitions: 0,
    segments: 0,
    batches: 0,
    records: 0,
    bytes: 0,
    indexEntries: 0,
    journalGroups: 0,
    onlyInJournal: 0,
  }
  const isClean = isCleanlyStopped(disk, root)
  const base = {
    disk,
    root,
    isClean,
    counts,
    problem: (path: string, finding: string) => void findings.push({ severity: 'problem', path, finding }),
    note: (path: string, finding: string) => void findings.push({ severity: 'note', path, finding }),
  }
  const { manifest, damaged } = readManifest(disk, root)
  const scan = readJournal(base, manifest !== undefined)
  const context = { ...base, unknownLoss: scan?.unknownLoss ?? false }
  judgeManifest(context, manifest?.generation, damaged, scan)
  judgeTop(context)
  const rows = new Map((manifest?.partitions ?? []).map(row => [key(row), row]))
  const entries = groupBy(scan?.entries ?? [], key)
  for (const name of disk.list(root)) {
    if (disk.stat(`${root}/${name}`)?.isDirectory !== true) continue
    if (parsePartitionDirectory(name) === undefined) judgeOther(context, name)
    else {
      visited(name)
      judgePartition(context, name, rows, entries)
    }
  }
  judgeMissing(context, rows, entries)
  return { isClean, findings, counts }
}

type Base = Omit<VerifyContext, 'unknownLoss'>

// --------------------------------------------------------------------------------------------------- journal, manifest, top

function readJournal(context: Base, hasManifest: boolean): JournalScan | undefined {
  const { disk, root, isClean } = context
  const path = `${root}/${journalFile}`
  if (disk.stat(path) === undefined) {
    if (hasManifest && !isClean)
      context.problem(
        journalFile,
        'it is gone and the last stop was not a clean one: acknowledged records may have been in it',
      )
    return undefined
  }
  const file = disk.open(path, 'read')
  try {
    const header = readJournalHeader(file)
    if (header === undefined) {
      if (hasManifest) context.problem(journalFile, 'neither of its headers can be read')
      else context.note(journalFile, 'it was never finished; a start makes a new one')
      return undefined
    }
    const scan = scanJournal(file, header)
    context.counts.journalGroups = scan.groups
    for (const damage of scan.damage) context.problem(journalFile, damage)
    if (isClean && scan.entries.length > 0)
      context.problem(journalFile, `${scan.entries.length} entries to replay beside the mark of a clean stop`)
    return scan
  } finally {
    file.close()
  }
}

function judgeManifest(
  context: VerifyContext,
  generation: number | undefined,
  damaged: readonly string[],
  scan: JournalScan | undefined,
): void {
  const wanted = scan?.header.manifestGeneration ?? 0
  if (generation === undefined && wanted > 0)
    context.problem('varve-manifest', 'none can be read: which segments there are is not known')
  else if ((generation ?? 0) < wanted)
    context.problem('varve-manifest', `the newest that can be read is ${generation}, the journal goes with ${wanted}`)
  for (const path of damaged)
    context.note(
      path.slice(context.root.length + 1),
      'it cannot be read; the other one counts (a crash while it was written?)',
    )
}

function judgeTop({ disk, root, note }: VerifyContext): void {
  if (disk.list(root).length > 0 && disk.stat(`${root}/${metaPropertiesFile}`) === undefined)
    note(metaPropertiesFile, 'it is missing: a start would choose a new cluster id')
}

function judgeOther({ disk, root, note }: VerifyContext, name: string): void {
  if (isDeletedDirectory(name)) note(name, 'a deleted topic, to be removed by the next checkpoint')
  else if (name === quarantineDirectory) {
    const files = disk.list(`${root}/${name}`)
    if (files.length > 0) note(name, `${files.length} files that earlier starts have set aside`)
  }
}

// ------------------------------------------------------------------------------------------------------------ partitions

type Rows = Map<string, PartitionRow>
type Entries = Map<string, JournalEntry[]>

/** Takes what belongs to the directory out of `rows` and `entries`. */
function judgePartition(context: VerifyContext, name: string, rows: Rows, entries: Entries): void {
  const { disk, root } = context
  const { topic, partition } = parsePartitionDirectory(name) as { topic: string; partition: number }
  const topicId = topicIdOfDirectory(disk, `${root}/${name}`)
  const claimed = topicId === undefined ? '' : key({ topicId, partition })
  const row = rows.get(claimed)
  const own = entries.get(claimed) ?? []
  rows.delete(claimed)
  entries.delete(claimed)
  if (row !== undefined || own.length > 0 || topic === registryTopic) return verifyPartition(context, name, row, own)
  const hasRecords = disk
    .list(`${root}/${name}`)
    .some(
      file =>
        offsetOfFileName(file, segmentSuffixes.log) !== undefined &&
        (disk.stat(`${root}/${name}/${file}`)?.bytes ?? 0) > 0,
    )
  if (topicId === undefined)
    return hasRecords
      ? context.problem(name, 'partition.metadata is missing or damaged: a start sets the directory aside')
      : context.note(name, 'it was never finished and is empty')
  verifyPartition(context, name, undefined, [])
}

function judgeMissing(context: VerifyContext, rows: Rows, entries: Entries): void {
  const parked = context.disk.list(context.root).filter(isDeletedDirectory)
  const isDeleted = (topicId: string): boolean => parked.some(name => name.includes(`.${topicId}-`))
  for (const row of rows.values())
    if (row.nextOffset > row.logStartOffset && !isDeleted(row.topicId))
      context.problem(`${row.topic}-${row.partition}`, 'the directory is missing')
  for (const [id, own] of entries)
    if (!rows.has(id) && !isDeleted((own[0] as JournalEntry).topicId))
      context.problem(journalFile, `${own.length} acknowledged batches for ${id}, which has no directory`)
}

const key = ({ topicId, partition }: { topicId: string; partition: number }): string => `${topicId}-${partition}`
