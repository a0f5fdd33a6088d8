// The real world behind the four doors. Called by the faces (embedded/, cli/) when the caller gave no platform.

import { NodeClock } from './node-clock.ts'
import { NodeDisk } from './node-disk.ts'
import { NodeNetwork } from './node-network.ts'
import type { OwnerOptions } from './node-ownership.ts'
import { NodeRandom } from './node-random.ts'
import type { Platform } from './platform.ts'

/** `command`: how the owner of a directory is named to a second opener, e.g. `varve serve`. */
export function nodePlatform(options: OwnerOptions = {}): Platform {
  return { disk: new NodeDisk(options), clock: new NodeClock(), random: new NodeRandom(), network: new NodeNetwork() }
}
