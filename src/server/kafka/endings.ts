// Why a connection ended, for the one line in the log: a client's mistake is a warning, ours an error, the rest is ordinary.
// Called by connection.ts.

import { KafkaError } from '../../base/errors.ts'
import { printable } from '../../base/names.ts'
import { ProtocolError } from '../../bytes/protocol-error.ts'
import { Disconnect } from './handler.ts'

export interface Ending {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly reason: string
}

export function endingOf(error: unknown): Ending {
  if (error instanceof Disconnect || error instanceof ProtocolError)
    return { level: 'warn', reason: printable(error.message) }
  if (error instanceof KafkaError && error.code === 'LOG_CLOSED') return { level: 'debug', reason: 'the log is closed' }
  return { level: 'error', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
