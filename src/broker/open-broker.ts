// Opens a data directory and serves it. Called by the faces (embedded/open.ts, server/, cli/).

import { openLogDirectory } from '../log/log-directory.ts'
import { serveDirectory } from './serve-directory.ts'
import type { Broker, BrokerOptions } from './types.ts'

/**
 * Rejects with DIRECTORY_IN_USE (who holds it), DIRECTORY_CORRUPT, JOURNAL_MISSING, NEWER_FORMAT, or DiskError; then
 * nothing stays open.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { platform, directory: path, settings, logger } = options
  const directory = await openLogDirectory(platform, path, { settings, logger })
  return serveDirectory(directory, options)
}
