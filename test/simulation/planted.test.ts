// Testing the test: each planted fault is found within a few hundred seeds.

import { describe, expect, test } from 'vitest'
import { plants } from './plants.ts'
import { simulate } from './storage.ts'

const seedsMax = 400

describe('the simulation finds it when', () => {
  for (const [name, plant] of Object.entries(plants))
    test(name, { timeout: 60_000 }, async () => {
      const restore = plant.patch?.()
      try {
        const seed = await seedThatFinds(plant)
        if (process.env.SHOW) console.log(`${name}: ${seed}`)
        expect(seed).toBeLessThan(seedsMax)
      } finally {
        restore?.()
      }
    })
})

async function seedThatFinds(plant: (typeof plants)[string]): Promise<number> {
  for (let seed = 1; seed < seedsMax; seed++) {
    try {
      await simulate(seed, { plant })
    } catch {
      return seed
    }
  }
  return seedsMax
}
