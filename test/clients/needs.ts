// What the client suites need from the machine. What is missing is skipped with its reason on the screen; with REQUIRE=1
// (nightly, CI) a skip is a failure. `test/clients/setup.sh` brings what can be brought.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isInstalled } from '../crash/command.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/varve-clients/', import.meta.url))
const setup = 'run test/clients/setup.sh'

/** Why a suite cannot run here; undefined if it can. Said once. */
export function missing(...reasons: (string | undefined)[]): boolean {
  const found = reasons.filter(reason => reason !== undefined)
  if (found.length === 0) return false
  const text = `skipped: ${found.join('; ')}`
  if (process.env['REQUIRE'] !== undefined) throw new Error(text)
  console.log(text)
  return true
}

export const kcat = (): string | undefined => (isInstalled('kcat') ? undefined : `kcat is not installed (${setup})`)

export type Jars = 'java-newest' | 'java-3' | 'tools'

export function jars(name: Jars): string | undefined {
  if (!isInstalled('java') || !isInstalled('javac')) return `there is no JDK (${setup})`
  return fs.existsSync(path.join(cache, name, '.complete')) ? undefined : `the jars of ${name} are not there (${setup})`
}

export const classPath = (name: Jars): string => path.join(cache, name, 'libs', '*')

/** A folder for what is made from the jars. */
export const cacheFolder = (name: string): string => {
  fs.mkdirSync(path.join(cache, name), { recursive: true })
  return path.join(cache, name)
}

/** The Debian package catalogue. */
export function catalogue(): string | undefined {
  if (!isInstalled('apt-cache')) return 'there is no apt-cache: not a Debian machine'
  const head = execFileSync('sh', ['-c', 'apt-cache dumpavail | head -c 9'])
  return String(head) === 'Package: ' ? undefined : 'the package catalogue is empty (apt-get update)'
}
