// More partitions for topics that are there. A new partition is in memory from the moment its record was enqueued; `adding` is
// set until that record is durable, and nobody hears of it before.
// Called by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { PartitionLog } from '../log/types.ts'
import type { PartitionIncrease, PartitionIncreaseResult } from './admin-types.ts'
import type { Engine } from './engine.ts'
import { findClientTopic } from './setting-admin.ts'
import { namesThatRepeat } from './topic-admin.ts'
import { Partition, type Topic } from './topics.ts'
import { asKafkaError } from './trouble.ts'

const nodeId = 1

export async function createPartitions(
  engine: Engine,
  requests: readonly PartitionIncrease[],
  { validateOnly = false }: { validateOnly?: boolean } = {},
): Promise<PartitionIncreaseResult[]> {
  const repeated = namesThatRepeat(requests.map(({ topic }) => topic))
  const begun = requests.map(request => begin(engine, request, { repeated, validateOnly }))
  return Promise.all(
    begun.map(async ({ topic, error, durable }) => {
      const failure = await durable?.then(
        () => undefined,
        thrown => asKafkaError(thrown),
      )
      return { topic, error: error ?? failure }
    }),
  )
}

interface Begun extends PartitionIncreaseResult {
  readonly durable?: Promise<unknown>
}

function begin(
  engine: Engine,
  request: PartitionIncrease,
  { repeated, validateOnly }: { repeated: Set<string>; validateOnly: boolean },
): Begun {
  try {
    if (repeated.has(request.topic))
      throw new KafkaError('INVALID_REQUEST', { message: 'the request names this topic twice', topic: request.topic })
    const topic = findClientTopic(engine, { topic: request.topic })
    check(request, topic, engine)
    const durable = validateOnly ? undefined : Promise.all([topic.registering, grow(engine, topic, request.partitions)])
    return { topic: request.topic, error: undefined, durable }
  } catch (error) {
    return { topic: request.topic, error: asKafkaError(error) }
  }
}

function check({ topic: name, partitions, assignments }: PartitionIncrease, topic: Topic, engine: Engine): void {
  const more = partitions - topic.partitions.length
  if (more <= 0)
    throw new KafkaError('INVALID_PARTITIONS', {
      message: `the topic has ${topic.partitions.length} partitions, and ${partitions} is not more`,
      topic: name,
    })
  if (assignments !== undefined && !areHere(assignments, more))
    throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', {
      message: `an assignment names node ${nodeId} for each of the ${more} new partitions`,
      topic: name,
    })
  const spare = engine.settings.number('varve.partitions.max') - engine.topics.partitionCount
  if (more > spare)
    throw new KafkaError('POLICY_VIOLATION', {
      message: `${more} partitions are more than varve.partitions.max leaves (${Math.max(spare, 0)})`,
      topic: name,
    })
}

function areHere(assignments: readonly (readonly number[])[], count: number): boolean {
  return assignments.length === count && assignments.every(nodeIds => nodeIds.length === 1 && nodeIds[0] === nodeId)
}

/** Throws with nothing changed. */
function grow(engine: Engine, topic: Topic, partitions: number): Promise<void> {
  const { name, id: topicId, settings } = topic
  const opened: PartitionLog[] = []
  let durable: Promise<void>
  try {
    for (let partition = topic.partitions.length; partition < partitions; partition++)
      opened.push(engine.directory.openPartition({ topic: name, topicId, partition, settings }))
    durable = engine.registry.append({ type: 'topic-partitions', id: topicId, partitions })
  } catch (error) {
    for (const log of opened) engine.directory.deletePartition(log)
    throw error
  }
  const added = opened.map(log => new Partition(topic, log))
  for (const partition of added) partition.adding = durable
  engine.topics.grow(topic, added)
  durable.then(
    () => {
      for (const partition of added) partition.adding = undefined
    },
    () => {},
  )
  return durable
}
