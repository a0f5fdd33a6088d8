// From an open log directory to a broker: the registry first, then the topics that it names, then recovery ends and the broker serves.
// Called by open-broker.ts.

import { Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { createMetrics } from '../base/metrics.ts'
import { registryTopic, registryTopicId } from '../base/names.ts'
import type { LogDirectory } from '../log/types.ts'
import { createBroker } from './broker.ts'
import type { Engine } from './engine.ts'
import { ProducerIds } from './producer-ids.ts'
import { Registry } from './registry.ts'
import type { RegistryRecord, SettingPairs } from './registry-records.ts'
import { applyCreated } from './topic-admin.ts'
import { Topic, Topics } from './topics.ts'
import type { Broker, BrokerOptions } from './types.ts'
import { Waiters } from './waiters.ts'

/** `directory` is open and still recovering. If this rejects it is closed. */
export async function serveDirectory(
  directory: LogDirectory,
  { platform, settings, logger }: Omit<BrokerOptions, 'directory'>,
): Promise<Broker> {
  try {
    const log = directory.openPartition({
      topic: registryTopic,
      topicId: registryTopicId,
      partition: 0,
      settings: registrySettings(settings),
    })
    const registry = new Registry(log, platform.clock)
    const state = replay(await registry.records())
    const settingsOfAll = new Settings(state.settings.all, settings, 'runtime-default')
    const engine: Engine = {
      platform,
      settings: new Settings(state.settings.node, settingsOfAll, 'runtime'),
      settingsOfAll,
      logger,
      metrics: createMetrics(),
      directory,
      registry,
      topics: new Topics(),
      waiters: new Waiters(),
      logStartMoves: 0,
      closed: false,
    }
    for (const topic of state.topics.values()) openTopic(engine, topic)
    const recovery = await directory.finishRecovery({ isDeleted: id => state.deleted.has(id) })
    return createBroker({ engine, recovery, producerIds: new ProducerIds(registry, state.nextProducerId) })
  } catch (error) {
    await directory.close().catch(() => {})
    throw error
  }
}

/** The registry keeps everything, and an acknowledged topic survives a power cut, whatever the defaults say. */
function registrySettings(settings: Settings): Settings {
  return new Settings(
    [
      ['retention.ms', '-1'],
      ['retention.bytes', '-1'],
      ['cleanup.policy', 'delete'],
      ['varve.durability', 'fsync'],
      ['message.timestamp.type', 'CreateTime'],
    ],
    settings,
  )
}

interface RecordedTopic {
  readonly id: string
  readonly name: string
  partitions: number
  settings: SettingPairs
}

interface RegistryState {
  /** By id, in the order of their creation. */
  readonly topics: Map<string, RecordedTopic>
  readonly deleted: Set<string>
  /** Of the broker, changed at run time. */
  readonly settings: { node: SettingPairs; all: SettingPairs }
  nextProducerId: number
}

function replay(records: readonly RegistryRecord[]): RegistryState {
  const state: RegistryState = {
    topics: new Map(),
    deleted: new Set(),
    settings: { node: [], all: [] },
    nextProducerId: 0,
  }
  for (const record of records) apply(state, record)
  return state
}

function apply(state: RegistryState, record: RegistryRecord): void {
  switch (record.type) {
    case 'topic-created': {
      const { id, name, partitions, settings } = record
      state.topics.set(id, { id, name, partitions, settings })
      return
    }
    case 'topic-deleted':
      state.topics.delete(record.id)
      state.deleted.add(record.id)
      return
    case 'topic-settings':
      recordedTopic(state, record.id).settings = record.settings
      return
    case 'topic-partitions':
      recordedTopic(state, record.id).partitions = record.partitions
      return
    case 'broker-settings':
      state.settings[record.scope] = record.settings
      return
    case 'producer-ids':
      state.nextProducerId = Math.max(state.nextProducerId, record.next)
  }
}

function recordedTopic(state: RegistryState, id: string): RecordedTopic {
  const topic = state.topics.get(id)
  if (topic === undefined)
    throw new KafkaError('DIRECTORY_CORRUPT', { message: 'the registry changes a topic that is not there', id })
  return topic
}

function openTopic(engine: Engine, { id, name, partitions, settings: own }: RecordedTopic): void {
  const settings = new Settings(own, engine.settings)
  const logs = Array.from({ length: partitions }, (_, partition) =>
    engine.directory.openPartition({ topic: name, topicId: id, partition, settings }),
  )
  applyCreated(engine, new Topic({ name, id, settings }), logs)
}
