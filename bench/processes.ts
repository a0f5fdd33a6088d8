// Child processes of a bench and what Linux says about them: CPU seconds, resident memory, when they first answered.
// Called by targets.ts and scenarios.ts. Linux only: it reads /proc.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { firstAnswer } from './clients/raw.ts'

const ticksPerSecond = 100
const startWithinMs = 30_000
const stopWithinMs = 10_000

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** a list of cores, as taskset takes it */
  readonly cores?: string | undefined
}

/** A broker under test. */
export class Running {
  readonly pid: number
  readonly port: number
  /** from spawn to the answer to the first ApiVersions request */
  readonly startMs: number
  readonly #child: ChildProcess

  constructor(child: ChildProcess, port: number, startMs: number) {
    this.#child = child
    this.pid = child.pid!
    this.port = port
    this.startMs = startMs
  }

  /** User and system time so far. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  rssMegabytes(): number {
    return this.#status('VmRSS')
  }

  /** Since the start, or since resetPeak(). */
  rssPeakMegabytes(): number {
    return this.#status('VmHWM')
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5')
  }

  async stop(): Promise<void> {
    await end(this.#child)
  }

  #status(field: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1')
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024
  }
}

/** Resolves when the Kafka port answers; rejects with the process's last words when it ends before. */
export async function startBroker(command: Command, port: number): Promise<Running> {
  const began = performance.now()
  const { child, words } = launch(command)
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${command.args.at(0)} ended: ${words()}`)
    if (performance.now() - began > startWithinMs) {
      await end(child)
      throw new Error(`${command.args.at(0)} did not answer within ${startWithinMs} ms: ${words()}`)
    }
    try {
      await firstAnswer(port)
      return new Running(child, port, performance.now() - began)
    } catch {
      await sleep(1)
    }
  }
}

/** Runs to its end within `withinMs`. Resolves with what it printed; rejects when it failed. */
export async function runToEnd(command: Command, withinMs = 300_000): Promise<string> {
  const { child, words, printed } = launch(command)
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  const code = await new Promise(resolve => child.once('close', resolve))
  clearTimeout(timer)
  if (code !== 0) throw new Error(`${command.command} ended with ${code}: ${words()} ${printed()}`)
  return printed()
}

function launch({ command, args, env, cores }: Command): { child: ChildProcess; words(): string; printed(): string } {
  const [program, programArgs] = cores === undefined ? [command, args] : ['taskset', ['-c', cores, command, ...args]]
  const child = spawn(program, programArgs, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let words = ''
  let printed = ''
  child.on('error', error => {
    words += error.message
  })
  child.stdout.on('data', chunk => {
    printed = (printed + chunk).slice(-100_000)
  })
  child.stderr.on('data', chunk => {
    words = (words + chunk).slice(-2000)
  })
  return { child, words: () => words, printed: () => printed }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise(resolve => child.once('close', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await closed
  clearTimeout(timer)
}
