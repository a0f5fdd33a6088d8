// What a handler is: one Kafka API, the versions served, and a function from request to response. Handlers are where the wire
// and the engine shake hands; they know nothing of frames, order or sockets. One file per API under handlers/.

import type { KafkaError } from '../../base/errors.ts'
import { printable } from '../../base/names.ts'
import type { Broker } from '../../broker/types.ts'
import type { Decoded, Encodable, Fields } from '../../bytes/schema.ts'
import type { Api } from '../../protocol/api.ts'
import type { FetchSessions } from './fetch-sessions.ts'

export interface Handler<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly api: Api<Request, Response>
  /** First and last version that is served. */
  readonly versions: readonly [min: number, max: number]
  /** What ApiVersions says, where that is more than what is served. */
  readonly advertised?: readonly [min: number, max: number]
  /** Begins while others of its connection are under way. The rest begin one after the other, as in Kafka. */
  readonly overlaps?: boolean
  /**
   * Does what must happen in order before it returns; the answer may come later. undefined: no answer at all.
   * Throws, or rejects with, Disconnect to end the connection.
   */
  handle(context: Context, request: Decoded<Request>, version: number): Answer<Response> | Promise<Answer<Response>>
}

export type Answer<Response extends Fields> = Encodable<Response> | undefined

/** What a handler may use. One per connection. */
export interface Context {
  readonly broker: Broker
  /** Where clients reach us: what was configured, else the address that this one dialled. */
  readonly address: { readonly host: string; readonly port: number }
  /** Aborted when the connection is gone or the server stops: nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** What ApiVersions answers. */
  readonly served: readonly ServedApi[]
  /** Of all connections. */
  readonly fetchSessions: FetchSessions
  /** Most bytes of records that an answer should carry now. */
  answerBytesMax(): number
}

export interface ServedApi {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** The connection ends, after what was asked before it is answered. `sentence` goes to the log. */
export class Disconnect extends Error {
  override readonly name = 'Disconnect'
}

/** What an answer says of one topic or partition. A message may quote what the client sent, so it is cut to size. */
export function told(error: KafkaError | undefined): { errorCode: number; errorMessage: string | null } {
  if (error === undefined) return noError
  return { errorCode: error.kafkaCode, errorMessage: printable(error.message, messageLengthMax) }
}

const messageLengthMax = 1000
const noError = { errorCode: 0, errorMessage: null }
