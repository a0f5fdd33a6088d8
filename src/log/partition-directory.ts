// The directory of a partition: found, made, or told apart from one that only has the same name.
//   1  a directory is ours only if its partition.metadata names our topic id; any other is set aside, never adopted
//   2  a deletion that did not become true is undone: the directory gets its name back. One that stands in the way of its
//      name's next topic waits under the name of a deleted one: whether its topic is gone is not durable yet
// Called by partition-recovery.ts and log-directory.ts. New names become durable with the next checkpoint.

import type { Disk } from '../platform/platform.ts'
import { deletedDirectoryName, parsePartitionMetadata, partitionMetadataFile, partitionMetadataText } from './layout.ts'
import type { PartitionIdentity } from './partition-log.ts'
import type { Quarantine } from './quarantine.ts'
import { readWhole } from './sealed-file.ts'

/** The topic id that a directory claims; undefined if it has no readable partition.metadata. */
export function topicIdOfDirectory(disk: Disk, directory: string): string | undefined {
  const bytes = readWhole(disk, `${directory}/${partitionMetadataFile}`)
  return bytes && parsePartitionMetadata(bytes.toString('latin1'))
}

/** True if the partition's directory is there (again). A foreign one of the same name is set aside. */
export function findPartitionDirectory(
  disk: Disk,
  root: string,
  directory: string,
  identity: PartitionIdentity,
  quarantine: Quarantine,
): boolean {
  if (disk.stat(directory) !== undefined) {
    const owner = topicIdOfDirectory(disk, directory)
    if (owner === identity.topicId) return true
    const parked = owner && `${root}/${deletedDirectoryName(identity.topic, identity.partition, owner)}`
    if (parked !== undefined && disk.stat(parked) === undefined) disk.rename(directory, parked)
    else quarantine.move(directory, nameOf(directory))
  }
  const deleted = `${root}/${deletedDirectoryName(identity.topic, identity.partition, identity.topicId)}`
  if (disk.stat(deleted) === undefined) return false
  disk.rename(deleted, directory)
  // Its name said whose it is; a power cut may have left the name and not the metadata.
  if (topicIdOfDirectory(disk, directory) !== identity.topicId) writeMetadata(disk, directory, identity.topicId)
  return true
}

export function makePartitionDirectory(disk: Disk, directory: string, topicId: string): void {
  disk.makeDirectory(directory)
  writeMetadata(disk, directory, topicId)
}

function writeMetadata(disk: Disk, directory: string, topicId: string): void {
  writeSmallFile(disk, `${directory}/${partitionMetadataFile}`, Buffer.from(partitionMetadataText(topicId)))
}

/** Into the page cache, replacing what was there. */
export function writeSmallFile(disk: Disk, path: string, bytes: Buffer): void {
  const file = disk.open(path, disk.stat(path) === undefined ? 'create' : 'write')
  try {
    file.truncate(0)
    file.write([bytes], 0)
  } finally {
    file.close()
  }
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
