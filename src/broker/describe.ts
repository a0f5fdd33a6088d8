// What is there: topics, partitions and settings as others may see them, that is, once their records are durable.
// Called by broker.ts and topic-admin.ts.

import { KafkaError } from '../base/errors.ts'
import { isInternalTopic } from '../base/names.ts'
import type { PartitionLog } from '../log/types.ts'
import { planTopic } from './create-topic.ts'
import type { Engine } from './engine.ts'
import { settingValues } from './setting-values.ts'
import { createTopic } from './topic-admin.ts'
import type { Partition, Topic } from './topics.ts'
import { asKafkaError, unknownTopic } from './trouble.ts'
import type { DescribeTopicResult, Health, PartitionDescription, TopicDescription, TopicRef } from './types.ts'

export async function listTopics(engine: Engine): Promise<TopicDescription[]> {
  await engine.registry.settled()
  // A topic whose record failed to reach the disk still has `registering`: it was never promised to anyone.
  return engine.topics
    .all()
    .filter(topic => topic.registering === undefined)
    .map(describeTopic)
}

export async function describeTopics(
  engine: Engine,
  refs: readonly TopicRef[],
  { autoCreate = false }: { autoCreate?: boolean } = {},
): Promise<DescribeTopicResult[]> {
  const mayCreate = autoCreate && engine.settings.boolean('auto.create.topics.enable')
  const found = refs.map(ref => findOrCreate(engine, ref, mayCreate))
  await engine.registry.settled()
  return Promise.all(found.map((topic, i) => answer(refs[i], topic)))
}

export function health(engine: Engine): Health {
  const degraded: Health['degraded'][number][] = []
  for (const topic of engine.topics.all())
    for (const { log } of topic.partitions)
      if (log.degraded !== undefined) degraded.push({ topic: topic.name, partition: log.partition, ...log.degraded })
  return { failure: engine.directory.failure, degraded, closed: engine.closed }
}

function findOrCreate(engine: Engine, ref: TopicRef, mayCreate: boolean): Topic | KafkaError {
  const topic = engine.topics.find(ref)
  if (topic !== undefined) return topic
  if (ref.topicId !== undefined || ref.topic === undefined) return unknownTopic(ref)
  try {
    if (!mayCreate || isInternalTopic(ref.topic)) return unknownTopic(ref)
    return createTopic(engine, planTopic({ topic: ref.topic, partitions: -1, replicationFactor: -1 }, engine))
  } catch (error) {
    return asKafkaError(error)
  }
}

async function answer(ref: TopicRef, topic: Topic | KafkaError): Promise<DescribeTopicResult> {
  if (topic instanceof KafkaError)
    return { error: topic, topic: ref.topic, topicId: ref.topicId, description: undefined }
  try {
    await topic.registering
    return { error: undefined, topic: topic.name, topicId: topic.id, description: describeTopic(topic) }
  } catch (failure) {
    return { error: asKafkaError(failure), topic: ref.topic, topicId: ref.topicId, description: undefined }
  }
}

function describeTopic(topic: Topic): TopicDescription {
  return {
    topic: topic.name,
    topicId: topic.id,
    internal: topic.isInternal,
    partitions: topic.partitions.filter(({ adding }) => adding === undefined).map(describePartition),
    get settings() {
      return settingValues(topic.settings)
    },
  }
}

const describePartition = ({ log }: Partition): PartitionDescription => new LivePartition(log)

class LivePartition implements PartitionDescription {
  readonly #log: PartitionLog

  constructor(log: PartitionLog) {
    this.#log = log
  }

  get partition() {
    return this.#log.partition
  }
  get leaderEpoch() {
    return this.#log.leaderEpoch
  }
  get logStartOffset() {
    return this.#log.logStartOffset
  }
  get highWatermark() {
    return this.#log.highWatermark
  }
  get nextOffset() {
    return this.#log.nextOffset
  }
  get bytes() {
    return this.#log.bytes
  }
  get durability() {
    return this.#log.durability
  }
  get degraded() {
    return this.#log.degraded
  }
  segments() {
    return this.#log.segments()
  }

  /** As it is now: getters are seen neither by JSON nor by console.log. */
  toJSON() {
    const { partition, leaderEpoch, logStartOffset, highWatermark, nextOffset, bytes, durability, degraded } = this
    return { partition, leaderEpoch, logStartOffset, highWatermark, nextOffset, bytes, durability, degraded }
  }
  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toJSON()
  }
}
