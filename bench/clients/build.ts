// Builds the two C programs into a scratch folder when a compiler and librdkafka's headers are there (Debian: gcc,
// librdkafka-dev), and says in one sentence what is missing when not. Called by run.ts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface Built {
  /** path of the program, or why there is none */
  readonly load: string | undefined
  readonly slowSync: string | undefined
  readonly missing: readonly string[]
}

export function buildClients(dir: string): Built {
  const missing: string[] = []
  const build = (name: string, source: string, flags: readonly string[]): string | undefined => {
    const target = join(dir, name)
    const { status, stderr, error } = spawnSync(
      process.env['CC'] ?? 'cc',
      ['-O2', '-o', target, join(import.meta.dirname, source), ...flags],
      { encoding: 'utf8' },
    )
    if (status === 0) return target
    missing.push(`${name} was not built: ${error?.message ?? stderr.split('\n').find(line => line.includes('error'))}`)
    return undefined
  }
  const load = build('load', 'load.c', ['-lrdkafka'])
  const slowSync = build('slow-sync.so', 'slow-sync.c', ['-shared', '-fPIC', '-ldl'])
  return { load, slowSync, missing }
}
