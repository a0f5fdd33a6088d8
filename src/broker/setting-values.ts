// A topic's settings as they are in force, each with where it comes from. Called by topic-admin.ts and describe.ts.

import { type Settings, settings as settingTable, topicSettingNames } from '../base/config.ts'
import type { SettingValue } from './types.ts'

/** All topic settings, in the order of the table in base/config.ts. */
export function settingValues(settings: Settings): SettingValue[] {
  const own = settings.overrides()
  return topicSettingNames.map(name => {
    const value = settings.string(name)
    return {
      name,
      value,
      source: own.has(name) ? 'topic' : value === settingTable[name].default ? 'default' : 'broker',
    }
  })
}
