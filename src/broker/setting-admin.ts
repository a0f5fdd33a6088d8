// Settings of topics and of the broker change here, while everything runs: decided, enqueued and in force in one synchronous
// stretch; the answer waits for the disk. A restart finds them in the registry. A topic's switch to fsync is recorded last.
// Called by broker.ts.

import { isTopicSetting, type SettingName, Settings, settingOfBrokerName } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { printable } from '../base/names.ts'
import type { AlterOptions, BrokerScope, SettingChange, SettingDescription } from './admin-types.ts'
import type { Engine } from './engine.ts'
import type { SettingPairs } from './registry-records.ts'
import { changedOverrides } from './setting-changes.ts'
import { changesAtRuntime, describeBrokerValues, describeOwnValues, describeTopicValues } from './setting-values.ts'
import type { Topic } from './topics.ts'
import { internalTopic, unknownTopic } from './trouble.ts'
import type { TopicRef } from './types.ts'

export async function alterTopic(
  engine: Engine,
  ref: TopicRef,
  changes: ReadonlyMap<string, string | null> | readonly SettingChange[],
  { validateOnly = false, reset }: AlterOptions = {},
): Promise<void> {
  const topic = findClientTopic(engine, ref)
  while (topic.switching !== undefined) await topic.switching
  const list = 'get' in changes ? [...changes].map(asChange) : changes
  const overrides = changedOverrides(topic.settings, list, { reset, named: topicSetting })
  const settings = new Settings(overrides, engine.settings)
  if (validateOnly) return
  if (isJournaled(settings) && !isJournaled(topic.settings))
    return switchToFsync(engine, topic, { settings, overrides })
  const durable = record(engine, topic, overrides)
  await Promise.all([durable, topic.registering, topic.configure(settings)])
}

const isJournaled = (settings: Settings): boolean => settings.string('varve.durability') === 'fsync'

function record(engine: Engine, topic: Topic, settings: SettingPairs): Promise<void> {
  if (topic.isDeleted) throw unknownTopic({ topic: topic.name })
  return engine.registry.append({ type: 'topic-settings', id: topic.id, settings })
}

interface Altered {
  readonly settings: Settings
  readonly overrides: SettingPairs
}

/**
 * The one change whose record comes last, when it is true on disk: if it cannot be (a full disk), nobody is told that it is.
 * Other changes of the topic wait meanwhile.
 */
function switchToFsync(engine: Engine, topic: Topic, { settings, overrides }: Altered): Promise<void> {
  const before = topic.settings
  const done = (async () => {
    try {
      await Promise.all([topic.registering, topic.configure(settings)])
      await record(engine, topic, overrides)
    } catch (error) {
      await topic.configure(before).catch(() => {})
      throw error
    }
  })()
  const over = (): void => {
    topic.switching = undefined
  }
  topic.switching = done.then(over, over)
  return done
}

export async function alterBroker(
  engine: Engine,
  scope: BrokerScope,
  changes: readonly SettingChange[],
  { validateOnly = false, reset }: AlterOptions = {},
): Promise<void> {
  const settings = layerOf(engine, scope)
  const overrides = changedOverrides(settings, changes, { reset, named: runtimeSetting })
  if (validateOnly) return
  const durable = engine.registry.append({ type: 'broker-settings', scope, settings: overrides })
  settings.replace(overrides)
  // Topics and partitions keep some of them at hand, as numbers.
  const topics = engine.topics.all().map(topic => topic.configure(topic.settings))
  await Promise.all([durable, ...topics])
}

export async function describeTopicSettings(engine: Engine, ref: TopicRef): Promise<SettingDescription[]> {
  const topic = engine.topics.find(ref)
  await engine.registry.settled()
  if (topic === undefined) throw unknownTopic(ref)
  await topic.registering
  while (topic.switching !== undefined) await topic.switching
  return describeTopicValues(topic.settings)
}

export function describeBrokerSettings(engine: Engine, scope: BrokerScope): SettingDescription[] {
  return scope === 'all' ? describeOwnValues(engine.settingsOfAll) : describeBrokerValues(engine.settings)
}

export function findClientTopic(engine: Engine, ref: TopicRef): Topic {
  const topic = engine.topics.find(ref)
  const error = internalTopic(topic?.name ?? ref.topic)
  if (error !== undefined) throw error
  if (topic === undefined) throw unknownTopic(ref)
  return topic
}

const asChange = ([name, value]: readonly [string, string | null]): SettingChange => ({
  name,
  operation: value === null ? 'delete' : 'set',
  value,
})

const layerOf = (engine: Engine, scope: BrokerScope): Settings =>
  scope === 'all' ? engine.settingsOfAll : engine.settings

function topicSetting(name: string): SettingName {
  if (isTopicSetting(name)) return name
  throw new KafkaError('INVALID_CONFIG', { message: `there is no topic setting "${printable(name)}"` })
}

function runtimeSetting(name: string): SettingName {
  const known = settingOfBrokerName(name)
  if (known === undefined)
    throw new KafkaError('INVALID_CONFIG', { message: `there is no broker setting "${printable(name)}"` })
  if (!changesAtRuntime(known))
    throw new KafkaError('INVALID_CONFIG', { message: `${name} changes only with a restart of the broker` })
  return known
}
