// Shows what is in the files of a data directory: one row per batch, index entry, journal group, manifest row…
//   1  nothing is changed, no lock is needed, nothing is cached: a directory that crashed, or that is in use, can be looked at
//   2  rows come a few at a time, so that a large file need not fit into memory
//   3  what does not read is a row of kind 'problem', and what follows is read on where that is possible
// Called by `varve log dump`.

import type { Disk } from '../platform/platform.ts'
import { inspectJournal } from './inspect-journal.ts'
import { inspectLogFile } from './inspect-log-file.ts'
import {
  inspectManifest,
  inspectOffsetIndex,
  inspectSnapshot,
  inspectText,
  inspectTimeIndex,
  inspectWindow,
} from './inspect-small-files.ts'
import {
  cleanShutdownFile,
  journalFile,
  leaderEpochFile,
  manifestFiles,
  metaPropertiesFile,
  parsePartitionDirectory,
  partitionMetadataFile,
  producerWindowSuffix,
  segmentSuffixes,
} from './layout.ts'
import { nameOf } from './partition-directory.ts'

/** Fields in the order in which they are shown. Bytes of records are Buffers. */
export interface InspectedRow {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface InspectOptions {
  /** Also each record of each batch, in segments and in the journal. */
  readonly records: boolean
}

/** Reads one kind of file. */
export type Inspector = (disk: Disk, path: string, options: InspectOptions) => Generator<InspectedRow[]>

export const problemKind = 'problem'

/** Every file under `path` that we know, or the one file. Rows of a file come together, after one of kind 'file'. */
export function* inspectPath(disk: Disk, path: string, options: InspectOptions): Generator<InspectedRow[]> {
  for (const file of filesUnder(disk, path)) {
    yield [{ kind: 'file', path: file, bytes: disk.stat(file)?.bytes ?? 0 }]
    const inspect = inspectorOf(nameOf(file))
    if (inspect === undefined)
      yield [{ kind: problemKind, path: file, problem: 'this is not a file that varve writes' }]
    else yield* inspect(disk, file, options)
  }
}

function filesUnder(disk: Disk, path: string): string[] {
  if (disk.stat(path)?.isDirectory !== true) return [path]
  const names = disk.list(path)
  const files = names.filter(name => inspectorOf(name) !== undefined).map(name => `${path}/${name}`)
  const partitions = names.filter(name => parsePartitionDirectory(name) !== undefined).map(name => `${path}/${name}`)
  return [...files, ...partitions.filter(each => disk.stat(each)?.isDirectory).flatMap(each => filesUnder(disk, each))]
}

function inspectorOf(name: string): Inspector | undefined {
  const bySuffix = suffixes.find(([suffix]) => name.replace(/\.deleted$/, '').endsWith(suffix))
  return byName.get(name) ?? bySuffix?.[1]
}

const byName = new Map<string, Inspector>([
  [journalFile, inspectJournal],
  ...manifestFiles.map((name): [string, Inspector] => [name, inspectManifest]),
  [metaPropertiesFile, inspectText],
  [cleanShutdownFile, inspectText],
  [partitionMetadataFile, inspectText],
  [leaderEpochFile, inspectText],
  ['owner.json', inspectText],
  ['recovery-point-offset-checkpoint', inspectText],
  ['log-start-offset-checkpoint', inspectText],
  ['replication-offset-checkpoint', inspectText],
])

const suffixes: readonly (readonly [suffix: string, Inspector])[] = [
  [segmentSuffixes.log, inspectLogFile],
  [segmentSuffixes.index, inspectOffsetIndex],
  [segmentSuffixes.timeIndex, inspectTimeIndex],
  [segmentSuffixes.snapshot, inspectSnapshot],
  [producerWindowSuffix, inspectWindow],
]
