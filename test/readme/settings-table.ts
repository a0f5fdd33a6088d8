// The README's table of settings, made from the one table there is. `npm run readme` writes it; a test compares.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Setting, settingNames, settings } from '../../src/base/config.ts'

const begin = '<!-- settings: generated from src/base/config.ts by `npm run readme` -->'
const end = '<!-- /settings -->'

export const readmePath = join(import.meta.dirname, '../../README.md')

export function settingsTable(): string {
  const rows = settingNames.map(name => {
    const setting: Setting = settings[name]
    const where = setting.scope === 'topic' ? `topic; all: \`${setting.broker}\`` : 'server'
    return `| \`${name}\` | ${where} | \`${setting.default}\` | ${boundsOf(setting)} | ${setting.doc.replaceAll('|', '\\|')} |`
  })
  return ['| name | where | default | values | what it does |', '|---|---|---|---|---|', ...rows].join('\n')
}

/** The text with the table between its two marks. */
export function withTable(readme: string): string {
  const from = readme.indexOf(begin) + begin.length
  return `${readme.slice(0, from)}\n${settingsTable()}\n${readme.slice(readme.indexOf(end))}`
}

function boundsOf({ type, values, min, max }: Setting): string {
  if (values !== undefined) return values.map(value => `\`${value}\``).join(' ')
  if (type === 'boolean') return '`true` `false`'
  return [type, min === undefined ? '' : `≥ ${min}`, max === undefined ? '' : `≤ ${max}`].filter(Boolean).join(' ')
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(readmePath, withTable(readFileSync(readmePath, 'utf8')))
