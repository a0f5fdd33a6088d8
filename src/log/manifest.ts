// Which segments there are and how far each partition was durable at the last checkpoint.
//   1  a file that the manifest names and the disk lacks is an error, never an empty log
//   2  bytes below a row's end were durable when it was written; the journal's groups since then lead on from there
//   3  two files take turns (generation mod 2), so a crash while one is written leaves the other
// Written by checkpoint.ts, read by recovery. One file for the directory: one sync, whatever the number of partitions.

import { DiskError, KafkaError } from '../base/errors.ts'
import type { Disk, DiskFile } from '../platform/platform.ts'
import { manifestFiles } from './layout.ts'
import { confirmFile, decodeSealed, encodeSealed, readWhole, type SealedKind } from './sealed-file.ts'

export interface SegmentRow {
  readonly baseOffset: number
  /** Durable bytes of the log file. */
  readonly bytes: number
  readonly maxTimestamp: number
  readonly offsetOfMaxTimestamp: number
  /** Of the first record, for rolling by time; -1 if empty. */
  readonly firstTimestamp: number
}

export interface PartitionRow {
  readonly topicId: string
  readonly topic: string
  readonly partition: number
  readonly logStartOffset: number
  /** The durable end: one past the last durable offset. */
  readonly nextOffset: number
  /** Oldest first; the last one is active. */
  readonly segments: readonly SegmentRow[]
  /** Corruption that was found and not repaired: it outlives restarts. */
  readonly degraded?: { readonly reason: string; readonly fromOffset: number }
  /** It was opted out of fsync when this was written: whole batches behind its end count, whatever the settings of the next start. */
  readonly isOptedOut?: boolean
}

export interface Manifest {
  readonly generation: number
  readonly partitions: readonly PartitionRow[]
}

const kind: SealedKind = { magic: 'VARVEMAN', version: 1, noun: 'the manifest' }

/** The newest whole manifest; `damaged` lists files that are there and cannot be read. Throws NEWER_FORMAT. */
export function readManifest(disk: Disk, directory: string): { manifest: Manifest | undefined; damaged: string[] } {
  let manifest: Manifest | undefined
  const damaged: string[] = []
  for (const name of manifestFiles) {
    const path = `${directory}/${name}`
    const bytes = readWhole(disk, path)
    if (bytes === undefined || bytes.length === 0) continue
    const found = decode(decodeSealed(kind, bytes, path))
    if (found === undefined) damaged.push(path)
    else if (manifest === undefined || found.generation > manifest.generation) manifest = found
  }
  return { manifest, damaged }
}

/**
 * Makes sure that the manifest a start has read is durable before the other file is written over: after a kill it may be in
 * the page cache only, its sync having failed, and a power cut would then leave neither.
 */
export async function confirmManifest(disk: Disk, directory: string, generation: number): Promise<void> {
  const path = `${directory}/${manifestFiles[generation % 2]}`
  const bytes = readWhole(disk, path)
  if (bytes !== undefined && decode(decodeSealed(kind, bytes, path))?.generation === generation)
    await confirmFile(disk, path)
}

export class ManifestWriter {
  readonly #disk: Disk
  readonly #directory: string
  readonly #files: (DiskFile | undefined)[] = [undefined, undefined]
  /** A file was made whose name is not durable yet; stays true over a write that found the disk full. */
  #isUnnamed = false
  generation: number

  constructor(disk: Disk, directory: string, generation: number) {
    this.#disk = disk
    this.#directory = directory
    this.generation = generation
  }

  /** Resolves with the new generation when it is durable. */
  async write(partitions: readonly PartitionRow[]): Promise<number> {
    const generation = this.generation + 1
    const slot = generation % 2
    const file = orRefuse(this.#path(slot), () => this.#file(slot))
    const bytes = encodeSealed(kind, [generation, partitions.map(encodeRow)])
    orRefuse(file.path, () => file.write([bytes], 0))
    await file.sync()
    if (this.#isUnnamed) await this.#disk.syncDirectory(this.#directory)
    this.#isUnnamed = false
    this.generation = generation
    return generation
  }

  close(): void {
    for (const file of this.#files) file?.close()
  }

  #file(slot: number): DiskFile {
    const open = this.#files[slot]
    if (open !== undefined) return open
    const isNew = this.#disk.stat(this.#path(slot)) === undefined
    const file = this.#disk.open(this.#path(slot), isNew ? 'create' : 'write')
    this.#files[slot] = file
    if (isNew) this.#isUnnamed = true
    return file
  }

  #path(slot: number): string {
    return `${this.#directory}/${manifestFiles[slot]}`
  }
}

/** The other slot is untouched: a full disk only means that this checkpoint has to be tried again. */
function orRefuse<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof DiskError) || error.errno !== 'ENOSPC') throw error
    throw new KafkaError('NOT_ENOUGH_REPLICAS', { message: 'the disk is full', cause: error, path })
  }
}

type PackedRow = [string, string, number, number, number, number[], [string, number] | null, boolean]

function encodeRow({
  topicId,
  topic,
  partition,
  logStartOffset,
  nextOffset,
  segments,
  degraded,
  isOptedOut = false,
}: PartitionRow): PackedRow {
  const flat: number[] = []
  for (const s of segments) flat.push(s.baseOffset, s.bytes, s.maxTimestamp, s.offsetOfMaxTimestamp, s.firstTimestamp)
  return [
    topicId,
    topic,
    partition,
    logStartOffset,
    nextOffset,
    flat,
    degraded ? [degraded.reason, degraded.fromOffset] : null,
    isOptedOut,
  ]
}

function decode(body: unknown): Manifest | undefined {
  if (!Array.isArray(body)) return undefined
  const [generation, rows] = body as [number, PackedRow[]]
  return { generation, partitions: rows.map(decodeRow) }
}

function decodeRow(row: PackedRow): PartitionRow {
  const [topicId, topic, partition, logStartOffset, nextOffset, flat, packed, isOptedOut] = row
  const segments: SegmentRow[] = []
  for (let i = 0; i < flat.length; i += 5) {
    const [baseOffset, bytes, maxTimestamp, offsetOfMaxTimestamp, firstTimestamp] = flat.slice(i, i + 5) as [
      number,
      number,
      number,
      number,
      number,
    ]
    segments.push({ baseOffset, bytes, maxTimestamp, offsetOfMaxTimestamp, firstTimestamp })
  }
  const degraded = packed ? { reason: packed[0], fromOffset: packed[1] } : undefined
  return { topicId, topic, partition, logStartOffset, nextOffset, segments, degraded, isOptedOut }
}
