// The storage simulation's slice for every `npm test`: promises of the design's section 4, seed by seed.
//   SEED=81723 npm test -- simulation     one seed       SEEDS=20000 npm run simulate     many

import { expect, test } from 'vitest'
import { simulate } from './storage.ts'

const seconds = 8
const firstSeed = Number(process.env.SEED ?? 1)

test('no power cut, kill, failed sync or full disk breaks a promise of the log', { timeout: 60_000 }, async () => {
  if (process.env.SEED !== undefined) {
    await simulate(firstSeed)
    return
  }
  const until = performance.now() + seconds * 1000
  let seeds = 0
  for (let seed = firstSeed; performance.now() < until; seed++, seeds++) await simulate(seed)
  expect(seeds).toBeGreaterThan(20)
})

test('the same seed is the same run, event for event', async () => {
  for (const seed of [1, 7, 42, 1999]) {
    const first = await simulate(seed)
    expect(await simulate(seed)).toEqual(first)
    expect(first.appends).toBeGreaterThan(0)
  }
})
