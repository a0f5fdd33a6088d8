// Names of files and directories in a data directory. Kafka's own where Kafka has one; ours start with `varve`.
//   segments/<topic>-<partition>/<20-digit base offset>.log …    described byte by byte in segments/README.md
// Called by everything in log/, and by `varve log dump|verify`.

import { partitionDirectoryName } from '../base/names.ts'

export const journalFile = 'varve-journal'
export const manifestFiles = ['varve-manifest-0', 'varve-manifest-1'] as const
export const cleanShutdownFile = '.kafka_cleanshutdown'
export const metaPropertiesFile = 'meta.properties'
export const ballastFile = 'varve-ballast'
export const quarantineDirectory = 'quarantine'

export const partitionMetadataFile = 'partition.metadata'
export const leaderEpochFile = 'leader-epoch-checkpoint'

export const segmentSuffixes = { log: '.log', index: '.index', timeIndex: '.timeindex', snapshot: '.snapshot' } as const
/** Beside a `.snapshot`: all five batches of each producer's window. */
export const producerWindowSuffix = '.varve-producers'
export const deletedSuffix = '.deleted'

export type SegmentSuffix = (typeof segmentSuffixes)[keyof typeof segmentSuffixes] | typeof producerWindowSuffix

/** 42, '.log' → `00000000000000000042.log` */
export function offsetFileName(offset: number, suffix: SegmentSuffix): string {
  return String(offset).padStart(20, '0') + suffix
}

/** The offset in a name made by offsetFileName, or undefined for any other name. */
export function offsetOfFileName(name: string, suffix: SegmentSuffix): number | undefined {
  if (name.length !== 20 + suffix.length || !name.endsWith(suffix)) return undefined
  const digits = name.slice(0, 20)
  return /^\d{20}$/.test(digits) ? Number(digits) : undefined
}

/** Where the directory of a deleted topic's partition waits for the checkpoint that lets it go. At most 255 bytes. */
export function deletedDirectoryName(topic: string, partition: number, topicId: string): string {
  return `${partitionDirectoryName(topic.slice(0, 200), partition)}.${topicId}-delete`
}

export const isDeletedDirectory = (name: string): boolean => topicIdOfDeleted(name) !== undefined

/** The topic id in such a name; undefined for any other name. */
export const topicIdOfDeleted = (name: string): string | undefined => /\.([\w-]{22})-delete$/.exec(name)?.[1]

/** `orders-3` → ['orders', 3]; undefined for names of another form. */
export function parsePartitionDirectory(name: string): { topic: string; partition: number } | undefined {
  const match = /^([a-zA-Z0-9._-]{1,249})-(\d{1,10})$/.exec(name)
  return match === null ? undefined : { topic: match[1] as string, partition: Number(match[2]) }
}

export const partitionMetadataText = (topicId: string): string => `version: 0\ntopic_id: ${topicId}`

export function parsePartitionMetadata(text: string): string | undefined {
  return /^version: 0\r?\ntopic_id: ([\w-]{22})\s*$/.exec(text)?.[1]
}
