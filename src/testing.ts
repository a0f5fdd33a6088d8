// For users' own tests: `import { memoryLog, simulatedPlatform } from 'varve/testing'`. Re-exports, and one short cut.
//   memoryLog()           a log in memory that ends with the test; nothing touches the disk
//   memoryPlatform()      the same as a platform: pass it to open() twice, and the second finds what the first wrote
//   simulatedPlatform()   disk, time, chance and network from one seed, with power cuts

import type { Log } from './embedded/log.ts'
import { open } from './embedded/open.ts'
import type { OpenOptions } from './embedded/types.ts'

export { memoryPlatform } from './platform/memory.ts'
export { type CrashOptions, diceOf, MemoryDisk, type MemoryDiskOptions } from './platform/memory-disk.ts'
export type { Clock, Disk, Network, Platform, Random } from './platform/platform.ts'
export {
  type RunOptions,
  type SimulatedPlatform,
  type SimulationOptions,
  simulatedPlatform,
} from './platform/simulated.ts'

/** A log in memory, e.g. `await using log = await memoryLog()`. */
export function memoryLog(options: OpenOptions = {}): Promise<Log> {
  return open({ memory: true }, options)
}
