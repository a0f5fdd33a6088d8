// Records with chosen timestamps, and a look at stored batches, through a raw connection: what clients' own options do not give.

import { zeroUuid } from '../../src/base/names.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { codecOf } from '../../src/records/batch.ts'
import { BatchBuilder, type RecordInput } from '../../src/records/build.ts'
import { Wire } from '../crash/wire.ts'

export async function createTopic(
  port: number,
  name: string,
  partitions: number,
  settings: Record<string, string> = {},
) {
  const wire = await Wire.connect(port)
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
  const { topics } = await wire.ask(apis.createTopics, 5, {
    topics: [{ name, numPartitions: partitions, replicationFactor: 1, configs }],
  })
  await wire.end()
  if (topics[0].errorCode !== 0) throw new Error(`create ${name}: ${topics[0].errorMessage}`)
}

/** One batch to one partition. */
export async function produceRaw(
  port: number,
  topic: string,
  partition: number,
  records: RecordInput[],
): Promise<number> {
  const builder = new BatchBuilder()
  for (const record of records) builder.append(record)
  const wire = await Wire.connect(port)
  const { responses } = await wire.ask(apis.produce, 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: topic, topicId: zeroUuid, partitionData: [{ index: partition, records: builder.build() }] }],
  })
  await wire.end()
  const { errorCode, baseOffset } = responses[0].partitionResponses[0]
  if (errorCode !== 0) throw new Error(`produce to ${topic}-${partition}: error ${errorCode}`)
  return baseOffset
}

/** The codecs of the batches in the partition's first fetch. */
export async function storedCodecs(port: number, topic: string, partition: number): Promise<Set<number>> {
  const wire = await Wire.connect(port)
  const { responses } = await wire.ask(apis.fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 8 << 20,
    replicaId: -1,
    topics: [{ topic, topicId: zeroUuid, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 8 << 20 }] }],
  })
  await wire.end()
  const bytes = responses[0].partitions[0].records ?? Buffer.alloc(0)
  const codecs = new Set<number>()
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) codecs.add(codecOf(bytes, at))
  return codecs
}
