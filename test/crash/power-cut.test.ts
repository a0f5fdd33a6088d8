// Real power cuts of a real kernel file system under load, of a recovery, and right after a clean stop. CUTS=100 npm run
// test:crash. The acknowledgements that count are those received before the cut was ordered.

import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { missing } from '../clients/needs.ts'
import { CutDisk } from './cut-disk.ts'
import { Stage } from './stage.ts'

const cuts = Number(process.env['CUTS'] ?? 0)
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

describe.each(['ext4', 'xfs'] as const)('on %s', kind => {
  let disk: CutDisk | undefined
  afterAll(() => disk?.dispose())

  const isSkipped = cuts === 0 ? notAsked(kind) : missing(CutDisk.missing(kind))

  test.skipIf(isSkipped)(
    `${cuts} power cuts: nothing acknowledged is missing, and nothing that anyone has seen`,
    { timeout: 60_000 + cuts * 20_000 },
    async () => {
      disk = new CutDisk(kind)
      const stage = new Stage(path.join(disk.directory, 'segments'), seed)
      const startedMs = performance.now()
      await stage.begin()
      const counts = { load: 0, stopped: 0, starting: 0 }
      for (let cut = 1; cut <= cuts; cut++) {
        const how = cut % 4 === 0 ? 'stopped' : 'load'
        counts[how] += 1
        await (how === 'load' ? cutUnderLoad(stage, disk) : cutAfterStop(stage, disk))
        if (stage.random.chance(0.3)) {
          counts.starting += 1
          await cutWhileStarting(stage, disk)
        }
        await stage.start()
        await stage.verify({ everything: cut % 10 === 0 || cut === cuts })
        expect(stage.ledger.problems, `cut ${cut} (${how}), SEED=${seed}`).toEqual([])
        expect(stage.refusals, `cut ${cut} (${how}), SEED=${seed}`).toEqual([])
      }
      stage.startLoad()
      await sleep(100)
      await stage.stopLoad()
      await stage.verify({ everything: true })
      for (const partition of stage.ledger.partitions) partition.judgeEnd()
      expect(stage.ledger.problems, `SEED=${seed}`).toEqual([])
      expect(await stage.broker.kill('SIGTERM'), stage.broker.log).toBe(0)
      const { load, stopped, starting } = counts
      const what = `${kind}: ${load} cuts under load, ${stopped} after a clean stop, ${starting} during recovery (SEED=${seed})`
      console.log(stage.report(what, performance.now() - startedMs))
    },
  )

  test.skipIf(isSkipped)(
    'the test would find it: with varve.durability=os a cut takes what was acknowledged',
    async () => {
      disk?.dispose()
      disk = new CutDisk(kind)
      const settings = { 'varve.log.durability': 'os', 'varve.checkpoint.interval.ms': '30000' }
      const stage = new Stage(path.join(disk.directory, 'segments'), seed, { settings })
      await stage.begin()
      await cutUnderLoad(stage, disk)
      await stage.start()
      await stage.verify()
      expect(stage.ledger.problems.join('\n')).toMatch(/acknowledged .*, where there is nothing/)
      await stage.broker.kill()
    },
  )
})

/** Mounting file systems is not what `npm test` is expected to do. */
function notAsked(kind: string): boolean {
  console.log(`skipped: power cuts on ${kind} run with CUTS=12 npm run test:crash`)
  return true
}

async function cutUnderLoad(stage: Stage, disk: CutDisk): Promise<void> {
  await disk.arm()
  stage.startLoad()
  await sleep(50 + stage.random.below(400))
  stage.ledger.isDeaf = true
  await disk.cut()
  await stage.broker.kill()
  await stage.loadEnded()
  stage.ledger.isDeaf = false
  powerReturns(stage, disk)
}

/** An exit code of 0 is a promise too. */
async function cutAfterStop(stage: Stage, disk: CutDisk): Promise<void> {
  await disk.arm()
  stage.startLoad()
  await sleep(50 + stage.random.below(200))
  expect(await stage.broker.kill('SIGTERM'), stage.broker.log).toBe(0)
  await disk.cut()
  await stage.loadEnded()
  powerReturns(stage, disk)
}

async function cutWhileStarting(stage: Stage, disk: CutDisk): Promise<void> {
  await disk.arm()
  const broker = stage.spawn()
  await sleep((stage.startsMs.at(-1) ?? 300) * (0.4 + 0.6 * stage.random.fraction()))
  await disk.cut()
  await broker.kill()
  powerReturns(stage, disk)
}

/** A machine whose power was cut is away for longer than a lock stays fresh (ten seconds); the test does not wait for that. */
function powerReturns(stage: Stage, disk: CutDisk): void {
  disk.remount()
  const lock = path.join(stage.directory, 'owner.lock')
  if (fs.existsSync(lock)) fs.utimesSync(lock, new Date(0), new Date(0))
}
