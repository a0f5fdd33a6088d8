// From a frame to the bytes of its answer: header, version, body, handler, response.
//   1  the handler has begun when begin() returns: requests begin in the order of their frames
//   2  what cannot be served ends the connection (Disconnect, ProtocolError), as in Kafka; but ApiVersions in a version that is
//      too new is answered in version 0 with UNSUPPORTED_VERSION and our ranges, so that the client can ask again
// Called by connection.ts.

import { ProtocolError } from '../../bytes/protocol-error.ts'
import { Reader } from '../../bytes/reader.ts'
import type { Decoded, Fields } from '../../bytes/schema.ts'
import type { Encoded, Writer } from '../../bytes/writer.ts'
import { encodeResponse, readClientId, readRequestHead } from '../../protocol/headers.ts'
import { type Context, Disconnect, type Handler, type ServedApi } from './handler.ts'
import { unsupportedApiVersions } from './handlers/18-api-versions.ts'
import { handlers } from './handlers/index.ts'

/** The bytes of an answer; undefined: the request gets none. */
export type AnswerBytes = Encoded | undefined

const byKey: readonly (Handler | undefined)[] = keyed(Object.values(handlers) as unknown as Handler[])
const apiVersionsKey = handlers.apiVersions.api.key

/** What ApiVersions says: computed from the table of handlers, so it cannot promise what is not there. */
export const servedApis: readonly ServedApi[] = (Object.values(handlers) as unknown as Handler[])
  .map(({ api, versions, advertised = versions }) => ({
    apiKey: api.key,
    minVersion: advertised[0],
    maxVersion: advertised[1],
  }))
  .sort((a, b) => a.apiKey - b.apiKey)

/** Of the request in this frame: may it begin while others are under way? */
export function overlaps(frame: Buffer): boolean {
  return frame.length > 1 && byKey[frame.readUInt16BE(0)]?.overlaps === true
}

/** Throws Disconnect or ProtocolError, or the promise rejects with Disconnect or whatever the handler met. */
export function begin(context: Context, frame: Buffer, writer: Writer): AnswerBytes | Promise<AnswerBytes> {
  const reader = new Reader(frame)
  const { key, version, correlationId } = readRequestHead(reader)
  const handler = byKey[key]
  if (handler === undefined) throw new Disconnect(`there is no API ${key}`)
  const { api, versions } = handler
  if (version < versions[0] || version > versions[1]) {
    if (key !== apiVersionsKey) throw new Disconnect(`${api.name} has no version ${version} here`)
    return encodeResponse(writer, api, { version: 0, correlationId, response: unsupportedApiVersions(context) })
  }
  const request = read(reader, handler, version)
  const answer = handler.handle(context, request, version)
  const encode = (response: Awaited<typeof answer>): AnswerBytes =>
    response === undefined ? undefined : encodeResponse(writer, api, { version, correlationId, response })
  return answer instanceof Promise ? answer.then(encode) : encode(answer)
}

function read(reader: Reader, { api }: Handler, version: number): Decoded<Fields> {
  try {
    readClientId(reader, version >= api.flexible)
    return api.request.decode(reader, version)
  } catch (error) {
    if (error instanceof ProtocolError) throw new Disconnect(`${api.name} v${version}: ${error.message}`)
    throw error
  }
}

function keyed(all: readonly Handler[]): (Handler | undefined)[] {
  const table: (Handler | undefined)[] = []
  for (const handler of all) table[handler.api.key] = handler
  return table
}
