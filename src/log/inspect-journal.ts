// The commit journal as rows: its header, the groups of this ring in the order of their sequence, the entries of each and,
// if asked for, their records: after a crash the newest ones may be nowhere else.
//   state 'live'           since the last checkpoint: a start would replay it
//   state 'checkpointed'   its batches are durable in their segments, its space may be used again
// Called by inspect.ts.

import { uuidFromBytes } from '../base/names.ts'
import type { Disk, DiskFile } from '../platform/platform.ts'
import type { InspectedRow, InspectOptions } from './inspect.ts'
import { recordRows } from './inspect-log-file.ts'
import {
  batchMatchesEntry,
  type EntryHeader,
  entryHeaderBytes,
  type GroupHeader,
  groupHeaderBytes,
  groupHeadIsSound,
  type JournalHeader,
  padToPage,
  pageBytes,
  peekGroup,
  readEntryHeader,
  ringStart,
} from './journal-format.ts'
import { readJournalHeader, scanJournal } from './journal-scan.ts'

interface FoundGroup {
  readonly header: GroupHeader
  readonly position: number
  readonly head: Buffer
}

export function* inspectJournal(disk: Disk, path: string, { records }: InspectOptions): Generator<InspectedRow[]> {
  const file = disk.open(path, 'read')
  try {
    const header = readJournalHeader(file)
    if (header === undefined) {
      yield [{ kind: 'problem', problem: 'neither header of the commit journal can be read' }]
      return
    }
    yield [headerRow(header)]
    const scan = scanJournal(file, header)
    yield scan.damage.map(problem => ({ kind: 'problem', problem }))
    for (const group of groupsOf(file, header)) yield* groupRows(file, group, header, { live: scan.groups, records })
  } finally {
    file.close()
  }
}

function headerRow(header: JournalHeader): InspectedRow {
  return { kind: 'journal', ...header, salt: header.salt.toString('hex') }
}

/** Every group of this ring whose head is sound, wherever it lies; nothing of earlier rings, which had another salt. */
function groupsOf(file: DiskFile, header: JournalHeader): FoundGroup[] {
  const end = Math.min(file.bytes(), ringStart + header.ringBytes)
  const groups: FoundGroup[] = []
  for (let position = ringStart; position + groupHeaderBytes <= end; ) {
    const group = groupAt(file, header.salt, position, end)
    if (group !== undefined) groups.push(group)
    position += group === undefined ? pageBytes : padToPage(groupHeaderBytes + group.header.payloadBytes)
  }
  return groups.sort((a, b) => a.header.sequence - b.header.sequence)
}

function groupAt(file: DiskFile, salt: Buffer, position: number, end: number): FoundGroup | undefined {
  const page = Buffer.alloc(groupHeaderBytes)
  if (file.read(page, position) !== groupHeaderBytes) return undefined
  const header = peekGroup(page, salt)
  if (header === undefined) return undefined
  const headersBytes = header.entryCount * entryHeaderBytes
  if (headersBytes > header.payloadBytes || position + groupHeaderBytes + header.payloadBytes > end) return undefined
  const head = Buffer.alloc(groupHeaderBytes + headersBytes)
  const isWhole = file.read(head, position) === head.length
  return isWhole && groupHeadIsSound(head, header) ? { header, position, head } : undefined
}

function* groupRows(
  file: DiskFile,
  { header, position, head }: FoundGroup,
  journal: JournalHeader,
  { live, records }: { live: number; records: boolean },
): Generator<InspectedRow[]> {
  const { sequence, previousChecksum, entryCount, payloadBytes, checksum } = header
  const nth = sequence - journal.tailSequence
  const state = nth < 0 ? 'checkpointed' : nth < live ? 'live' : 'beyond the end'
  yield [{ kind: 'group', sequence, state, entries: entryCount, position, payloadBytes, previousChecksum, checksum }]
  let journalPosition = position + head.length
  for (let i = 0; i < entryCount; i++) {
    const entry = readEntryHeader(head, groupHeaderBytes + i * entryHeaderBytes)
    yield entryRows(file, entry, journalPosition, records)
    if (!entry.isDirect) journalPosition += entry.bytes
  }
}

function entryRows(file: DiskFile, entry: EntryHeader, journalPosition: number, records: boolean): InspectedRow[] {
  if (entry.isDirect) return [{ kind: 'entry', ...entry, topicId: uuidFromBytes(entry.topicId) }]
  const batch = Buffer.alloc(entry.bytes)
  const sound = file.read(batch, journalPosition) === entry.bytes && batchMatchesEntry(batch, entry)
  const row = { kind: 'entry', ...entry, topicId: uuidFromBytes(entry.topicId), journalPosition, sound }
  return records && sound ? [row, ...recordRows(batch)] : [row]
}
