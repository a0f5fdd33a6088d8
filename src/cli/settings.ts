// Settings as the command takes them: the environment first, then --set, each by Kafka's name.
//   VARVE_LOG_SEGMENT_BYTES=1048576  →  log.segment.bytes      upper case, dots as underscores, `VARVE_` in front
//   VARVE_JOURNAL_BYTES=…            →  varve.journal.bytes    ours do not say varve twice
//   --set log.segment.bytes=1048576                            goes before the environment
// Called by every command that opens a directory.

import { type Setting, Settings, settingNames, settings as table } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { nearest } from './did-you-mean.ts'

export interface ReadSettings {
  readonly settings: Settings
  /** `VARVE_…` that are neither a setting nor an option. */
  readonly strangers: readonly string[]
}

/** Errors: INVALID_CONFIG, INVALID_ARGUMENT. */
export function readSettings(env: NodeJS.ProcessEnv, pairs: readonly string[]): ReadSettings {
  const values: [string, string][] = []
  const strangers: string[] = []
  const names = namesByVariable()
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('VARVE_') || value === undefined || optionVariables.has(variable)) continue
    const name = names.get(variable)
    if (name === undefined) strangers.push(variable)
    else values.push([name, value])
  }
  for (const pair of pairs) values.push(parsePair(pair))
  return { settings: new Settings(values), strangers }
}

/** `name=value`. Errors: INVALID_ARGUMENT, INVALID_CONFIG with the name that was probably meant. */
export function parsePair(pair: string): [string, string] {
  const equals = pair.indexOf('=')
  if (equals < 1) throw new KafkaError('INVALID_ARGUMENT', { message: `"${pair}" is not name=value` })
  const name = pair.slice(0, equals).trim()
  const known = new Set(namesByVariable().values())
  if (!known.has(name)) {
    const meant = nearest(name, known)
    throw new KafkaError('INVALID_CONFIG', {
      message: `there is no setting "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    })
  }
  return [name, pair.slice(equals + 1)]
}

/** Options that have a variable of their own. */
export const optionVariables: ReadonlySet<string> = new Set(['VARVE_DIR', 'VARVE_KAFKA', 'VARVE_LOG_LEVEL'])

/** VARVE_LOG_SEGMENT_BYTES → log.segment.bytes, for topics' own names and the broker's. */
export function namesByVariable(): Map<string, string> {
  const names = new Map<string, string>()
  for (const name of settingNames) {
    names.set(variableOf(name), name)
    const setting: Setting = table[name]
    if (setting.broker !== undefined) names.set(variableOf(setting.broker), setting.broker)
  }
  return names
}

const variableOf = (name: string): string =>
  `VARVE_${name
    .replace(/^varve\./, '')
    .replaceAll('.', '_')
    .toUpperCase()}`
