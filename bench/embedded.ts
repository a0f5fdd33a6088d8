// The library, measured in its own process: appendMany, batches read back, one durable append against one bare sync, a
// thousand partitions that commit at once, a random offset in a small and in a large log.
//   npx tsx bench/embedded.ts [name…] [--scale 1] [--data DIR]
// Fixed seed; what is read back is summed and compared with what was written. README.md says what each number means.

import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Part, parts } from './embedded-parts.ts'
import { table } from './numbers.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    data: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
})

const tmpfs = 0x01021994

await main()

async function main(): Promise<void> {
  mkdirSync(flags.data, { recursive: true })
  if (statfsSync(flags.data).type === tmpfs) throw new Error(`${flags.data} is in memory: give --data on a disk`)
  const rows = [['', 'measured', 'goal']]
  for (const part of parts) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue
    process.stderr.write(`${part.name}\n`)
    rows.push([part.name, await measured(part), part.goal])
  }
  console.log(`${new Date().toISOString().slice(0, 10)}, Node ${process.version}, scale ${flags.scale}\n${table(rows)}`)
}

async function measured(part: Part): Promise<string> {
  const dir = mkdtempSync(join(flags.data, '.bench-'))
  try {
    return await part.run(dir, Number(flags.scale))
  } catch (error) {
    return `failed: ${(error as Error).stack}`
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
