// A library log over the stand-in directory of test/broker: the test decides when the disk has it.

import { Log } from '../../src/embedded/log.ts'
import type { MemoryDirectory } from '../broker/memory-log.ts'
import { brokerWith } from '../broker/setup.ts'

export async function heldLog(
  topics: Record<string, number>,
  options: { bufferBytesMax?: number; whenFull?: 'wait' | 'error'; settings?: Record<string, string> } = {},
): Promise<{ log: Log; directory: MemoryDirectory }> {
  const { bufferBytesMax = 32 << 20, whenFull = 'wait', settings } = options
  const { broker, directory } = await brokerWith(topics, settings)
  return { log: new Log(broker, { bufferBytesMax, whenFull }), directory }
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}
