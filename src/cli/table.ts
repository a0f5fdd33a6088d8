// Rows for people on a terminal, NDJSON for what reads a pipe. Called by commands that list things.

import { printable } from '../base/names.ts'
import type { Io } from './io.ts'

export type Row = Readonly<Record<string, string | number | boolean | null | undefined>>

/** On a terminal the keys are the heads of columns and `human` may say a value nicer; in a pipe each row is a JSON object. */
export async function printRows(
  io: Io,
  rows: readonly Row[],
  human: Readonly<Record<string, (value: never) => string>> = {},
): Promise<void> {
  if (!io.isTerminal) return io.print(rows.map(row => `${jsonLine(row)}\n`).join(''))
  if (rows.length === 0) return
  const names = Object.keys(rows[0])
  const cells = rows.map(row => names.map(name => cellText(row[name], human[name])))
  const isNumber = names.map(name => rows.every(row => typeof row[name] === 'number'))
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map(line => line[i].length)))
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  const head = io.colors.dim(lineOf(names.map(name => name.toUpperCase())))
  await io.print(`${[head, ...cells.map(lineOf)].join('\n')}\n`)
}

/** JSON on one line that is safe on a terminal too: what JSON leaves as it is, but a terminal would obey, is escaped. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function cellText(value: Row[string], human: ((value: never) => string) | undefined): string {
  if (value === undefined || value === null) return '-'
  return human === undefined ? printable(String(value), 1024) : human(value as never)
}
