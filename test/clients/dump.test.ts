// Kafka's own DumpLogSegments reads every file that we write, and finds no fault: after a clean stop, and after kills,
// recovery and a clean stop.

import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { freshDirectory } from '../crash/broker-process.ts'
import { run } from '../crash/command.ts'
import { Stage } from '../crash/stage.ts'
import { javaFlags } from './java.ts'
import * as needs from './needs.ts'

const isSkipped = needs.missing(needs.jars('tools'))
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Everything that the tool says about sound files. Whatever else it says is a fault. */
const sound = [
  /^Dumping /,
  /^Log starting offset: \d+$/,
  /^baseOffset: .* isvalid: true$/,
  /^\| offset: \d+ /,
  / passed sanity check\.$/,
  /\.index is empty\.$/, // fewer than index.interval.bytes in the segment
  /^producerId: \d+ producerEpoch: 0 coordinatorEpoch: -1 /,
  /^Snapshot end offset: /,
]

interface Dump {
  readonly files: number
  readonly faults: string[]
  /** By partition directory. */
  readonly records: Map<string, number>
}

async function dump(files: string[], ...options: string[]): Promise<Dump> {
  const args = [
    '-cp',
    needs.classPath('tools'),
    'org.apache.kafka.tools.DumpLogSegments',
    ...options,
    '--files',
    files.join(),
  ]
  const { code, stdout, stderr } = await run('java', [...javaFlags, ...args])
  const lines = `${stdout}${stderr}`.split('\n').filter(line => line !== '')
  const faults = withoutFalseAlarms(lines).filter(line => !sound.some(pattern => pattern.test(line)))
  if (code !== 0) faults.push(`exit ${code}`)
  const records = new Map<string, number>()
  let partition = ''
  for (const line of lines) {
    if (line.startsWith('Dumping ')) partition = path.basename(path.dirname(line.slice('Dumping '.length)))
    if (line.startsWith('| offset:')) records.set(partition, (records.get(partition) ?? 0) + 1)
  }
  return { files: lines.filter(line => line.startsWith('Dumping ')).length, faults: faults.slice(0, 10), records }
}

/**
 * The tool of Kafka 4.3 begins to count at -1 in each file, so it calls the first record of every segment but a partition's
 * first one "non-consecutive", Kafka's own segments too. Exactly that is passed over: from -1 to the file's base offset.
 */
function withoutFalseAlarms(lines: string[]): string[] {
  return lines.filter((line, i) => {
    const pair = line.startsWith('Non-consecutive') ? [line, lines[i + 1]] : [lines[i - 1], line]
    const base = /^Non-consecutive offsets in .*\/(\d{20})\.log$/.exec(pair[0] ?? '')?.[1]
    return base === undefined || pair[1] !== `  -1 is followed by ${Number(base)}`
  })
}

function filesOf(directory: string, ...suffixes: string[]): string[] {
  const all = fs.readdirSync(directory, { recursive: true }).map(name => path.join(directory, String(name)))
  return all.filter(name => suffixes.includes(path.extname(name)) && !name.includes('quarantine')).sort()
}

const logs = (directory: string): string[] => filesOf(directory, '.log')
const indexes = (directory: string): string[] => filesOf(directory, '.index', '.timeindex')

/** Files, records by the tool's count against ours; nothing but sound lines. */
async function expectNoFault(stage: Stage): Promise<void> {
  const { directory } = stage
  const deep = await dump(logs(directory), '--deep-iteration')
  expect(deep).toMatchObject({ faults: [], files: logs(directory).length })
  for (const { topic, partition, verifiedTo } of stage.ledger.partitions)
    expect(deep.records.get(`${topic}-${partition}`)).toBe(verifiedTo)
  for (const option of ['--index-sanity-check', '--verify-index-only']) {
    const found = await dump(indexes(directory), option)
    expect(found).toMatchObject({ faults: [], files: indexes(directory).length })
  }
  const snapshots = filesOf(directory, '.snapshot')
  expect(await dump(snapshots)).toMatchObject({ faults: [], files: snapshots.length })
  const records = [...deep.records.values()].reduce((sum, count) => sum + count, 0)
  console.log(
    `DumpLogSegments: ${deep.files} .log with ${records} records, ${indexes(directory).length} indexes, ${snapshots.length} snapshots, no fault`,
  )
}

describe.skipIf(isSkipped)("Kafka's DumpLogSegments", () => {
  const stage = new Stage(freshDirectory('dump'), 4711)

  async function load(ms: number): Promise<void> {
    stage.startLoad()
    await sleep(ms)
  }

  async function stopCleanly(): Promise<void> {
    await stage.stopLoad()
    await stage.verify({ everything: true })
    expect(stage.ledger.problems).toEqual([])
    expect(await stage.broker.kill('SIGTERM')).toBe(0)
  }

  test('finds no fault after a clean stop', async () => {
    await stage.begin()
    await load(2_500)
    await stopCleanly()
    await expectNoFault(stage)
  })

  test('finds no fault after kills, recovery and a clean stop', async () => {
    await stage.start()
    for (let kills = 0; kills < 6; kills++) {
      await load(400)
      await stage.broker.kill()
      await stage.loadEnded()
      await stage.start()
    }
    await load(400)
    await stopCleanly()
    await expectNoFault(stage)
  })

  test('would find one: a changed index entry, and a flipped bit in a batch', async () => {
    const copy = freshDirectory('dump-broken')
    fs.cpSync(stage.directory, copy, { recursive: true })
    const index = indexes(copy).find(name => name.endsWith('.index') && fs.statSync(name).size > 80) as string
    flip(index, 13)
    expect((await dump([index], '--verify-index-only')).faults).not.toEqual([])
    const log = logs(copy).find(name => fs.statSync(name).size > 10_000) as string
    flip(log, 500)
    expect((await dump([log], '--deep-iteration')).faults).not.toEqual([])
  })
})

function flip(file: string, at: number): void {
  const bytes = fs.readFileSync(file)
  bytes[at] ^= 1
  fs.writeFileSync(file, bytes)
}
