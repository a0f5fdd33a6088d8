// A platform for users' tests: files in memory, everything else real.

import { MemoryDisk } from './memory-disk.ts'
import { nodePlatform } from './node.ts'
import type { Platform } from './platform.ts'

/** Files last as long as the platform: pass the same one to open() again and the data is there. */
export function memoryPlatform(disk = new MemoryDisk({ crashable: false })): Platform & { disk: MemoryDisk } {
  return { ...nodePlatform(), disk }
}
