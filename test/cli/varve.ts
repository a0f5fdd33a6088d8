// Runs the command: in this process where only words and exit codes matter, as a child process where signals, pipes and
// locks do.
//   1  a small journal and no reserve, through the environment: a start takes little time and any disk will do
//   2  what tests leave running is killed, and what they leave behind removed, at the end of their file

import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import pico from 'picocolors'
import { afterAll } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/program.ts'

const main = path.resolve(import.meta.dirname, '../../src/cli/main.cts')

const quickStart = { VARVE_JOURNAL_BYTES: '8388608', VARVE_DISK_RESERVE_BYTES: '0' }

const leftovers: (() => void)[] = []
afterAll(() => {
  for (const clear of leftovers) clear()
})

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  /** As on a terminal; as in a pipe by default. */
  readonly isTerminal?: boolean
  readonly input?: string | Buffer
  readonly env?: Record<string, string>
}

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-cli-'))
  leftovers.push(() => fs.rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** To its end, in this process. */
export async function varve(
  args: readonly string[],
  { input = '', env = {}, isTerminal = false }: RunOptions = {},
): Promise<Outcome> {
  const said = { out: [] as Buffer[], err: '' }
  const io: Io = {
    print: async text => void said.out.push(Buffer.from(text as string)),
    note: text => {
      said.err += `${text}\n`
    },
    isTerminal,
    isErrorTerminal: false,
    hasColors: false,
    colors: pico.createColors(false),
    input: Readable.from([Buffer.from(input as string)]) as NodeJS.ReadStream,
    env: { ...quickStart, ...env },
    signal: new AbortController().signal,
    exitCode: 0,
    exit: code => {
      throw new Error(`exit ${code}`)
    },
    onBug: () => {},
  }
  const code = await run(args, io)
  return { code, out: Buffer.concat(said.out).toString('utf8'), err: said.err }
}

/** To its end, as a process of its own. */
export async function varveProcess(args: readonly string[], { input = '', env }: RunOptions = {}): Promise<Outcome> {
  const running = start(args, env)
  running.child.stdin?.on('error', () => {}) // a command that wants no input may be gone already
  running.child.stdin?.end(input)
  return running.ended
}

/** The JSON objects of an output in lines. */
export function objects<T = Record<string, unknown>>(out: string): T[] {
  return out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T)
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves with the match as soon as stdout or stderr has it; rejects if the process ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

export function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { ...cleanEnvironment(), ...quickStart, ...env },
  })
  const said = { out: '', err: '' }
  const listeners = new Set<() => void>()
  for (const stream of ['out', 'err'] as const)
    child[`std${stream}`].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
      for (const look of listeners) look()
    })
  const ended = new Promise<Outcome>(resolve => child.on('close', code => resolve({ code, ...said })))
  leftovers.unshift(() => void child.kill('SIGKILL'))
  return {
    child,
    ended,
    said: pattern =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(said.out) ?? pattern.exec(said.err)
          if (match !== null) resolve(match)
        }
        listeners.add(look)
        look()
        void ended.then(({ code }) =>
          reject(new Error(`ended with ${code} before it said ${pattern}:\n${said.out}${said.err}`)),
        )
      }),
  }
}

/** `varve serve` on a free port, ready. */
export async function serve(directory: string, ...args: string[]): Promise<Running & { port: number }> {
  const running = start(['serve', '--dir', directory, '--kafka', '127.0.0.1:0', ...args])
  const [, port] = await running.said(/kafka\s+127\.0\.0\.1:(\d+)/)
  await running.said(/stop\s+ctrl-c/)
  return { ...running, port: Number(port) }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VARVE_')))
}

/** What `look` sees once it is as wanted. */
export async function until<T>(look: () => T, isWanted: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = look()
    if (isWanted(seen)) return seen
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
