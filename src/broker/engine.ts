// What the functions of broker/ share: passed to each of them, owned by broker.ts.

import type { Settings } from '../base/config.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { LogDirectory } from '../log/types.ts'
import type { Platform } from '../platform/platform.ts'
import type { Registry } from './registry.ts'
import type { Topics } from './topics.ts'
import type { Waiters } from './waiters.ts'

export interface Engine {
  readonly platform: Platform
  /** In force: this node's at run time, over those for all nodes, over what the broker was started with. */
  readonly settings: Settings
  /** Changed at run time for all nodes. */
  readonly settingsOfAll: Settings
  readonly logger: Logger
  readonly metrics: Metrics
  readonly directory: LogDirectory
  readonly registry: Registry
  readonly topics: Topics
  readonly waiters: Waiters
  /** Rises whenever log start offsets may have moved: standing fetches then look at all their partitions. */
  logStartMoves: number
  /** New work is refused from the moment this is true. */
  closed: boolean
}
