// `npm run simulate`: many seeds of the storage simulation.
//   SEEDS=20000 FIRST=1 npm run simulate      stops at the first broken promise, with the line that repeats it

import { simulate } from './storage.ts'

const seeds = Number(process.env.SEEDS ?? 1000)
const first = Number(process.env.FIRST ?? 1)
const keepGoing = process.env.KEEP_GOING !== undefined
const startedMs = performance.now()
let appends = 0
let starts = 0
let broken = 0
for (let seed = first; seed < first + seeds; seed++) {
  try {
    const outcome = await simulate(seed)
    appends += outcome.appends
    starts += outcome.starts
  } catch (error) {
    broken += 1
    console.error((error as Error).message)
    if (process.env.TRACE !== undefined) console.error((error as Error).cause)
    if (!keepGoing) process.exit(1)
  }
  if ((seed - first + 1) % 1000 === 0) report(seed - first + 1)
}
report(seeds)
process.exit(broken === 0 ? 0 : 1)

function report(done: number): void {
  const minutes = (performance.now() - startedMs) / 60_000
  console.log(
    `${done} seeds, ${broken} broken, ${Math.round(done / minutes)} seeds/min, ${starts} starts, ${appends} appends`,
  )
}
