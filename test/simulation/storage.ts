// One seed of the storage simulation: a data directory on a simulated machine, random work on several topics, random
// faults, power cuts and kills at any moment (during recovery too, several deep), and after each start every promise of the
// design's section 4 against a model (model.ts, producers.ts).
//   SEED=81723 npm test -- simulation        repeats one seed
//   SEEDS=20000 npm run simulate             runs many
// Called by storage.test.ts, planted.test.ts and run.ts.

import { Broken } from './model.ts'
import { type Operation, Work } from './work.ts'
import type { Outcome, Plant } from './world.ts'

/**
 * A fixed piece of work on a quiet machine, the power cut at one operation of the disk (1 is the first; none if missing), then
 * a start, and every promise. Resolves with the number of operations that the work took.
 */
export async function runScript(seed: number, script: readonly Operation[], cutAt?: number): Promise<number> {
  const world = new Work(seed, {}, cutAt)
  try {
    return await world.follow(script)
  } catch (error) {
    throw new Broken(`seed ${seed}, power cut at operation ${cutAt}: ${(error as Error).message}`, { cause: error })
  }
}

export interface SimulateOptions {
  readonly plant?: Plant
  /** Lives of the process. */
  readonly livesMax?: number
}

/** Throws with the line that repeats it if a promise is broken. */
export async function simulate(seed: number, { plant = {}, livesMax = 5 }: SimulateOptions = {}): Promise<Outcome> {
  const world = new Work(seed, plant)
  try {
    const lives = 2 + world.dice.below(livesMax - 1)
    for (let life = 0; life < lives; life++) await world.live()
    await world.start()
    return world.outcome
  } catch (error) {
    const found = error instanceof Error ? error : new Error(String(error))
    throw new Broken(`SEED=${seed} npm test -- simulation   ${found.message}`, { cause: found })
  }
}
