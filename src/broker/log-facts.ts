// Facts about the log that only those ask for who look after it: producers that partitions remember, room on the disk.
// Called by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { DiskSpaceFacts, ProducersResult } from './admin-types.ts'
import type { Engine } from './engine.ts'
import type { TopicRef } from './types.ts'

export function producersOf(engine: Engine, ref: TopicRef & { readonly partition: number }): ProducersResult {
  const partition = engine.topics.findPartition(ref)
  if (partition instanceof KafkaError) return { error: partition, producers: [] }
  return { error: undefined, producers: partition.log.activeProducers() }
}

export async function diskSpace({ directory, platform }: Engine): Promise<DiskSpaceFacts> {
  const { path } = directory
  const [totalBytes, freeBytes] = await Promise.all([platform.disk.totalBytes(path), platform.disk.freeBytes(path)])
  return { path, totalBytes, freeBytes }
}
