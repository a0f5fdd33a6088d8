// What stands before the body of every request and response.
//   request   int16 key, int16 version, int32 correlation id, nullable string client id (always in its old form), and from
//             the API's first flexible version on tagged fields (header v2; before that v1)
//   response  int32 correlation id, and from the first flexible version on tagged fields (v1; before that v0).
//             ApiVersions always answers with v0: its reader does not know yet which versions we have.
// Called by server/kafka/dispatch.ts and the tests' probes.

import { ProtocolError } from '../bytes/protocol-error.ts'
import type { Reader } from '../bytes/reader.ts'
import type { Encodable, Fields } from '../bytes/schema.ts'
import type { Encoded, Writer } from '../bytes/writer.ts'
import type { Api } from './api.ts'

export interface RequestHead {
  readonly key: number
  readonly version: number
  readonly correlationId: number
}

const apiVersionsKey = 18

/** The first eight bytes: enough to know whose request it is. */
export function readRequestHead(reader: Reader): RequestHead {
  if (reader.remaining < 8) throw new ProtocolError(`a request of ${reader.remaining} bytes`)
  return { key: reader.int16(), version: reader.int16(), correlationId: reader.int32() }
}

/** The rest of the header, up to the body. */
export function readClientId(reader: Reader, flexible: boolean): string | null {
  const clientId = reader.string(false)
  if (flexible) reader.skipTags()
  return clientId
}

export function writeRequestHeader(
  writer: Writer,
  {
    api,
    version,
    correlationId,
    clientId,
  }: { api: Api; version: number; correlationId: number; clientId: string | null },
): void {
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.string(clientId, false)
  if (version >= api.flexible) writer.uvarint(0)
}

export function readResponseHeader(reader: Reader, { api, version }: { api: Api; version: number }): number {
  const correlationId = reader.int32()
  if (hasTags(api, version)) reader.skipTags()
  return correlationId
}

export function writeResponseHeader(writer: Writer, api: Api, version: number, correlationId: number): void {
  writer.int32(correlationId)
  if (hasTags(api, version)) writer.uvarint(0)
}

/** A whole response frame, with its length. */
export function encodeResponse<R extends Fields>(
  writer: Writer,
  api: Api<Fields, R>,
  { version, correlationId, response }: { version: number; correlationId: number; response: Encodable<R> },
): Encoded {
  return writer.frame(() => {
    writeResponseHeader(writer, api, version, correlationId)
    api.response.encode(writer, response, version)
  })
}

/** A whole request frame, with its length. */
export function encodeRequest<R extends Fields>(
  writer: Writer,
  api: Api<R, Fields>,
  {
    version,
    correlationId,
    clientId,
    request,
  }: { version: number; correlationId: number; clientId: string | null; request: Encodable<R> },
): Encoded {
  return writer.frame(() => {
    writeRequestHeader(writer, { api, version, correlationId, clientId })
    api.request.encode(writer, request, version)
  })
}

function hasTags(api: Api, version: number): boolean {
  return version >= api.flexible && api.key !== apiVersionsKey
}
