// Reads the journal back after a stop: which groups are whole, where the chain ends, and whether that end is a torn write
// or corruption.
//
//   the group at the end of the chain   a valid group with a later sequence exists   verdict
//   -------------------------------------------------------------------------------------------------------------------
//   whole                               -                                            replay, go on
//   absent, torn or damaged             no                                           the end: it was never acknowledged
//   absent or damaged                   yes                                          CORRUPT: what is sound is replayed,
//                                                                                    `damage` says what is not
// A group is written only after its predecessor is durable, so a later valid group proves that this one was acknowledged.
// Called by journal-open.ts and `varve log verify`; it changes nothing.

import { uuidFromBytes } from '../base/names.ts'
import type { DiskFile } from '../platform/platform.ts'
import {
  batchMatchesEntry,
  decodeSlot,
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

export interface JournalEntry extends Omit<EntryHeader, 'topicId'> {
  readonly topicId: string
  /** Where the batch lies in the journal's file. */
  readonly journalPosition: number
  /** False: the batch's bytes in the journal are damaged; its segment may still have them. A direct one has none here. */
  readonly sound: boolean
}

export interface JournalScan {
  readonly header: JournalHeader
  /** In the order in which they became true. */
  readonly entries: readonly JournalEntry[]
  readonly groups: number
  readonly bytes: number
  /** What was found wrong with acknowledged groups; empty if the ring is sound. */
  readonly damage: readonly string[]
  /** Some acknowledged groups are unreadable: nobody knows which partitions they touched. */
  readonly unknownLoss: boolean
}

interface Group {
  readonly header: GroupHeader
  readonly position: number
  readonly entries: JournalEntry[]
}

/** undefined if neither slot is readable. Throws NEWER_FORMAT. */
export function readJournalHeader(file: DiskFile): JournalHeader | undefined {
  const slots = [0, 1].map(slot => {
    const bytes = Buffer.alloc(pageBytes)
    return file.read(bytes, slot * pageBytes) === pageBytes ? decodeSlot(bytes, file.path) : undefined
  })
  const [first, second] = slots
  if (first === undefined || second === undefined) return first ?? second
  return first.generation > second.generation ? first : second
}

export function scanJournal(file: DiskFile, header: JournalHeader): JournalScan {
  const ring = new RingReader(file, header)
  const chain: Group[] = []
  let position = header.tailPosition
  let sequence = header.tailSequence
  let previousChecksum = header.tailPreviousChecksum
  for (;;) {
    const follows = (group: GroupHeader) => group.sequence === sequence && group.previousChecksum === previousChecksum
    const group = ring.groupAt(position, follows) ?? ring.groupAt(ringStart, follows)
    if (group === undefined || group.entries.some(entry => !entry.sound)) break
    chain.push(group)
    position = group.position + groupBytesOnDisk(group.header)
    sequence += 1
    previousChecksum = group.header.checksum
  }
  const later = ring.groupsFrom(sequence)
  const proven = later.some(group => group.header.sequence > sequence && group.entries.every(entry => entry.sound))
  const scan = proven ? corruptScan(header, chain, later, sequence) : soundScan(header, chain)
  // Its header speaks of the ring's end only when all of it is durable.
  if (file.bytes() >= ringStart + header.ringBytes) return scan
  return { ...scan, damage: [...scan.damage, 'the file is shorter than its ring'], unknownLoss: true }
}

function soundScan(header: JournalHeader, groups: Group[]): JournalScan {
  return { header, ...contentsOf(groups), damage: [], unknownLoss: false }
}

function corruptScan(header: JournalHeader, chain: Group[], later: Group[], sequence: number): JournalScan {
  // The newest group of all may itself be torn: without its own successor nothing in it was acknowledged for certain,
  // but what verifies may be kept, and what does not is named.
  const bySequence = new Map(later.map(group => [group.header.sequence, group]))
  const lastSequence = Math.max(...bySequence.keys())
  const damage: string[] = []
  const missing: number[] = []
  const groups = [...chain]
  for (let at = sequence; at <= lastSequence; at++) {
    const group = bySequence.get(at)
    if (group === undefined) missing.push(at)
    else groups.push(group)
    for (const entry of group?.entries ?? [])
      if (!entry.sound)
        damage.push(
          `group ${at}: the batch at offset ${entry.baseOffset} of ${entry.topicId}-${entry.partition} is damaged`,
        )
  }
  if (missing.length > 0)
    damage.push(`group ${missing[0]}${missing.length > 1 ? ` to ${missing.at(-1)}` : ''} cannot be read`)
  return { header, ...contentsOf(groups), damage, unknownLoss: missing.length > 0 }
}

function contentsOf(groups: Group[]): Pick<JournalScan, 'entries' | 'groups' | 'bytes'> {
  const entries: JournalEntry[] = []
  for (const group of groups) for (const entry of group.entries) entries.push(entry)
  return { entries, groups: groups.length, bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0) }
}

const groupBytesOnDisk = (header: GroupHeader): number => padToPage(groupHeaderBytes + header.payloadBytes)

class RingReader {
  readonly #file: DiskFile
  readonly #header: JournalHeader
  readonly #ringEnd: number
  readonly #page = Buffer.alloc(groupHeaderBytes)
  #batch = Buffer.allocUnsafe(0)

  constructor(file: DiskFile, header: JournalHeader) {
    this.#file = file
    this.#header = header
    this.#ringEnd = Math.min(file.bytes(), ringStart + header.ringBytes)
  }

  /** The group at a position if its head is sound and it is the wanted one; its batches are judged one by one. */
  groupAt(position: number, wanted: (header: GroupHeader) => boolean): Group | undefined {
    const header = this.#peek(position)
    if (header === undefined || !wanted(header)) return undefined
    const headBytes = groupHeaderBytes + header.entryCount * entryHeaderBytes
    if (
      header.entryCount * entryHeaderBytes > header.payloadBytes ||
      position + groupHeaderBytes + header.payloadBytes > this.#ringEnd
    )
      return undefined
    const head = Buffer.allocUnsafe(headBytes)
    if (this.#file.read(head, position) !== headBytes || !groupHeadIsSound(head, header)) return undefined
    return { header, position, entries: this.#entries(head, header, position + headBytes) }
  }

  /** Every group in the ring with a sound head and a sequence ≥ `sequence`, wherever it lies. */
  groupsFrom(sequence: number): Group[] {
    const groups: Group[] = []
    for (let position = ringStart; position + groupHeaderBytes <= this.#ringEnd; ) {
      const group = this.groupAt(position, header => header.sequence >= sequence)
      if (group !== undefined) groups.push(group)
      position += group === undefined ? pageBytes : groupBytesOnDisk(group.header)
    }
    return groups
  }

  #peek(position: number): GroupHeader | undefined {
    if (position + groupHeaderBytes > this.#ringEnd || this.#file.read(this.#page, position) !== groupHeaderBytes)
      return undefined
    return peekGroup(this.#page, this.#header.salt)
  }

  #entries(head: Buffer, header: GroupHeader, batchesAt: number): JournalEntry[] {
    const entries: JournalEntry[] = []
    let journalPosition = batchesAt
    for (let i = 0; i < header.entryCount; i++) {
      const entry = readEntryHeader(head, groupHeaderBytes + i * entryHeaderBytes)
      const sound = entry.isDirect || this.#isWhole(entry, journalPosition)
      entries.push({ ...entry, topicId: uuidFromBytes(entry.topicId), journalPosition, sound })
      if (!entry.isDirect) journalPosition += entry.bytes
    }
    return entries
  }

  #isWhole(entry: EntryHeader, journalPosition: number): boolean {
    if (journalPosition + entry.bytes > this.#ringEnd) return false
    if (this.#batch.length < entry.bytes) this.#batch = Buffer.allocUnsafe(Math.max(entry.bytes, 65_536))
    const bytes = this.#batch.subarray(0, entry.bytes)
    return this.#file.read(bytes, journalPosition) === entry.bytes && batchMatchesEntry(bytes, entry)
  }
}
