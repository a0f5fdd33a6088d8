// DescribeLogDirs: the one data directory, and how much of it each partition has.

import { DiskError, kafkaCodeOf } from '../../../base/errors.ts'
import type { PartitionDescription, TopicDescription } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Wanted = Decoded<RequestFields<'describeLogDirs'>>['topics']

export const describeLogDirs: Handler<RequestFields<'describeLogDirs'>, ResponseFields<'describeLogDirs'>> = {
  api: apis.describeLogDirs,
  versions: [1, 5],
  async handle({ broker }, { topics: wanted }) {
    const [topics, { path, totalBytes, freeBytes }] = await Promise.all([broker.listTopics(), broker.diskSpace()])
    const { failure } = broker.health()
    return {
      results: [
        {
          errorCode: failure === undefined ? 0 : kafkaCodeOf(new DiskError('appends are over', { path })),
          logDir: path,
          topics: chosen(topics, wanted).map(([name, partitions]) => ({
            name,
            partitions: partitions.map(({ partition, bytes }) => ({
              partitionIndex: partition,
              partitionSize: bytes,
              offsetLag: 0,
              isFutureKey: false,
            })),
          })),
          totalBytes,
          usableBytes: freeBytes,
        },
      ],
    }
  },
}

/** What is not there is left out, as in Kafka. */
function chosen(topics: readonly TopicDescription[], wanted: Wanted): [string, readonly PartitionDescription[]][] {
  if (wanted === null) return topics.map(({ topic, partitions }) => [topic, partitions])
  const byName = new Map(topics.map(description => [description.topic, description.partitions]))
  return wanted
    .filter(({ topic }) => byName.has(topic))
    .map(({ topic, partitions }) => [
      topic,
      partitions.map(partition => byName.get(topic)?.[partition]).filter(found => found !== undefined),
    ])
}
