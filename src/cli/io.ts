// Where a command's words go: data to stdout, everything else to stderr; and what may end it early.
//   1  a reader that goes away (EPIPE) ends the command quietly: the signal aborts, the exit code stays 0
//   2  the first ^C or SIGTERM aborts the signal, so that work stops in order; the second one ends the process at once
//   3  colours only on a terminal, and never with NO_COLOR
// Made by program.ts, handed to every command.

import pico from 'picocolors'
import { exitCodes } from './failure.ts'

export type Interruption = 'SIGINT' | 'SIGTERM' | 'EPIPE'

export interface Io {
  /** To stdout. Resolves when the reader has room for more. */
  print(text: string | Uint8Array): Promise<void>
  /** One line, or several, to stderr. */
  note(text: string): void
  /** stdout is a terminal: tables instead of NDJSON. */
  readonly isTerminal: boolean
  /** stderr is a terminal. */
  readonly isErrorTerminal: boolean
  readonly hasColors: boolean
  readonly colors: ReturnType<typeof pico.createColors>
  readonly input: NodeJS.ReadStream
  readonly env: NodeJS.ProcessEnv
  /** Aborts at ^C, SIGTERM, or when nobody reads our output any more. The reason is an Interruption. */
  readonly signal: AbortSignal
  /** What the process ends with if nothing is thrown. */
  exitCode: number
  /** At once, for when order is no longer to be had. */
  exit(code: number): never
  /** Bugs: an exception that nobody caught. */
  onBug(handle: (error: unknown) => void): void
}

export function createIo(process: NodeJS.Process): Io {
  const { stdout, stderr, env } = process
  const stop = new AbortController()
  const interrupt = (reason: Interruption, code: number): void => {
    if (stop.signal.aborted) process.exit(code)
    io.exitCode = code
    stop.abort(reason)
  }
  process.on('SIGINT', () => interrupt('SIGINT', exitCodes.interrupted))
  process.on('SIGTERM', () => interrupt('SIGTERM', exitCodes.terminated))
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!stop.signal.aborted) stop.abort('EPIPE' satisfies Interruption)
    })
  const isTerminal = stdout.isTTY === true
  const hasColors = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const io: Io = {
    print: text => print(stdout, text, stop.signal),
    note: text => void stderr.write(`${text}\n`),
    isTerminal,
    isErrorTerminal: stderr.isTTY === true,
    hasColors,
    colors: pico.createColors(hasColors),
    get input() {
      return process.stdin
    },
    env,
    signal: stop.signal,
    exitCode: exitCodes.ok,
    exit: code => process.exit(code),
    onBug: handle => {
      process.on('uncaughtException', handle)
      process.on('unhandledRejection', handle)
    },
  }
  return io
}

function print(stdout: NodeJS.WriteStream, text: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (!stdout.writable || stdout.write(text) || signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      stdout.off('drain', done)
      stdout.off('close', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    stdout.on('drain', done)
    stdout.on('close', done)
    signal.addEventListener('abort', done)
  })
}
