// The built command, as users run it: compiled once per change into a folder of its own, so that tests and `npm start` never
// write over each other. Called by all suites here and in test/clients/.

import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const outDirectory = path.join(root, 'dist/for-tests')
const lockStaleMs = 60_000

let built: string | undefined

/** Path of `main.cjs`. Types are not checked here: `npm run types` does that. */
export function builtCommand(): string {
  built ??= locked(() => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const info = path.join(outDirectory, 'tsbuildinfo')
    const options = ['--noCheck', '--incremental', '--tsBuildInfoFile', info, '--outDir', outDirectory]
    execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.json'), ...options], { stdio: 'pipe' })
    return path.join(outDirectory, 'src/cli/main.cjs')
  })
  return built
}

export interface Output {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs any program to its end; input may be large. Rejects only if it cannot be started. */
export function run(
  program: string,
  args: readonly string[],
  { input, env, timeoutMs = 120_000 }: { input?: string | Buffer; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...env } })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.stdout.on('data', chunk => stdout.push(chunk))
    child.stderr.on('data', chunk => stderr.push(chunk))
    child.stdin.on('error', () => {}) // it may end before it has read everything
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, stdout: Buffer.concat(stdout), stderr: String(Buffer.concat(stderr)) })
    })
    child.stdin.end(input)
  })
}

/** `varve <args>` of this checkout. */
export const varve = (args: readonly string[], options?: Parameters<typeof run>[2]): Promise<Output> =>
  run(process.execPath, [builtCommand(), ...args], options)

export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some(folder => fs.existsSync(path.join(folder, program)))
}

/** Test files run in processes of their own: one builds, the others wait for it. */
function locked<T>(work: () => T): T {
  fs.mkdirSync(outDirectory, { recursive: true })
  const lock = path.join(outDirectory, 'building')
  while (!tryLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  try {
    return work()
  } finally {
    fs.rmdirSync(lock)
  }
}

function tryLock(lock: string): boolean {
  try {
    fs.mkdirSync(lock)
    return true
  } catch {
    const madeMs = fs.statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - madeMs > lockStaleMs) fs.rmSync(lock, { recursive: true, force: true })
    return false
  }
}
