// open(): a data directory, or memory, as a Log in this process. Re-exported by index.ts.

import { Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { silentLogger } from '../base/logger.ts'
import { openBroker } from '../broker/open-broker.ts'
import { memoryPlatform } from '../platform/memory.ts'
import { nodePlatform } from '../platform/node.ts'
import type { Platform } from '../platform/platform.ts'
import { Log } from './log.ts'
import type { OpenOptions } from './types.ts'

const bufferBytesDefault = 32 << 20
const memoryDirectory = '/segments'

/**
 * Opens a data directory (made if it is missing), or a log in memory that ends with the process. One process owns a
 * directory: a second one gets DIRECTORY_IN_USE, with a sentence that says who holds it.
 * Errors: DIRECTORY_IN_USE, DIRECTORY_CORRUPT, JOURNAL_MISSING, NEWER_FORMAT, INVALID_CONFIG, INVALID_ARGUMENT.
 */
export async function open(where: string | { readonly memory: true }, options: OpenOptions = {}): Promise<Log> {
  const { logger = silentLogger, bufferBytesMax = bufferBytesDefault, whenFull = 'wait' } = options
  if (!(bufferBytesMax >= 1)) throw invalid('bufferBytesMax is at least 1', { bufferBytesMax })
  if (whenFull !== 'wait' && whenFull !== 'error') throw invalid("whenFull is 'wait' or 'error'", { whenFull })
  const broker = await openBroker({
    platform: options.platform ?? platformFor(where),
    directory: directoryOf(where),
    settings: settingsOf(options),
    logger,
  })
  return new Log(broker, { bufferBytesMax, whenFull })
}

function directoryOf(where: string | { readonly memory: true }): string {
  if (typeof where === 'string' && where !== '') return where
  if (typeof where === 'object' && where?.memory === true) return memoryDirectory
  throw invalid('open() takes the path of a directory, or { memory: true }', {})
}

function platformFor(where: string | { readonly memory: true }): Platform {
  return typeof where === 'string' ? nodePlatform() : memoryPlatform()
}

function settingsOf({ settings = {}, durability }: OpenOptions): Settings {
  const values = Object.entries(settings).map(([name, value]): [string, string] => [name, String(value)])
  if (durability !== undefined) values.push(['varve.durability', durability])
  return new Settings(values)
}

function invalid(message: string, details: Record<string, unknown>): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', { message, ...details })
}
