// The floor's answers: seven small requests, in the last versions before tagged fields, encoded by hand. FROZEN with floor.ts.
// Called by floor.ts for everything but the two hot ones, Produce and Fetch.

/** What the floor announces: versions that librdkafka 2 and Java 4 both speak. Produce from 0, or librdkafka drops features. */
export const versions = [
  [0, 0, 7],
  [1, 4, 11],
  [2, 1, 5],
  [3, 0, 8],
  [18, 0, 2],
  [22, 0, 1],
] as const

const unsupportedVersion = 35

/** A cursor over a request, and one over an answer. Trusts every length: the floor checks nothing. */
export class Cursor {
  readonly bytes: Buffer
  position: number
  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes
    this.position = position
  }
  int8(): number {
    return this.bytes.readInt8(this.#skip(1))
  }
  int16(): number {
    return this.bytes.readInt16BE(this.#skip(2))
  }
  int32(): number {
    return this.bytes.readInt32BE(this.#skip(4))
  }
  int64(): number {
    return Number(this.bytes.readBigInt64BE(this.#skip(8)))
  }
  string(): string {
    const length = Math.max(0, this.int16())
    const start = this.#skip(length)
    return this.bytes.toString('utf8', start, start + length)
  }
  put8(value: number): void {
    this.bytes.writeInt8(value, this.#skip(1))
  }
  put16(value: number): void {
    this.bytes.writeInt16BE(value, this.#skip(2))
  }
  put32(value: number): void {
    this.bytes.writeInt32BE(value, this.#skip(4))
  }
  put64(value: number): void {
    this.bytes.writeBigInt64BE(BigInt(value), this.#skip(8))
  }
  putString(value: string): void {
    this.put16(value.length)
    this.position += this.bytes.write(value, this.position, 'latin1')
  }
  #skip(count: number): number {
    const before = this.position
    this.position += count
    return before
  }
}

/** A frame: four bytes of size, the correlation id, what `body` puts. */
export function frame(correlationId: number, body: (out: Cursor) => void, roomBytes = 4096): Buffer {
  const out = new Cursor(Buffer.alloc(roomBytes), 4)
  out.put32(correlationId)
  body(out)
  out.bytes.writeInt32BE(out.position - 4, 0)
  return out.bytes.subarray(0, out.position)
}

export function apiVersions(correlationId: number, version: number): Buffer {
  const known = version <= 2
  return frame(correlationId, out => {
    out.put16(known ? 0 : unsupportedVersion)
    out.put32(versions.length)
    for (const range of versions) for (const number of range) out.put16(number)
    if (known && version >= 1) out.put32(0)
  })
}

export function initProducerId(correlationId: number, producerId: number): Buffer {
  return frame(correlationId, out => {
    out.put32(0)
    out.put16(0)
    out.put64(producerId)
    out.put16(0)
  })
}

/** Every topic that is asked for exists and has one partition, 0, led by node 1, which is this process. */
export function metadata(correlationId: number, version: number, request: Cursor, port: number): Buffer {
  const topics = Array.from({ length: Math.max(0, request.int32()) }, () => request.string())
  return frame(correlationId, out => {
    if (version >= 3) out.put32(0)
    out.put32(1)
    putBroker(out, version, port)
    if (version >= 2) out.putString('floor')
    if (version >= 1) out.put32(1)
    out.put32(topics.length)
    for (const topic of topics) putTopic(out, version, topic)
    if (version >= 8) out.put32(-(2 ** 31))
  })
}

function putBroker(out: Cursor, version: number, port: number): void {
  out.put32(1)
  out.putString('127.0.0.1')
  out.put32(port)
  if (version >= 1) out.put16(-1)
}

function putTopic(out: Cursor, version: number, topic: string): void {
  out.put16(0)
  out.putString(topic)
  if (version >= 1) out.put8(0)
  out.put32(1)
  out.put16(0)
  out.put32(0)
  out.put32(1)
  if (version >= 7) out.put32(0)
  for (let list = 0; list < 2; list++) {
    out.put32(1)
    out.put32(1)
  }
  if (version >= 5) out.put32(0)
  if (version >= 8) out.put32(-(2 ** 31))
}

/** -2 is the start, everything else the end. One partition, as in metadata. */
export function listOffsets(correlationId: number, version: number, request: Cursor, nextOffset: number): Buffer {
  request.position += version >= 2 ? 9 : 8
  const topic = request.string()
  request.position += version >= 4 ? 12 : 8
  const timestamp = request.int64()
  return frame(correlationId, out => {
    if (version >= 2) out.put32(0)
    out.put32(1)
    out.putString(topic)
    out.put32(1)
    out.put32(0)
    out.put16(0)
    out.put64(-1)
    out.put64(timestamp === -2 ? 0 : nextOffset)
    if (version >= 4) out.put32(0)
  })
}

/** Everything of a Produce answer for partition 0 of `topic`; correlation id and base offset are filled in per answer. */
export function produceTemplate(version: number, topic: string): { bytes: Buffer; baseOffsetAt: number } {
  let baseOffsetAt = 0
  const bytes = frame(0, out => {
    out.put32(1)
    out.putString(topic)
    out.put32(1)
    out.put32(0)
    out.put16(0)
    baseOffsetAt = out.position
    out.put64(0)
    if (version >= 2) out.put64(-1)
    if (version >= 5) out.put64(0)
    if (version >= 1) out.put32(0)
  })
  return { bytes, baseOffsetAt }
}

/** Java closes a fetch session by asking for nothing. */
export function emptyFetch(correlationId: number, version: number): Buffer {
  return frame(correlationId, out => {
    out.put32(0)
    if (version >= 7) {
      out.put16(0)
      out.put32(0)
    }
    out.put32(0)
  })
}

/** The front of a Fetch answer with `recordsBytes` of records behind it. Returns where they begin. */
export function putFetchHead(
  out: Cursor,
  head: { correlationId: number; version: number; topic: string; nextOffset: number; recordsBytes: number },
): number {
  out.position = 4
  out.put32(head.correlationId)
  out.put32(0)
  if (head.version >= 7) {
    out.put16(0)
    out.put32(0)
  }
  out.put32(1)
  out.putString(head.topic)
  out.put32(1)
  out.put32(0)
  out.put16(0)
  out.put64(head.nextOffset)
  out.put64(head.nextOffset)
  if (head.version >= 5) out.put64(0)
  out.put32(-1)
  if (head.version >= 11) out.put32(-1)
  out.put32(head.recordsBytes)
  out.bytes.writeInt32BE(out.position - 4 + head.recordsBytes, 0)
  return out.position
}
