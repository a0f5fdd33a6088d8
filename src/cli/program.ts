// `varve`: finds the command, runs it, and turns whatever happens into an exit code and a sentence with a next step.
//   1  one file per command; only the one that is asked for is loaded (the help of the whole knows the others by this table)
//   2  data on stdout, everything else on stderr
//   3  exit codes: 0 ok · 1 error · 2 usage · 3 not found · 4 locked or unavailable · 130 interrupted
// Called by main.cts.

import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { exitCodes, reportFailure } from './failure.ts'
import { createIo, type Io } from './io.ts'

/** A command, ready to be added: its options, its help, its action. */
export type CommandMaker = (io: Io) => Command

interface CommandRow {
  readonly summary: string
  readonly load: () => Promise<{ make: CommandMaker }>
}

const commands: ReadonlyMap<string, CommandRow> = new Map([
  ['serve', { summary: 'serve a data directory to Kafka clients', load: () => import('./serve.ts') }],
  ['topic', { summary: 'create, list, describe and delete topics', load: () => import('./topic.ts') }],
  ['produce', { summary: 'append records: a value, or lines of stdin', load: () => import('./produce.ts') }],
  ['consume', { summary: 'print records, from any offset or time', load: () => import('./consume.ts') }],
  ['log', { summary: 'dump and verify the files of a directory, offline', load: () => import('./log.ts') }],
])

export async function main(process: NodeJS.Process): Promise<void> {
  const io = createIo(process)
  process.exitCode = await run(process.argv.slice(2), io)
}

/** Resolves with the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    const program = await makeProgram(args, io)
    await program.parseAsync(args, { from: 'user' })
    return io.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return reportFailure(error, io)
  }
}

async function makeProgram(args: readonly string[], io: Io): Promise<Command> {
  const program = new Command('varve')
    .description('A Kafka-style partitioned commit log: on a directory, for every Kafka client.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
  const wanted = args.find(arg => !arg.startsWith('-'))
  const named = wanted === 'help' ? args[args.indexOf(wanted) + 1] : wanted
  for (const [name, { summary, load }] of commands)
    program.addCommand(name === named ? (await load()).make(io).summary(summary) : new Command(name).summary(summary))
  for (const command of allOf(program)) settle(command, io)
  return program
}

/** Errors are thrown, not exited with, and help says where it can be had. */
function settle(command: Command, io: Io): void {
  command.exitOverride()
  command.configureOutput({
    writeOut: text => void io.print(text),
    writeErr: text => io.note(text.trimEnd()),
    getOutHasColors: () => io.hasColors,
  })
  command.showHelpAfterError(`Run '${pathOf(command)} --help' to see what it takes.`)
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** Of the package that this file is in, from source and when built. */
export function version(): string {
  return (createRequire(import.meta.url)('varve/package.json') as { version: string }).version
}

const examples = `
Examples:
  varve serve                              serve ./segments on 127.0.0.1:9092
  varve produce greetings 'hello, world'   without a server: append to ./segments
  varve consume greetings -o -10           the last ten records
  varve log verify                         is everything there?
`
