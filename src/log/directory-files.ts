// The files at the top of a data directory that are Kafka's: meta.properties, the clean-stop mark, and the checkpoints that
// a Kafka broker would look for after a clean stop. Called by log-directory.ts.

import type { Disk, Random } from '../platform/platform.ts'
import { cleanShutdownFile, metaPropertiesFile } from './layout.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import { readWhole, replaceFile } from './sealed-file.ts'

/** The cluster id, chosen when the directory is first opened. */
export async function clusterIdOf(disk: Disk, root: string, random: Random): Promise<string> {
  const text = readWhole(disk, `${root}/${metaPropertiesFile}`)?.toString('latin1') ?? ''
  const known = /^cluster\.id=([\w-]{22})$/m.exec(text)?.[1]
  if (known !== undefined) return known
  const clusterId = random.bytes(16).toString('base64url')
  const lines = [
    'version=1',
    `cluster.id=${clusterId}`,
    'node.id=1',
    `directory.id=${random.bytes(16).toString('base64url')}`,
  ]
  await replaceFile(disk, root, metaPropertiesFile, Buffer.from(`${lines.join('\n')}\n`))
  return clusterId
}

export const isCleanlyStopped = (disk: Disk, root: string): boolean =>
  disk.stat(`${root}/${cleanShutdownFile}`) !== undefined

/** Before the first write: from here on a stop is unclean until it is marked clean again. */
export async function removeCleanMark(disk: Disk, root: string): Promise<void> {
  if (!isCleanlyStopped(disk, root)) return
  disk.remove(`${root}/${cleanShutdownFile}`)
  await disk.syncDirectory(root)
}

/** Last of all writes, when everything else is durable. */
export async function writeCleanMark(disk: Disk, root: string): Promise<void> {
  await replaceFile(disk, root, cleanShutdownFile, Buffer.from('{"version":0,"brokerEpoch":-1}'))
}

/** `0`, a count, then `topic partition offset` lines. */
export async function writeOffsetCheckpoints(
  disk: Disk,
  root: string,
  logs: readonly DiskPartitionLog[],
): Promise<void> {
  const files = {
    'recovery-point-offset-checkpoint': (log: DiskPartitionLog) => log.nextOffset,
    'log-start-offset-checkpoint': (log: DiskPartitionLog) => log.logStartOffset,
    'replication-offset-checkpoint': (log: DiskPartitionLog) => log.highWatermark,
  }
  for (const [name, offsetOf] of Object.entries(files)) {
    const lines = logs.map(log => `${log.topic} ${log.partition} ${offsetOf(log)}\n`)
    await replaceFile(disk, root, name, Buffer.from(`0\n${lines.length}\n${lines.join('')}`))
  }
}
