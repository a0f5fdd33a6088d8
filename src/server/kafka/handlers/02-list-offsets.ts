// ListOffsets: by time or by name. Version 0 knows lists of segment starts; later ones a single offset.

import { errorTable, KafkaError } from '../../../base/errors.ts'
import {
  type Broker,
  listOffsetsTimestamps as named,
  type OffsetAnswer,
  type OffsetQuery,
  type PartitionDescription,
} from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Request = Decoded<RequestFields<'listOffsets'>>
type RequestPartition = Request['topics'][number]['partitions'][number]

/** First version that knows the name. */
const namedSince = new Map<number, number>([
  [named.latest, 0],
  [named.earliest, 0],
  [named.maxTimestamp, 7],
  [named.earliestLocal, 8],
  [named.latestTiered, 9],
  [named.earliestPendingUpload, 11],
])

export const listOffsets: Handler<RequestFields<'listOffsets'>, ResponseFields<'listOffsets'>> = {
  api: apis.listOffsets,
  versions: [0, 11],
  async handle({ broker }, request, version) {
    const seen = new Set<string>()
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(async partition => {
          const refused = refusalOf(name, partition, { version, seen })
          if (refused !== undefined) return answerOne(partition, { error: refused, ...none })
          if (version === 0) return segmentStarts(broker, name, partition)
          return answerOne(partition, await ask(broker, name, partition))
        }),
      ),
    }))
    return { topics: await Promise.all(topics) }
  },
}

const none = { offset: -1, timestamp: -1, leaderEpoch: -1 }

function refusalOf(
  topic: string,
  { partitionIndex, timestamp }: RequestPartition,
  { version, seen }: { version: number; seen: Set<string> },
): KafkaError | undefined {
  const key = `${partitionIndex} ${topic}`
  if (seen.has(key)) return new KafkaError('INVALID_REQUEST', { message: 'a partition is asked for twice', topic })
  seen.add(key)
  if (timestamp >= 0 || version >= (namedSince.get(timestamp) ?? Infinity)) return undefined
  return new KafkaError('UNSUPPORTED_VERSION', { message: 'no such name in this version', timestamp, version })
}

async function ask(broker: Broker, topic: string, partition: RequestPartition): Promise<OffsetAnswer> {
  const { partitionIndex, timestamp, currentLeaderEpoch } = partition
  const query: OffsetQuery = { topic, partition: partitionIndex, timestamp, currentLeaderEpoch }
  return (await broker.listOffsets([query]))[0]
}

function answerOne({ partitionIndex }: RequestPartition, { error, offset, timestamp, leaderEpoch }: OffsetAnswer) {
  return { partitionIndex, errorCode: error === undefined ? 0 : error.kafkaCode, timestamp, offset, leaderEpoch }
}

/** Version 0: up to maxNumOffsets of the segments' first offsets and the end, newest first, none younger than the time. */
async function segmentStarts(broker: Broker, topic: string, request: RequestPartition) {
  const { partitionIndex, timestamp, maxNumOffsets } = request
  const [{ error, description }] = await broker.describeTopics([{ topic }])
  const partition = description?.partitions[partitionIndex]
  if (error !== undefined || partition === undefined)
    return { partitionIndex, errorCode: error?.kafkaCode ?? errorTable.UNKNOWN_TOPIC_OR_PARTITION[0] }
  const oldStyleOffsets = startsOf(partition, timestamp).slice(0, Math.max(0, maxNumOffsets))
  return { partitionIndex, errorCode: 0, oldStyleOffsets }
}

function startsOf(partition: PartitionDescription, timestamp: number): number[] {
  const { logStartOffset, highWatermark } = partition
  if (timestamp === named.earliest) return [logStartOffset]
  const starts = partition
    .segments()
    .filter(segment => timestamp === named.latest || segment.maxTimestamp <= timestamp)
    .map(({ baseOffset }) => Math.max(baseOffset, logStartOffset))
    .reverse()
  if (timestamp !== named.latest) return starts
  return starts[0] === highWatermark ? starts : [highWatermark, ...starts]
}
