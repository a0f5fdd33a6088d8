// What the tests of log/ share: a directory with one topic, on any platform, and batches to put into it.

import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { type DiskLogDirectory, openLogDirectory } from '../../src/log/log-directory.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import type { RecoveryReport } from '../../src/log/types.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { forEachBatch, readRecords } from '../../src/records/read.ts'

export const topicId = 'dGVzdC10b3BpYy1pZC0wMQ'

export interface OpenedLog {
  readonly directory: DiskLogDirectory
  readonly log: DiskPartitionLog
  readonly report: RecoveryReport
}

export type SettingsInit = Record<string, string>

export async function openLog(
  platform: Platform,
  path: string,
  init: SettingsInit = {},
  broker: SettingsInit = {},
): Promise<OpenedLog> {
  const settings = new Settings(
    Object.entries({ 'varve.journal.bytes': '1048576', 'varve.disk.reserve.bytes': '0', ...broker }),
  )
  const directory = await openLogDirectory(platform, path, { settings, logger: silentLogger })
  const log = directory.openPartition({
    topic: 'orders',
    topicId,
    partition: 0,
    settings: new Settings(Object.entries(init), settings),
  })
  const report = await directory.finishRecovery({ isDeleted: () => false })
  return { directory, log, report }
}

export interface BatchInit {
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  timestampMs?: number
}

export function batchOf(values: readonly string[], { timestampMs = 1_000, ...producer }: BatchInit = {}): Buffer {
  const builder = new BatchBuilder()
  for (const value of values) builder.append({ key: null, value: Buffer.from(value), headers: [], timestampMs })
  return builder.build(producer)
}

/** Every value from the log start to the high watermark, read as a consumer would. */
export async function readAll(log: DiskPartitionLog, from = log.logStartOffset): Promise<string[]> {
  const values: string[] = []
  for (let offset = from; offset < log.highWatermark; ) {
    const { buffers } = await log.read({ offset, bytesMax: 1 << 16 })
    forEachBatch(buffers, (buffer, at, bytes) => {
      for (const record of readRecords(buffer.subarray(at, at + bytes))) {
        if (record.offset < offset) continue
        values.push(String(record.value))
        offset = record.offset + 1
      }
    })
  }
  return values
}
