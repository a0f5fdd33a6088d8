// A broker over the stand-in directory, and batches to feed it.

import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { serveDirectory } from '../../src/broker/serve-directory.ts'
import type { Broker } from '../../src/broker/types.ts'
import { NodeClock } from '../../src/platform/node-clock.ts'
import { NodeRandom } from '../../src/platform/node-random.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { BatchBuilder, forEachBatch, RecordCursor } from '../../src/records/index.ts'
import { MemoryDirectory } from './memory-log.ts'

export const platform = { clock: new NodeClock(), random: new NodeRandom() } as unknown as Platform

export async function brokerOver(
  directory = new MemoryDirectory(),
  settings: Record<string, string> = {},
): Promise<{ broker: Broker; directory: MemoryDirectory }> {
  const options = { platform, settings: new Settings(Object.entries(settings)), logger: silentLogger }
  return { broker: await serveDirectory(directory, options), directory }
}

export async function brokerWith(
  topics: Record<string, number>,
  settings: Record<string, string> = {},
): Promise<{ broker: Broker; directory: MemoryDirectory }> {
  const made = await brokerOver(new MemoryDirectory(), settings)
  await made.broker.createTopics(
    Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions, replicationFactor: 1 })),
  )
  return made
}

export function batchOf(...values: string[]): Buffer {
  return batchAt(values.map((value, i) => [value, 1000 + i]))
}

export function batchAt(records: [value: string, timestampMs: number][]): Buffer {
  const builder = new BatchBuilder()
  for (const [value, timestampMs] of records) builder.append({ value, timestampMs })
  return builder.build()
}

export function valuesOf(buffers: readonly Buffer[]): string[] {
  const values: string[] = []
  forEachBatch(buffers, (buffer, at) => {
    const cursor = new RecordCursor(buffer, { at })
    while (cursor.next()) values.push(cursor.bytes.toString('utf8', cursor.valueAt, cursor.valueAt + cursor.valueBytes))
  })
  return values
}

export const tick = () => new Promise<void>(resolve => setImmediate(resolve))

/** 'pending' after a few turns of the event loop, else how the promise ended. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending'
  promise.then(
    () => {
      state = 'resolved'
    },
    () => {
      state = 'rejected'
    },
  )
  for (let i = 0; i < 5; i++) await tick()
  return state
}
