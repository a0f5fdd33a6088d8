// The whole, measured from outside: brokers as child processes, real clients, rounds in alternating order, medians and spread.
//   npx tsx bench/run.ts [scenario…] [--targets floor,varve] [--rounds 3] [--scale 1] [--client librdkafka|java|raw] [--pin]
//                        [--data DIR] [--json FILE]
// README.md beside it says what each number means.

import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildClients } from './clients/build.ts'
import type { Client, Load } from './clients/load.ts'
import { type DiskRate, measureDisk } from './disk.ts'
import { median, short, table } from './numbers.ts'
import { type Measured, type Scenario, scenarios } from './scenarios.ts'
import { type Target, targets } from './targets.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    targets: { type: 'string', default: 'floor,varve' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    client: { type: 'string', default: 'librdkafka' },
    pin: { type: 'boolean', default: false },
    data: { type: 'string', default: join(import.meta.dirname, '../dist') },
    json: { type: 'string' },
  },
})

interface Row {
  readonly scenario: Scenario
  readonly target: Target
  readonly rounds: Measured[]
  readonly failures: string[]
}

const inMemory = new Set([0x01021994, 0x858458f6])
const columns: readonly (readonly [keyof Measured, string])[] = [
  ['recordsPerSecond', 'records/s'],
  ['megabytesPerSecond', 'MB/s'],
  ['p50Ms', 'ack p50 ms'],
  ['p99Ms', 'p99 ms'],
  ['cpuSecondsPerGigabyte', 'CPU s/GB'],
  ['cpuSecondsPerMillion', 'CPU s/M records'],
  ['rssPeakMegabytes', 'RSS peak MB'],
  ['rssAfterMegabytes', 'RSS after MB'],
  ['startMs', 'start ms'],
]

await main()

async function main(): Promise<void> {
  mkdirSync(flags.data, { recursive: true })
  if (inMemory.has(statfsSync(flags.data).type)) throw new Error(`${flags.data} is in memory: give --data on a disk`)
  const scratch = mkdtempSync(join(flags.data, '.bench-'))
  try {
    const built = buildClients(scratch)
    for (const missing of built.missing) console.log(missing)
    const client = flags.client === 'librdkafka' && built.load === undefined ? 'raw' : (flags.client as Client)
    const load: Load = { client, program: built.load, cores: flags.pin ? '1' : undefined }
    const machine = describeMachine(client)
    console.log(machine)
    const disk = await measureDisk(scratch)
    console.log(describeDisk(disk))
    const rows = await measure({ load, slowSync: built.slowSync, scratch })
    for (const scenario of scenarios) print(rows.filter(row => row.scenario === scenario))
    if (flags.json !== undefined)
      writeFileSync(flags.json, `${JSON.stringify({ machine, disk, rows: rows.map(plain) }, undefined, 2)}\n`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function describeMachine(client: string): string {
  const cores = cpus()
  const pinned = flags.pin ? 'broker on core 0, client on core 1' : 'nothing pinned'
  return (
    `${new Date().toISOString().slice(0, 10)}, ${cores.length} × ${cores[0]!.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, ` +
    `Node ${process.version}, client ${client}, ${pinned}, ${flags.rounds} rounds, scale ${flags.scale}, load average before ${loadavg()[0]!.toFixed(1)}`
  )
}

function describeDisk(disk: DiskRate): string {
  const ms = ({ p50, p99 }: { p50: number; p99: number }) => `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`
  return (
    `raw disk: 1 MiB write + sync ${short(disk.largeMegabytesPerSecond)} MB/s; 4 KiB write + sync p50 / p99 ${ms(disk.appendMs)} ` +
    `preallocated, ${ms(disk.growingAppendMs)} growing\n`
  )
}

async function measure(shared: { load: Load; slowSync: string | undefined; scratch: string }): Promise<Row[]> {
  const asked = flags.targets.split(',')
  const chosen = targets.filter(target => asked.includes(target.name))
  const unknown = [
    ...asked.filter(name => !targets.some(target => target.name === name)),
    ...positionals.filter(name => !scenarios.some(scenario => scenario.name === name)),
  ]
  if (unknown.length > 0)
    throw new Error(`unknown: ${unknown.join(', ')}. Targets: ${names(targets)}. Scenarios: ${names(scenarios)}`)
  const rows: Row[] = []
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
    const own = chosen.filter(
      target =>
        scenario.targets === undefined || scenario.targets.includes(target.name) || positionals.includes(scenario.name),
    )
    const ownRows: Row[] = own.map(target => ({ scenario, target, rounds: [], failures: [] }))
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const row of round % 2 === 0 ? ownRows : ownRows.toReversed()) await once(row, shared)
    rows.push(...ownRows)
  }
  return rows
}

async function once(
  row: Row,
  { load, slowSync, scratch }: { load: Load; slowSync: string | undefined; scratch: string },
): Promise<void> {
  process.stderr.write(`${row.scenario.name} ${row.target.name}\n`)
  const inDirectory = async <T>(work: (dir: string) => Promise<T>): Promise<T> => {
    const dir = mkdtempSync(join(scratch, 'data-'))
    try {
      return await work(dir)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  const context = {
    target: row.target,
    load,
    slowSync,
    scale: Number(flags.scale),
    brokerCores: flags.pin ? '0' : undefined,
    inDirectory,
  }
  try {
    row.rounds.push(await row.scenario.run(context))
  } catch (error) {
    row.failures.push((error as Error).message)
  }
}

function names(things: readonly { name: string }[]): string {
  return things.map(thing => thing.name).join(', ')
}

/** One table per scenario: medians, and the range that the rounds spanned for the first column. */
function print(rows: readonly Row[]): void {
  if (rows.length === 0) return
  const { scenario } = rows[0]!
  console.log(`${scenario.name}: ${scenario.goal}`)
  const shown = columns.filter(([field]) => rows.some(row => row.rounds.some(round => (round[field] ?? -1) >= 0)))
  const floor = rows.find(row => row.target.name === 'floor')
  const lines = rows.map(row => [
    row.target.name,
    ...shown.map(([field], column) => cell(row, field, column === 0)),
    ratio(row, floor),
  ])
  console.log(table([['', ...shown.map(([, title]) => title), 'of the floor'], ...lines]))
  for (const row of rows) for (const failure of row.failures) console.log(`${row.target.name} failed: ${failure}`)
  console.log('')
}

function cell(row: Row, field: keyof Measured, spread: boolean): string {
  const values = row.rounds.map(round => round[field] ?? Number.NaN)
  if (values.length === 0 || !(median(values) >= 0)) return '–'
  const range = `(${short(Math.min(...values))} – ${short(Math.max(...values))})`
  return spread && values.length > 1 ? `${short(median(values))} ${range}` : short(median(values))
}

/** Of rates in the same round, which saw the same disk and the same neighbours; then the median of the rounds. */
function ratio(row: Row, floor: Row | undefined): string {
  if (row.scenario.targets !== undefined) return '–'
  const shares = row.rounds.map(
    (round, index) => (round.recordsPerSecond ?? Number.NaN) / (floor?.rounds[index]?.recordsPerSecond ?? Number.NaN),
  )
  return shares.length > 0 && shares.every(Number.isFinite) ? median(shares).toFixed(2) : '–'
}

function plain(row: Row): object {
  return { scenario: row.scenario.name, target: row.target.name, rounds: row.rounds, failures: row.failures }
}
