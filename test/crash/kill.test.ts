// Rounds of kill -9 under load, with a real process on the real file system. ROUNDS=200 npm run test:crash; SEED repeats
// the choices (not the timing).

import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readRecords } from '../../src/records/read.ts'
import { freshDirectory } from './broker-process.ts'
import { varve } from './command.ts'
import type { PartitionLedger } from './ledger.ts'
import { Stage } from './stage.ts'

const rounds = Number(process.env['ROUNDS'] ?? 5)
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
/** Every so often a stop by SIGTERM instead. */
const termEvery = 4
/** Every so often `varve log verify` looks at the directory as the kill left it. */
const verifyEvery = 10
/** Every so often everything is read again, from the first offset. */
const wholeEvery = 10

/** From so many rounds on, kcat and Java produce as well. */
const foreignFrom = 20

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

test(`${rounds} rounds of kill -9 under load: nothing acknowledged is missing, repeated, moved or out of order`, {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const stage = new Stage(freshDirectory('kill'), seed, { foreign: rounds >= foreignFrom })
  const { random, ledger } = stage
  const startedMs = performance.now()
  let kills = 0
  let terms = 0
  await stage.begin()
  for (let round = 1; round <= rounds; round++) {
    stage.startLoad()
    await sleep(30 + random.below(350))
    if (round % termEvery === 0) {
      terms += 1
      expect(await stage.broker.kill('SIGTERM'), stage.broker.log).toBe(0)
      await stage.loadEnded()
      await stage.start()
      expect(stage.broker.recovery).toMatch(/^none needed/)
    } else {
      kills += 1
      await stage.broker.kill()
      await stage.loadEnded()
      if (round % verifyEvery === 1) await verifyOffline(stage)
      kills += await killWhileStarting(stage)
      await stage.start()
    }
    await stage.verify({ everything: round % wholeEvery === 0 })
    expect(ledger.problems, `round ${round}, SEED=${seed}`).toEqual([])
    expect(stage.refusals, `round ${round}, SEED=${seed}`).toEqual([])
  }
  await finish(stage)
  console.log(stage.report(`${kills} kills and ${terms} clean stops (SEED=${seed})`, performance.now() - startedMs))
})

async function verifyOffline(stage: Stage): Promise<void> {
  const { code, stdout, stderr } = await varve(['log', 'verify', stage.directory])
  expect(code, `${stdout}${stderr}`).toBe(0)
}

/** None, one or two starts that are killed on the way, mostly in the middle of recovery. */
async function killWhileStarting(stage: Stage): Promise<number> {
  const times = Math.max(0, stage.random.below(4) - 1)
  const usualMs = stage.startsMs.at(-1) ?? 300
  for (let i = 0; i < times; i++) {
    const broker = stage.spawn()
    await sleep(usualMs * (0.4 + 0.6 * stage.random.fraction()))
    await broker.kill()
  }
  return times
}

/** The last unacknowledged batches get their answers; a clean stop; then every file is read without a broker. */
async function finish(stage: Stage): Promise<void> {
  stage.startLoad()
  await sleep(100)
  await stage.stopLoad()
  await stage.finishForeign()
  expect(stage.unackedBatches).toBe(0)
  await stage.verify({ everything: true })
  for (const partition of stage.ledger.partitions) partition.judgeEnd()
  expect(await stage.broker.kill('SIGTERM'), stage.broker.log).toBe(0)
  await verifyOffline(stage)
  for (const ledger of stage.ledger.partitions) {
    const directory = path.join(stage.directory, `${ledger.topic}-${ledger.partition}`)
    expect(readLogFiles(directory, ledger)).toBe(ledger.verifiedTo)
  }
  expect(stage.ledger.problems, `SEED=${seed}`).toEqual([])
  const quarantine = path.join(stage.directory, 'quarantine')
  const setAside = fs.existsSync(quarantine) ? fs.readdirSync(quarantine, { recursive: true }).length : 0
  console.log(`entries in quarantine/: ${setAside}`)
}

/** After a clean stop the .log files are nothing but batches, end to end. Returns the offset after the last one. */
function readLogFiles(directory: string, ledger: PartitionLedger): number {
  let next = 0
  for (const file of fs
    .readdirSync(directory)
    .filter(name => name.endsWith('.log'))
    .sort()) {
    const bytes = fs.readFileSync(path.join(directory, file))
    for (let at = 0; at < bytes.length; ) {
      const end = at + 12 + bytes.readInt32BE(at + 8)
      for (const { offset, value } of readRecords(bytes.subarray(at, end))) {
        ledger.saw(offset, String(value))
        next = offset + 1
      }
      at = end
    }
  }
  return next
}
