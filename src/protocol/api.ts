// One Kafka API: its key, the versions that are written down, and both of its messages. The files under messages/ make these;
// server/kafka/ and the tests' probes read and write with them.

import { Message } from '../bytes/codec.ts'
import { type Fields, message, type Versions } from '../bytes/schema.ts'

export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number
  readonly name: string
  readonly versionMin: number
  readonly versionMax: number
  /** First version with compact lengths and tagged fields. */
  readonly flexible: number
  readonly request: Message<Request>
  readonly response: Message<Response>
}

export function api<const Request extends Fields, const Response extends Fields>(definition: {
  key: number
  name: string
  versions: Versions
  flexible: number
  request: Request
  response: Response
}): Api<Request, Response> {
  const { key, name, versions, flexible } = definition
  const request = message({ name: `${name}Request`, versions, flexible, fields: definition.request })
  const response = message({ name: `${name}Response`, versions, flexible, fields: definition.response })
  return {
    key,
    name,
    versionMin: request.versions.first,
    versionMax: request.versions.last,
    flexible,
    request: new Message(request),
    response: new Message(response),
  }
}
