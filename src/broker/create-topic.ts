// May this topic be made, and as what? A pure decision over the names and limits of the moment.
// Called by topic-admin.ts, which carries it out.

import { checkSetting, isTopicSetting, Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { checkTopicName, isInternalTopic, printable } from '../base/names.ts'
import { checkPossible } from './intake.ts'
import type { SettingPairs } from './registry-records.ts'
import type { Topics } from './topics.ts'
import type { NewTopic } from './types.ts'

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  /** The topic's own, checked. */
  readonly overrides: SettingPairs
  readonly settings: Settings
}

const nodeId = 1

/** Throws the KafkaError that the caller is to be answered with. */
export function planTopic(request: NewTopic, { topics, settings }: { topics: Topics; settings: Settings }): TopicPlan {
  checkNewName(request.topic, topics)
  const partitions = partitionsOf(request, settings)
  const spare = settings.number('varve.partitions.max') - topics.partitionCount
  if (partitions > spare)
    throw new KafkaError('POLICY_VIOLATION', {
      message: `${partitions} partitions are more than varve.partitions.max leaves (${Math.max(spare, 0)})`,
      topic: request.topic,
    })
  const overrides = checkOverrides(request.settings ?? [])
  return { name: request.topic, partitions, overrides, settings: new Settings(overrides, settings) }
}

/** Known topic settings with values that they take, else INVALID_CONFIG. Nulls are left out. */
export function checkOverrides(values: Iterable<readonly [name: string, value: string | null]>): SettingPairs {
  const overrides = new Map<string, string>()
  for (const [name, value] of values) {
    if (!isTopicSetting(name))
      throw new KafkaError('INVALID_CONFIG', { message: `there is no topic setting "${printable(name)}"` })
    if (value !== null) overrides.set(name, checkPossible(name, checkSetting(name, value)))
  }
  return [...overrides]
}

function checkNewName(name: string, topics: Topics): void {
  checkTopicName(name)
  if (isInternalTopic(name))
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', { message: 'this name belongs to an internal topic', topic: name })
  const colliding = topics.findColliding(name)
  if (colliding?.name === name)
    throw new KafkaError('TOPIC_ALREADY_EXISTS', { message: `topic "${name}" exists`, topicId: colliding.id })
  if (colliding !== undefined)
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', {
      message: `"${name}" differs from topic "${colliding.name}" only in "." and "_"`,
    })
}

function partitionsOf(request: NewTopic, settings: Settings): number {
  const { topic, partitions, replicationFactor, assignments } = request
  if (assignments !== undefined && assignments.length > 0) return assignedPartitions(request, assignments)
  if (replicationFactor !== -1 && replicationFactor !== 1)
    throw new KafkaError('INVALID_REPLICATION_FACTOR', {
      message: 'varve is one node: the replication factor is 1, or -1 for the default',
      topic,
      replicationFactor,
    })
  if (partitions === -1) return settings.number('num.partitions')
  if (!Number.isInteger(partitions) || partitions < 1)
    throw new KafkaError('INVALID_PARTITIONS', {
      message: 'a topic has at least 1 partition, or -1 for the default',
      topic,
      partitions,
    })
  return partitions
}

function assignedPartitions(
  { topic, partitions, replicationFactor }: NewTopic,
  assignments: NonNullable<NewTopic['assignments']>,
): number {
  if (partitions !== -1 || replicationFactor !== -1)
    throw new KafkaError('INVALID_REQUEST', {
      message: 'with a manual assignment, partitions and replication factor are -1',
      topic,
    })
  const numbers = new Set(assignments.map(assignment => assignment.partition))
  const complete = numbers.size === assignments.length && assignments.every((_, partition) => numbers.has(partition))
  const onNode = assignments.every(({ nodeIds }) => nodeIds.length === 1 && nodeIds[0] === nodeId)
  if (!complete || !onNode)
    throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', {
      message: `an assignment names partitions 0 to n-1 once each, and node ${nodeId} for each`,
      topic,
    })
  return assignments.length
}
