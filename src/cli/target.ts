// What a command works on: a data directory, opened in this process.
//   1  a command that only looks never makes a directory
//   2  whatever happens, the directory is closed in order, so the next one finds it clean
//   3  the engine is loaded when it is wanted: help and wrong options cost nothing
//   4  -b is understood and refused with the way that works: the client for it is not part of this version
// Called by every command with --dir, except serve.

import { type Command, Option } from 'commander'
import type { Settings } from '../base/config.ts'
import type { Broker } from '../broker/types.ts'
import type { Log } from '../embedded/log.ts'
import { nearest } from './did-you-mean.ts'
import { CommandError, exitCodes } from './failure.ts'
import type { Io } from './io.ts'
import { lineLogger } from './log-lines.ts'
import { dirOption, setOption } from './options.ts'
import { readSettings } from './settings.ts'

export interface TargetOptions {
  readonly dir: string
  readonly set: readonly string[]
  readonly brokers?: string
}

/** The options of a target, for any command. */
export function addTarget(command: Command): Command {
  return command
    .addOption(dirOption())
    .addOption(setOption())
    .addOption(new Option('-b, --brokers <host:port>', 'a server').hideHelp())
}

interface Opening {
  readonly io: Io
  readonly command: string
  /** True: made if it is missing. */
  readonly make: boolean
}

/** The engine, for commands about topics. */
export async function withBroker<T>(
  options: TargetOptions,
  opening: Opening,
  use: (broker: Broker) => Promise<T>,
): Promise<T> {
  const prepared = await prepare(options, opening)
  const { openBroker } = await import('../broker/open-broker.ts')
  const broker = await openBroker({ ...prepared, directory: options.dir })
  for (const { path, problem } of broker.recovery.problems) prepared.logger.warn('recovery', { path, problem })
  return closingAfter(broker, () => use(broker))
}

/** The library, for commands about records. */
export async function withLog<T>(
  options: TargetOptions,
  opening: Opening,
  use: (log: Log, settings: Settings) => Promise<T>,
): Promise<T> {
  const { settings, ...prepared } = await prepare(options, opening)
  const { open } = await import('../embedded/open.ts')
  const log = await open(options.dir, { ...prepared, settings: Object.fromEntries(settings.overrides()) })
  return closingAfter(log, () => use(log, settings))
}

/** "not found", with the name that was probably meant. */
export function topicNotFound(topic: string, known: Iterable<string>): CommandError {
  const meant = nearest(topic, known)
  return new CommandError(
    meant === undefined ? `topic '${topic}' not found` : `topic '${topic}' not found; did you mean '${meant}'?`,
    { next: "'varve topic list' shows what there is", exitCode: exitCodes.notFound },
  )
}

async function prepare({ dir, set, brokers }: TargetOptions, { io, command, make }: Opening) {
  if (brokers !== undefined) throw overTheWire(brokers)
  const { nodePlatform } = await import('../platform/node.ts')
  const { isDataDirectory } = await import('../log/inspect-verify.ts')
  const platform = nodePlatform({ command })
  const logger = lineLogger(platform.clock, line => io.note(line), 'warn')
  const { settings, strangers } = readSettings(io.env, set)
  for (const variable of strangers) logger.warn('this variable is not a setting', { variable })
  if (!make && !isDataDirectory(platform.disk, dir)) throw noDirectory(dir)
  return { platform, logger, settings }
}

function overTheWire(brokers: string): CommandError {
  return new CommandError(`this version of varve has no client of its own, so it cannot go to ${brokers}`, {
    next: `use any Kafka client there (kcat -b ${brokers} …), or stop that server and give its directory with --dir`,
    exitCode: exitCodes.usage,
  })
}

function noDirectory(dir: string): CommandError {
  return new CommandError(`there is no data directory at ${dir}`, {
    next: `give the right one with --dir; 'varve serve --dir ${dir}' or 'varve produce' would make it`,
    exitCode: exitCodes.notFound,
  })
}

async function closingAfter<T>(opened: { close(): Promise<void> }, use: () => Promise<T>): Promise<T> {
  let result: T
  try {
    result = await use()
  } catch (error) {
    await opened.close().catch(() => {}) // the first trouble is the one to tell
    throw error
  }
  await opened.close()
  return result
}
