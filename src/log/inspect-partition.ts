// One partition's files against what must be in them. Called by inspect-verify.ts; its head says what a problem is.
//   1  every batch that was acknowledged verifies, and each begins where the one before it ends
//   2  an index entry points at the batch that it names; a time index entry carries the largest timestamp so far
// Each log file is read once, in chunks; the indexes are held beside it.

import type { DiskFile } from '../platform/platform.ts'
import { baseOffsetOf, maxTimestampOf, nextOffsetOf, recordCountOf } from '../records/batch.ts'
import { walkBatches } from './batch-walk.ts'
import { IndexCheck } from './inspect-index.ts'
import { behindBadBatch } from './inspect-log-file.ts'
import type { VerifyContext } from './inspect-verify.ts'
import type { JournalEntry } from './journal-scan.ts'
import { leaderEpochFile, offsetFileName, offsetOfFileName, producerWindowSuffix, segmentSuffixes } from './layout.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { PartitionRow } from './manifest.ts'
import { decodeSnapshot, decodeWindow } from './producer-snapshot.ts'
import { readWhole } from './sealed-file.ts'

/** What must be in one segment. */
interface Expected {
  readonly baseOffset: number
  /** Durable at the last checkpoint: the segment's own bytes must verify up to here. */
  readonly durableBytes: number
  /** From there on, by position; a sound one may be damaged or missing in the segment. */
  readonly entries: readonly JournalEntry[]
  /** The next segment's base offset, or the manifest's end; undefined where only the journal knows. */
  readonly nextOffset: number | undefined
}

export function verifyPartition(
  context: VerifyContext,
  name: string,
  row: PartitionRow | undefined,
  entries: readonly JournalEntry[],
): void {
  const { counts } = context
  counts.partitions++
  if (row?.degraded !== undefined)
    context.problem(name, `degraded from offset ${row.degraded.fromOffset}: ${row.degraded.reason}`)
  const expected = expectedSegments(row, entries)
  for (const segment of expected) verifySegment(context, name, segment)
  verifyStrays(context, name, expected, row)
  verifyEpochs(context, name)
  verifySnapshots(context, name)
}

/** In the order in which each key first came. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function expectedSegments(row: PartitionRow | undefined, entries: readonly JournalEntry[]): Expected[] {
  const rows = row?.segments ?? []
  const byBase = groupBy(entries, entry => entry.segmentBase)
  const oldest = rows[0]?.baseOffset ?? 0
  const bases = new Set([...rows.map(segment => segment.baseOffset), ...byBase.keys()].filter(base => base >= oldest))
  const sorted = [...bases].sort((a, b) => a - b)
  return sorted.map((baseOffset, i) => ({
    baseOffset,
    durableBytes: rows.find(segment => segment.baseOffset === baseOffset)?.bytes ?? 0,
    entries: byBase.get(baseOffset) ?? [],
    nextOffset: sorted[i + 1] ?? (entries.length === 0 ? row?.nextOffset : undefined),
  }))
}

// -------------------------------------------------------------------------------------------------------------- segments

/** What the walk over a segment's file found. */
interface Walked {
  /** Where it ended: the file's end, or bytes that lead no further. */
  position: number
  nextOffset: number
  /** Half-open. */
  readonly damage: { readonly from: number; readonly to: number; readonly offset: number; readonly problem: string }[]
}

function verifySegment(context: VerifyContext, partition: string, expected: Expected): void {
  const { disk, root, counts } = context
  const path = `${partition}/${offsetFileName(expected.baseOffset, segmentSuffixes.log)}`
  const stat = disk.stat(`${root}/${path}`)
  if (stat === undefined) {
    if (expected.durableBytes > 0) context.problem(path, 'it is missing')
    else checkEntries(context, path, expected, { position: 0, nextOffset: expected.baseOffset, damage: [] })
    return
  }
  if (stat.bytes < expected.durableBytes)
    context.problem(path, `it has ${stat.bytes} bytes of ${expected.durableBytes} that were durable`)
  counts.segments++
  const index = new IndexCheck(context, partition, expected.baseOffset)
  const file = disk.open(`${root}/${path}`, 'read')
  try {
    const walked = walkSegment(context, file, expected.baseOffset, index)
    for (const { from, offset, problem } of walked.damage)
      if (from < expected.durableBytes) context.problem(path, `at byte ${from}, offset ${offset}: ${problem}`)
    const sureBytes = checkEntries(context, path, expected, walked)
    if (walked.position >= sureBytes) index.finish({ isCut: stat.bytes > walked.position })
    judgeTail(context, path, { walked, fileBytes: stat.bytes, sureBytes })
  } finally {
    file.close()
  }
}

/** A bad batch is passed over by its own length if a sound one follows it there. */
function walkSegment({ counts }: VerifyContext, file: DiskFile, baseOffset: number, index: IndexCheck): Walked {
  const walked: Walked = { position: 0, nextOffset: baseOffset, damage: [] }
  const to = file.bytes()
  let isBehindDamage = false
  for (;;) {
    const { position, problem } = walkBatches(
      file,
      { from: walked.position, to, verify: true },
      (buffer, at, from, bytes) => {
        const offset = baseOffsetOf(buffer, at)
        // Behind damage nobody knows which offset comes next; it only cannot be an earlier one.
        if (isBehindDamage ? offset < walked.nextOffset : offset !== walked.nextOffset)
          walked.damage.push({
            from,
            to: from + bytes,
            offset: walked.nextOffset,
            problem: `a batch of offset ${offset} is here`,
          })
        isBehindDamage = false
        walked.nextOffset = nextOffsetOf(buffer, at)
        walked.position = from + bytes
        index.visit(from, walked.nextOffset - 1, maxTimestampOf(buffer, at))
        counts.batches++
        counts.records += recordCountOf(buffer, at)
        counts.bytes += bytes
      },
    )
    if (problem === 'ok') return walked
    const next = behindBadBatch(file, position, to)
    walked.damage.push({ from: position, to: next ?? to, offset: walked.nextOffset, problem })
    if (next === undefined) return walked
    index.passOver(position)
    walked.position = next
    isBehindDamage = true
  }
}

/** Every entry is in the segment or sound in the journal, and they follow each other. Returns where they end. */
function checkEntries(context: VerifyContext, path: string, expected: Expected, walked: Walked): number {
  const isInSegment = ({ position, bytes }: JournalEntry): boolean =>
    position + bytes <= walked.position &&
    !walked.damage.some(({ from, to }) => from < position + bytes && position < to)
  let end = expected.durableBytes
  let rewritten = 0
  for (const entry of expected.entries) {
    if (entry.position + entry.bytes <= expected.durableBytes) continue
    if (!isInSegment(entry)) {
      if (entry.sound && !entry.isDirect) rewritten++
      else context.problem(path, `offset ${entry.baseOffset}: damaged in the journal, and not in the segment`)
    }
    if (entry.position > end && entry.position > walked.position)
      context.problem(path, `acknowledged batches are missing before offset ${entry.baseOffset}`)
    end = Math.max(end, entry.position + entry.bytes)
  }
  context.counts.onlyInJournal += rewritten
  if (rewritten > 0) context.note(path, `${rewritten} batches are only in the journal: a start writes them here`)
  const isWhole = rewritten === 0 && walked.damage.length === 0 && walked.position >= end
  if (isWhole && expected.nextOffset !== undefined && walked.nextOffset < expected.nextOffset)
    context.problem(path, `it ends at offset ${walked.nextOffset}, and ${expected.nextOffset} comes next`)
  return end
}

function judgeTail(
  context: VerifyContext,
  path: string,
  { walked, fileBytes, sureBytes }: { walked: Walked; fileBytes: number; sureBytes: number },
): void {
  if (fileBytes <= sureBytes) return
  const behind = fileBytes - sureBytes
  const bad = walked.damage.find(({ to }) => to > sureBytes)
  if (context.isClean) context.problem(path, `${behind} bytes behind its end, after a clean stop`)
  else if (context.unknownLoss && bad !== undefined)
    context.problem(path, `at byte ${bad.from}: ${bad.problem}; the journal lost groups that could tell more`)
  else
    context.note(
      path,
      `${behind} bytes behind what the journal knows: not acknowledged, or of a topic opted out of fsync`,
    )
}

// ---------------------------------------------------------------------------------------------------------- other files

function verifyStrays(
  context: VerifyContext,
  partition: string,
  expected: readonly Expected[],
  row: PartitionRow | undefined,
): void {
  const known = new Set(expected.map(segment => segment.baseOffset))
  for (const name of context.disk.list(`${context.root}/${partition}`)) {
    const base = offsetOfFileName(name, segmentSuffixes.log)
    if (base === undefined || known.has(base)) continue
    const stat = context.disk.stat(`${context.root}/${partition}/${name}`)
    if (stat === undefined || stat.bytes === 0) continue
    const isForgotten = base < (row?.logStartOffset ?? 0)
    context.note(
      `${partition}/${name}`,
      isForgotten ? 'forgotten by retention, to be removed' : 'neither manifest nor journal know it: a start judges it',
    )
  }
}

function verifyEpochs(context: VerifyContext, partition: string): void {
  const path = `${partition}/${leaderEpochFile}`
  const bytes = readWhole(context.disk, `${context.root}/${path}`)
  if (bytes !== undefined && LeaderEpochs.decode(bytes.toString('latin1')) === undefined) {
    if (context.isClean) context.problem(path, 'it does not read')
    else context.note(path, 'it does not read: it may not have been finished')
  }
}

/** Caches of producers: a damaged one is passed over and the log is walked instead. */
function verifySnapshots(context: VerifyContext, partition: string): void {
  for (const name of context.disk.list(`${context.root}/${partition}`)) {
    const path = `${partition}/${name}`
    const isSnapshot = offsetOfFileName(name, segmentSuffixes.snapshot) !== undefined
    if (!isSnapshot && offsetOfFileName(name, producerWindowSuffix) === undefined) continue
    const bytes = readWhole(context.disk, `${context.root}/${path}`) ?? Buffer.alloc(0)
    const isWhole = (isSnapshot ? decodeSnapshot(bytes) : decodeWindow(bytes, path)) !== undefined
    if (isWhole) continue
    if (context.isClean) context.problem(path, 'it does not read; a start walks the log instead')
    else context.note(path, 'it does not read: it was not finished; a start walks the log instead')
  }
}
