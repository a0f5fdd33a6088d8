// Runs test/clients/java/VarveClient.java against one version of Kafka's client; compiled once per version and change.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../crash/command.ts'
import { cacheFolder, classPath, type Jars } from './needs.ts'

const source = fileURLToPath(new URL('java/VarveClient.java', import.meta.url))

/** For `java -cp`: the jars and our program. */
export function javaClassPath(jars: Jars): string {
  const classes = path.join(cacheFolder(jars), 'classes')
  const stamp = path.join(classes, 'VarveClient.class')
  const madeMs = fs.statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (madeMs < fs.statSync(source).mtimeMs)
    execFileSync('javac', ['-nowarn', '-cp', classPath(jars), '-d', classes, source], { stdio: 'pipe' })
  return `${classes}${path.delimiter}${classPath(jars)}`
}

/** Small and quick to start: these programs live for seconds. */
export const javaFlags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** The facts that the command printed: lines of fields. */
export async function java(jars: Jars, command: string, ...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await run('java', [
    ...javaFlags,
    '-cp',
    javaClassPath(jars),
    'VarveClient',
    command,
    ...args,
  ])
  if (code !== 0) throw new Error(`java ${command}: exit ${code}\n${stderr}${stdout}`)
  return String(stdout)
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t'))
}
