// What the simulation knows of topics and partitions, and the settings that all of its directories share.
// Called by world.ts and work.ts.

import { type SettingName, Settings } from '../../src/base/config.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import type { PartitionModel } from './model.ts'

export const ringBytes = 256 << 10

/** The table's smallest ring would hardly ever come round. */
export class SmallSettings extends Settings {
  override number(name: SettingName): number {
    return name === 'varve.journal.bytes' ? ringBytes : super.number(name)
  }
}

export interface Partition {
  readonly model: PartitionModel
  log: DiskPartitionLog
}

export interface Topic {
  readonly id: string
  readonly name: string
  settings: [string, string][]
  partitions: Partition[]
  /** The record that creates it is durable. */
  isThere: boolean
  isDeleting: boolean
  isSwitching: boolean
}
