// What a resource's own settings become by a list of changes: a pure decision. Called by setting-admin.ts.

import {
  checkSetting,
  type Setting,
  type SettingName,
  type Settings,
  settings as settingTable,
} from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { printable } from '../base/names.ts'
import type { SettingChange } from './admin-types.ts'
import { checkPossible } from './intake.ts'
import type { SettingPairs } from './registry-records.ts'

/**
 * `named`: the table's name for one that a change uses; throws INVALID_CONFIG if it may not be changed here.
 * Throws INVALID_CONFIG, or INVALID_REQUEST (a setting twice, a value missing).
 */
export function changedOverrides(
  settings: Settings,
  changes: readonly SettingChange[],
  { reset = false, named }: { reset?: boolean; named: (name: string) => SettingName },
): SettingPairs {
  const values = new Map<string, string>(reset ? [] : settings.overrides())
  const seen = new Set<SettingName>()
  for (const change of changes) {
    const name = named(change.name)
    if (seen.has(name)) throw invalid(change, 'is named twice')
    seen.add(name)
    const value = valueAfter(change, name, settings)
    if (value === undefined) values.delete(name)
    else values.set(name, checkPossible(name, checkSetting(name, value)))
  }
  return [...values]
}

/** Undefined: the default. */
function valueAfter(change: SettingChange, name: SettingName, settings: Settings): string | undefined {
  const { operation, value } = change
  if (operation === 'delete') return undefined
  if (value === null) throw invalid(change, 'has no value')
  if (operation === 'set') return value
  if ((settingTable[name] as Setting).isList !== true)
    throw new KafkaError('INVALID_CONFIG', { message: `${name} is not a list: nothing can be added or taken out` })
  const parts = partsOf(settings.string(name))
  const given = partsOf(value)
  return operation === 'append'
    ? [...parts, ...given.filter(part => !parts.includes(part))].join(',')
    : parts.filter(part => !given.includes(part)).join(',')
}

function partsOf(value: string): string[] {
  return value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

function invalid({ name }: SettingChange, problem: string): KafkaError {
  return new KafkaError('INVALID_REQUEST', { message: `${printable(name)} ${problem}` })
}
