// `varve log verify`: is everything that was acknowledged there? Exit code 1 with a list if not.

import { Command } from 'commander'
import { printable } from '../../base/names.ts'
import type { Finding, VerifyReport } from '../../log/inspect-verify.ts'
import { CommandError, exitCodes } from '../failure.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../table.ts'
import { bytesText, countText } from '../text.ts'

export function makeVerify(io: Io): Command {
  return new Command('verify')
    .description('Check a data directory: every batch, index, journal group and manifest row. Nothing is changed.')
    .argument('[directory]', 'the data directory (default: ./segments, or VARVE_DIR)')
    .addHelpText('after', help)
    .action((directory: string | undefined) => verify(directory ?? io.env['VARVE_DIR'] ?? './segments', io))
}

async function verify(given: string, io: Io): Promise<void> {
  const directory = given.replace(/(.)\/+$/, '$1')
  const { nodePlatform } = await import('../../platform/node.ts')
  const { isDataDirectory, verifyDirectory } = await import('../../log/inspect-verify.ts')
  const { disk } = nodePlatform()
  if (!isDataDirectory(disk, directory))
    throw new CommandError(`there is no data directory at ${directory}`, {
      next: "name the directory that was given to 'varve serve --dir'",
      exitCode: exitCodes.notFound,
    })
  if (disk.stat(`${directory}/owner.json`) !== undefined)
    io.note(
      'owner.json is there: it is in use, or its last owner was killed. In use, what is being written may look torn',
    )
  const report = verifyDirectory(disk, directory)
  const problems = report.findings.filter(({ severity }) => severity === 'problem')
  await io.print(io.isTerminal ? humanReport(report, problems.length, io) : objectLines(report, problems.length))
  if (problems.length > 0)
    throw new CommandError(`${countText(problems.length, 'problem')} in ${directory}`, {
      next: 'keep a copy of the directory before anything else; then restore what is named above from a backup',
    })
}

function humanReport({ findings, counts, isClean }: VerifyReport, problems: number, io: Io): string {
  const mark = { problem: io.colors.red('problem'), note: io.colors.dim('note   ') }
  const lines = findings.map(
    ({ severity, path, finding }) => `${mark[severity]}  ${printable(path)}: ${printable(finding, 1024)}`,
  )
  const verdict = problems === 0 ? io.colors.green('OK') : io.colors.red(countText(problems, 'problem'))
  const { partitions, segments, batches, records, bytes, indexEntries, journalGroups, onlyInJournal } = counts
  return `${[
    ...lines,
    `${verdict}  ${isClean ? 'stopped cleanly' : 'not stopped cleanly'}; ${partitions} partitions, ${segments} segments, ` +
      `${batches} batches, ${records} records, ${bytesText(bytes)}, ${indexEntries} index entries, ${journalGroups} journal groups (${onlyInJournal} batches only there)`,
  ].join('\n')}\n`
}

function objectLines({ findings, counts, isClean }: VerifyReport, problems: number): string {
  const rows: object[] = findings.map(({ severity, ...rest }: Finding) => ({ kind: severity, ...rest }))
  rows.push({ kind: 'verdict', ok: problems === 0, isClean, problems, ...counts })
  return rows.map(row => `${jsonLine(row)}\n`).join('')
}

const help = `
A problem is something acknowledged that is missing, damaged or contradicts itself. A note is what a start puts right
without loss. Exit code 0: no problem; 1: problems, listed; 3: no such directory.

Examples:
  varve log verify
  varve log verify /var/lib/varve | jq -c 'select(.kind == "problem")'
`
