// Topics are made and deleted here, and nowhere else (setting-admin.ts and partition-admin.ts change them). Each in one synchronous stretch: decide, change the memory,
// enqueue the registry's record; the answer waits for the disk. apply…() is what restart replays.
// Called by broker.ts and serve-directory.ts.

import { KafkaError } from '../base/errors.ts'
import { registryTopicId, uuidFromBytes, zeroUuid } from '../base/names.ts'
import type { PartitionLog } from '../log/types.ts'
import type { Random } from '../platform/platform.ts'
import { planTopic, type TopicPlan } from './create-topic.ts'
import type { Engine } from './engine.ts'
import { findClientTopic } from './setting-admin.ts'
import { settingValues } from './setting-values.ts'
import { Partition, Topic } from './topics.ts'
import { asKafkaError } from './trouble.ts'
import type { CreateTopicResult, DeleteTopicResult, NewTopic, TopicRef } from './types.ts'

// --------------------------------------------------------------------------------------------------------------- create

export async function createTopics(
  engine: Engine,
  requests: readonly NewTopic[],
  { validateOnly = false }: { validateOnly?: boolean } = {},
): Promise<CreateTopicResult[]> {
  const repeated = namesThatRepeat(requests.map(request => request.topic))
  const begun = requests.map(request => beginCreate(engine, request, { repeated, validateOnly }))
  return Promise.all(begun.map(finishCreate))
}

/** Made and enqueued when this returns; throws with nothing changed. `registering` is on the topic. */
export function createTopic(engine: Engine, plan: TopicPlan): Topic {
  const id = newTopicId(engine.platform.random)
  const topic = new Topic({ name: plan.name, id, settings: plan.settings })
  const opened: PartitionLog[] = []
  try {
    for (let partition = 0; partition < plan.partitions; partition++)
      opened.push(engine.directory.openPartition({ topic: plan.name, topicId: id, partition, settings: plan.settings }))
    const { name, partitions, overrides } = plan
    const durable = engine.registry.append({ type: 'topic-created', id, name, partitions, settings: overrides })
    registerUntil(topic, durable)
  } catch (error) {
    for (const log of opened) engine.directory.deletePartition(log)
    throw error
  }
  applyCreated(engine, topic, opened)
  return topic
}

/** Live and on restart: from here on the topic is there. */
export function applyCreated(engine: Engine, topic: Topic, logs: readonly PartitionLog[]): void {
  for (const log of logs) topic.partitions.push(new Partition(topic, log))
  engine.topics.add(topic)
  engine.metrics.topics.set(topic.name, topic.counters)
}

interface BegunCreate {
  readonly request: NewTopic
  readonly plan?: TopicPlan
  readonly topic?: Topic
  readonly error?: KafkaError
}

function beginCreate(
  engine: Engine,
  request: NewTopic,
  { repeated, validateOnly }: { repeated: Set<string>; validateOnly: boolean },
): BegunCreate {
  try {
    if (repeated.has(request.topic))
      throw new KafkaError('INVALID_REQUEST', { message: 'the request names this topic twice', topic: request.topic })
    const plan = planTopic(request, engine)
    return { request, plan, topic: validateOnly ? undefined : createTopic(engine, plan) }
  } catch (error) {
    return { request, error: asKafkaError(error) }
  }
}

async function finishCreate({ request, plan, topic, error }: BegunCreate): Promise<CreateTopicResult> {
  try {
    await topic?.registering
  } catch (failure) {
    error = asKafkaError(failure)
  }
  if (error !== undefined || plan === undefined)
    return { error, topic: request.topic, topicId: zeroUuid, partitions: -1, replicationFactor: -1, settings: [] }
  return {
    error: undefined,
    topic: request.topic,
    topicId: topic?.id ?? zeroUuid,
    partitions: plan.partitions,
    replicationFactor: 1,
    settings: settingValues(plan.settings),
  }
}

function registerUntil(topic: Topic, durable: Promise<void>): void {
  topic.registering = durable
  durable.then(
    () => {
      topic.registering = undefined
    },
    () => {},
  )
}

/** Not the zero id, not the registry's, and no leading '-', which command lines would take for an option. */
function newTopicId(random: Random): string {
  for (;;) {
    const id = uuidFromBytes(random.bytes(16))
    if (id !== zeroUuid && id !== registryTopicId && !id.startsWith('-')) return id
  }
}

export function namesThatRepeat(names: readonly string[]): Set<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const name of names) (seen.has(name) ? repeated : seen).add(name)
  return repeated
}

// --------------------------------------------------------------------------------------------------------------- delete

export async function deleteTopics(engine: Engine, refs: readonly TopicRef[]): Promise<DeleteTopicResult[]> {
  const begun = refs.map(ref => beginDelete(engine, ref))
  return Promise.all(begun.map(finishDelete))
}

interface BegunDelete {
  readonly answer: DeleteTopicResult
  readonly durable?: Promise<void>
}

function beginDelete(engine: Engine, ref: TopicRef): BegunDelete {
  try {
    const topic = findClientTopic(engine, ref)
    const durable = engine.registry.append({ type: 'topic-deleted', id: topic.id })
    applyDeleted(engine, topic)
    return { answer: { error: undefined, topic: topic.name, topicId: topic.id }, durable }
  } catch (error) {
    return { answer: { error: asKafkaError(error), ...ref } }
  }
}

function applyDeleted(engine: Engine, topic: Topic): void {
  topic.isDeleted = true
  engine.topics.remove(topic)
  engine.metrics.topics.delete(topic.name)
  for (const partition of topic.partitions) {
    engine.directory.deletePartition(partition.log)
    engine.waiters.endAt(partition)
  }
}

async function finishDelete({ answer, durable }: BegunDelete): Promise<DeleteTopicResult> {
  try {
    await durable
    return answer
  } catch (failure) {
    return { ...answer, error: asKafkaError(failure) }
  }
}
