// `varve log dump`: what is in the files, row by row. Also of a directory that crashed or that is in use.

import { Command } from 'commander'
import { printable } from '../../base/names.ts'
import type { InspectedRow } from '../../log/inspect.ts'
import { CommandError, exitCodes } from '../failure.ts'
import { payloadFields } from '../formats.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../table.ts'

interface DumpOptions {
  readonly records?: boolean
}

export function makeDump(io: Io): Command {
  return new Command('dump')
    .description('Print what is in the files: batches, indexes, snapshots, the journal, the manifest.')
    .argument('<path...>', 'files, partition directories or data directories')
    .option('-r, --records', 'also the records of each batch, in segments and in the journal')
    .addHelpText('after', help)
    .action((paths: string[], options: DumpOptions) => dump(paths, options, io))
}

async function dump(paths: readonly string[], { records = false }: DumpOptions, io: Io): Promise<void> {
  const { nodePlatform } = await import('../../platform/node.ts')
  const { inspectPath, problemKind } = await import('../../log/inspect.ts')
  const { disk } = nodePlatform()
  const lineOf = io.isTerminal ? humanLine : objectLine
  let problems = 0
  for (const path of paths) {
    if (disk.stat(path) === undefined) throw notThere(path)
    for (const rows of inspectPath(disk, path.replace(/(.)\/+$/, '$1'), { records })) {
      problems += rows.filter(({ kind }) => kind === problemKind).length
      if (rows.length > 0) await io.print(rows.map(lineOf).join(''))
      if (io.signal.aborted) return
    }
  }
  if (problems > 0)
    throw new CommandError(`${problems} ${problems === 1 ? 'place does' : 'places do'} not read`, {
      next: "'varve log verify DIR' says whether anything acknowledged is affected",
    })
}

function objectLine(row: InspectedRow): string {
  const fields = Object.entries(row).map(([name, value]) => fieldsOf(name, value))
  return `${jsonLine(Object.assign({}, ...fields))}\n`
}

function fieldsOf(name: string, value: unknown): Record<string, unknown> {
  if (name === 'headers') return { headers: (value as [string, Buffer | null][]).map(headerObject) }
  return value === null || Buffer.isBuffer(value) ? payloadFields(name, value) : { [name]: value }
}

const headerObject = ([name, value]: [string, Buffer | null]) => ({ name, ...payloadFields('value', value) })

/** `batch  baseOffset=0 lastOffset=9 …`, a file's name on a line of its own. */
function humanLine(row: InspectedRow): string {
  if (row.kind === 'file') return `\n${printable(String(row['path']), 1024)} (${row['bytes']} bytes)\n`
  const { kind, ...rest } = JSON.parse(objectLine(row)) as Record<string, unknown>
  const words = Object.entries(rest).map(([name, value]) =>
    name === 'text'
      ? printable(String(value), 1024)
      : `${name}=${typeof value === 'object' ? jsonLine(value) : printable(String(value), 4096)}`,
  )
  return `  ${String(kind).padEnd(9)} ${words.join(' ')}\n`
}

function notThere(path: string): CommandError {
  return new CommandError(`there is no ${path}`, { next: 'check the path', exitCode: exitCodes.notFound })
}

const help = `
A JSON object per line in a pipe. Exit code 1 if something does not read.

Examples:
  varve log dump segments/orders-0/00000000000000000000.log
  varve log dump --records segments/orders-0 | jq 'select(.kind == "record")'
  varve log dump segments/varve-journal
  varve log dump segments | jq -c 'select(.kind == "problem")'
`
