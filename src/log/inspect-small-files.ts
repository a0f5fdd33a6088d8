// Indexes, producer snapshots, manifests and Kafka's text files as rows. Called by inspect.ts.

import type { Disk } from '../platform/platform.ts'
import type { InspectedRow } from './inspect.ts'
import { offsetOfFileName, segmentSuffixes } from './layout.ts'
import { type PartitionRow, readManifest } from './manifest.ts'
import { nameOf } from './partition-directory.ts'
import { decodeSnapshot, decodeWindow } from './producer-snapshot.ts'
import type { ProducerState } from './producer-state.ts'
import { readWhole } from './sealed-file.ts'
import { OffsetIndex, TimeIndex } from './sparse-index.ts'

export function* inspectOffsetIndex(disk: Disk, path: string): Generator<InspectedRow[]> {
  const baseOffset = offsetOfFileName(nameOf(path), segmentSuffixes.index) ?? 0
  const bytes = bytesOf(disk, path)
  const index = new OffsetIndex(bytes.length)
  index.load(bytes)
  yield Array.from({ length: index.count }, (_, entry) => ({
    kind: 'index',
    offset: baseOffset + index.relativeOffset(entry),
    position: index.position(entry),
  }))
  yield restRow(bytes, index.entryBytes)
}

export function* inspectTimeIndex(disk: Disk, path: string): Generator<InspectedRow[]> {
  const baseOffset = offsetOfFileName(nameOf(path), segmentSuffixes.timeIndex) ?? 0
  const bytes = bytesOf(disk, path)
  const index = new TimeIndex(bytes.length)
  index.load(bytes)
  yield Array.from({ length: index.count }, (_, entry) => ({
    kind: 'timeindex',
    timestamp: index.timestamp(entry),
    offset: baseOffset + index.relativeOffset(entry),
  }))
  yield restRow(bytes, index.entryBytes)
}

function restRow(bytes: Buffer, entryBytes: number): InspectedRow[] {
  const rest = bytes.length % entryBytes
  return rest === 0 ? [] : [{ kind: 'problem', problem: `${rest} bytes behind the last whole entry` }]
}

export function* inspectSnapshot(disk: Disk, path: string): Generator<InspectedRow[]> {
  yield producerRows(decodeSnapshot(bytesOf(disk, path)))
}

export function* inspectWindow(disk: Disk, path: string): Generator<InspectedRow[]> {
  yield producerRows(decodeWindow(bytesOf(disk, path), path))
}

function producerRows(state: ProducerState | undefined): InspectedRow[] {
  if (state === undefined) return [{ kind: 'problem', problem: 'the file is not whole' }]
  return [...state.entries()].flatMap(([producerId, { epoch, batches }]) =>
    batches.map(batch => ({ kind: 'producer', producerId, epoch, ...batch })),
  )
}

export function* inspectManifest(disk: Disk, path: string): Generator<InspectedRow[]> {
  const { manifest, damaged } = readManifest(onlyFile(disk, path), path.slice(0, -nameOf(path).length - 1) || '.')
  if (damaged.length > 0) yield [{ kind: 'problem', problem: 'the manifest is damaged, or its writing was cut short' }]
  if (manifest === undefined) return
  yield [{ kind: 'manifest', generation: manifest.generation, partitions: manifest.partitions.length }]
  for (const row of manifest.partitions) yield partitionRows(row)
}

/** The two manifests take turns and are read together; here the other one is not there. */
function onlyFile(disk: Disk, path: string): Disk {
  const view: Pick<Disk, 'stat' | 'open'> = {
    stat: each => (each === path ? disk.stat(each) : undefined),
    open: (each, mode) => disk.open(each, mode),
  }
  return view as Disk
}

function partitionRows({ segments, degraded, ...partition }: PartitionRow): InspectedRow[] {
  const state = degraded === undefined ? 'ok' : `degraded from ${degraded.fromOffset}: ${degraded.reason}`
  return [
    { kind: 'partition', ...partition, segments: segments.length, state },
    ...segments.map(segment => ({ kind: 'segment', ...segment })),
  ]
}

/** Kafka's small files are lines of text. */
export function* inspectText(disk: Disk, path: string): Generator<InspectedRow[]> {
  const lines = bytesOf(disk, path).toString('utf8').trimEnd().split('\n')
  yield lines.map(text => ({ kind: 'text', text }))
}

const bytesOf = (disk: Disk, path: string): Buffer => readWhole(disk, path) ?? Buffer.alloc(0)
