// The simulation's registry of topics: a log like any other, as the broker keeps one. What its records add up to.
// Called by world.ts.

import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import { readRecords } from '../../src/records/read.ts'

export type RegistryRecord =
  | { type: 'created'; id: string; name: string; partitions: number; settings: [string, string][] }
  | { type: 'deleted'; id: string }
  | { type: 'settings'; id: string; settings: [string, string][] }

export function replay(records: readonly RegistryRecord[]) {
  const topics = new Map<string, { id: string; name: string; partitions: number; settings: [string, string][] }>()
  const deleted = new Set<string>()
  for (const record of records)
    if (record.type === 'created') topics.set(record.id, { ...record })
    else if (record.type === 'deleted') {
      topics.delete(record.id)
      deleted.add(record.id)
    } else {
      const topic = topics.get(record.id)
      if (topic !== undefined) topic.settings = record.settings
    }
  return { topics, deleted }
}

/** Every record, oldest first. */
export async function recordsOf(log: DiskPartitionLog): Promise<RegistryRecord[]> {
  const records: RegistryRecord[] = []
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { buffers } = await log.read({ offset, bytesMax: 1 << 16 })
    for (const buffer of buffers)
      for (const record of readRecords(buffer)) {
        if (record.offset >= offset) records.push(JSON.parse(String(record.value)))
        offset = Math.max(offset, record.offset + 1)
      }
  }
  return records
}
