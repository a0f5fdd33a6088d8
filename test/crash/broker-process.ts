// `varve serve` as a process that tests start, kill and start again.
//   1  only processes that were started here are killed, by their own handle; none outlives the test file
// Called by all suites here and in test/clients/.

import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { builtCommand } from './command.ts'

export interface ServeOptions {
  readonly directory: string
  readonly port: number
  readonly settings?: Readonly<Record<string, string>>
}

const living = new Set<ChildProcess>()
const directories: string[] = []
afterAll(() => {
  for (const child of living) child.kill('SIGKILL')
  if (process.env['KEEP'] !== undefined) console.log(`kept: ${directories.join(' ')}`)
  else for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})

const readyMsMax = 60_000

export class BrokerProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #exited: Promise<number | string>
  #stdout = ''
  #stderr = ''
  /** From the start to the line that says that it listens. */
  readyMs = 0

  /** Started, not yet ready: `ready()` waits, or kill it before. */
  static spawn({ directory, port, settings = {} }: ServeOptions): BrokerProcess {
    const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    const args = ['serve', '--dir', directory, '--kafka', `127.0.0.1:${port}`, ...sets]
    return new BrokerProcess(spawn(process.execPath, [builtCommand(), ...args], { stdio: 'pipe' }), port)
  }

  static async start(options: ServeOptions): Promise<BrokerProcess> {
    const broker = BrokerProcess.spawn(options)
    await broker.ready()
    return broker
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    living.add(child)
    child.stdout?.on('data', chunk => {
      this.#stdout += chunk
    })
    child.stderr?.on('data', chunk => {
      this.#stderr += chunk
    })
    this.#exited = new Promise(resolve => {
      child.on('close', (code, signal) => {
        living.delete(child)
        resolve(signal ?? code ?? -1)
      })
    })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** What it wrote on stderr: its log. */
  get log(): string {
    return this.#stderr
  }

  /** The line about recovery on its first screen. */
  get recovery(): string {
    return /^\s*recovery\s+(.*)$/m.exec(this.#stdout)?.[1] ?? ''
  }

  get foundProblems(): boolean {
    return /^\s*problems\s/m.test(this.#stdout)
  }

  async ready(): Promise<void> {
    const startedMs = performance.now()
    const ended = this.#exited.then(how => {
      throw new Error(`varve serve ended before it was ready (${how}):\n${this.#stdout}\n${this.#stderr}`)
    })
    ended.catch(() => {})
    while (!/^\s*stop\s/m.test(this.#stdout)) {
      await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 3))])
      if (performance.now() - startedMs > readyMsMax)
        throw new Error(`not ready in time:\n${this.#stdout}\n${this.#stderr}`)
    }
    this.readyMs = performance.now() - startedMs
  }

  /** Resolves when the process is gone, with its exit code or the signal that ended it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | string> {
    this.#child.kill(signal)
    return await this.#exited
  }
}

/** Below the range that the system takes ports for outgoing connections from, so that it stays free between two starts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 16_000)
    const isFree = await new Promise<boolean>(resolve => {
      const server = net.createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** A directory on the real file system that goes when the test file is done. `KEEP=1` keeps it. */
export function freshDirectory(name: string): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `varve-${name}-`))
  directories.push(directory)
  return directory
}
