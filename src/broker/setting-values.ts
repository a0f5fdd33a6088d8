// Settings as they are in force, each with where it comes from. Called by topic-admin.ts, setting-admin.ts and describe.ts.

import {
  brokerNameOf,
  type Setting,
  type SettingName,
  type Settings,
  settingNames,
  settings as settingTable,
  topicSettingNames,
} from '../base/config.ts'
import type { SettingDescription } from './admin-types.ts'
import type { SettingValue } from './types.ts'

/** All topic settings, in the order of the table in base/config.ts. */
export function settingValues(settings: Settings): SettingValue[] {
  return topicSettingNames.map(name => ({ name, ...settings.valuesOf(name)[0] }))
}

/** The same, with everything there is to say. */
export function describeTopicValues(settings: Settings): SettingDescription[] {
  return topicSettingNames.map(name => describe(settings, name, name))
}

/** All settings of a broker, topic settings by their broker-wide names. */
export function describeBrokerValues(settings: Settings): SettingDescription[] {
  return settingNames.map(name => describe(settings, name, brokerNameOf(name)))
}

/** Only what is set in this layer. */
export function describeOwnValues(settings: Settings): SettingDescription[] {
  return [...settings.overrides().keys()].map(name =>
    describe(settings, name as SettingName, brokerNameOf(name as SettingName)),
  )
}

/** May it change while the broker runs? */
export function changesAtRuntime(name: SettingName): boolean {
  const { scope, atRuntime }: Setting = settingTable[name]
  return scope === 'topic' || atRuntime === true
}

function describe(settings: Settings, name: SettingName, shownName: string): SettingDescription {
  const { type, isList, doc }: Setting = settingTable[name]
  const values = settings.valuesOf(name)
  return {
    name: shownName,
    ...values[0],
    isReadOnly: !changesAtRuntime(name),
    type: isList === true ? 'list' : type,
    doc,
    synonyms: values.map(({ source, value }) => ({
      name: source === 'topic' ? name : brokerNameOf(name),
      value,
      source,
    })),
  }
}
