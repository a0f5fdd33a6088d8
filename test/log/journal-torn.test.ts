// The last group of the journal as a power cut may leave it: cut at every length, any 512-byte piece of it lost or garbage.
// Everything acknowledged before stays, the torn group is whole or gone, and nobody cries corruption.

import { expect, test } from 'vitest'
import { journalFile } from '../../src/log/layout.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

const journal = `/data/${journalFile}`
const before = ['a', 'b', 'c', 'd']

/** A disk on which the last group holds `values`, and where that group lies. */
async function withLastGroup(values: string[]) {
  const disk = new MemoryDisk({ crashable: false })
  const { log } = await openLog(memoryPlatform(disk), '/data')
  for (const value of before) await log.append(batchOf([value]), { origin: 'client' }).durable
  const earlier = disk.peek(journal)
  await log.append(batchOf(values), { origin: 'client' }).durable
  const later = disk.peek(journal)
  let from = 0
  while (later[from] === earlier[from]) from++
  let to = later.length
  while (later[to - 1] === earlier[to - 1]) to--
  return { disk, earlier, later, from, to }
}

async function recover(disk: MemoryDisk) {
  const { log, report } = await openLog(memoryPlatform(disk), '/data')
  return { values: await readAll(log), problems: report.problems, degraded: log.degraded }
}

test('a group torn at any length is gone, and everything before it is there', async () => {
  const { disk, earlier, from, to } = await withLastGroup(['last', 'but', 'one'])
  for (let length = 0; from + length <= to; length++) {
    const torn = disk.fork()
    torn.poke(journal, earlier.subarray(from + length, to + 4096), from + length)
    const isWhole = from + length === to
    expect(await recover(torn)).toEqual({
      values: isWhole ? [...before, 'last', 'but', 'one'] : before,
      problems: [],
      degraded: undefined,
    })
  }
})

test('a group of which any piece of 512 bytes is missing or garbage is gone, and everything before it is there', async () => {
  const { disk, earlier, later, from, to } = await withLastGroup(['x'.repeat(5000), 'y'.repeat(5000)])
  const dice = new SeededRandom(1)
  for (let piece = from; piece < to; piece += 512)
    for (const bytes of [earlier.subarray(piece, piece + 512), dice.bytes(512)]) {
      const torn = disk.fork()
      torn.poke(journal, bytes, piece)
      expect(await recover(torn)).toEqual({ values: before, problems: [], degraded: undefined })
    }
  // any subset of the pieces
  for (let round = 0; round < 100; round++) {
    const torn = disk.fork()
    let lost = 0
    for (let piece = from; piece < to; piece += 512)
      if (dice.chance(0.5)) {
        torn.poke(journal, earlier.subarray(piece, piece + 512), piece)
        lost += later.subarray(piece, piece + 512).equals(earlier.subarray(piece, piece + 512)) ? 0 : 1
      }
    if (lost > 0) expect((await recover(torn)).values).toEqual(before)
  }
})

test('a batch whose records imitate a group of the journal is data, wherever it lies', async () => {
  const { later, from, to } = await withLastGroup(['imitated'])
  const disk = new MemoryDisk({ crashable: false })
  const { log } = await openLog(memoryPlatform(disk), '/data')
  const imitation = Buffer.alloc(16_384)
  for (let at = 0; at < imitation.length; at += 4096) later.copy(imitation, at, from, to)
  await log.append(batchOf([imitation.toString('latin1')]), { origin: 'client' }).durable
  await log.append(batchOf(['after']), { origin: 'client' }).durable
  const { values, problems } = await recover(disk.fork())
  expect([values.length, values[1], problems]).toEqual([2, 'after', []])
})

test('an idle journal seals itself: rot in the last acknowledged group is corruption, not a torn end', async () => {
  const { disk, from } = await withLastGroup(['sealed'])
  await new Promise(resolve => setTimeout(resolve, 500))
  const rotten = disk.fork()
  rotten.flipBit(journal, from + 70, 0)
  const { problems } = await recover(rotten)
  expect(problems.map(problem => problem.path)).toContain(journalFile)
})
