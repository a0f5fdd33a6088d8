// Kafka requests as prebuilt bytes over a bare socket: a load generator that needs nothing but Node, and a consumer that is
// as slow as it likes. Written without src/, so that it also judges the broker from outside.
// Called by run.ts (no compiler, slow consumer, first answer) and by test/bench/smoke.test.ts.

import { connect, type Socket } from 'node:net'
import crc32c from 'crc-32/crc32c.js'
import { pattern } from '../numbers.ts'

/** A record batch of `count` equal values, without keys, producer or compression. Base offset 0: the broker stamps it. */
export function recordBatch(count: number, valueBytes: number): Buffer {
  const value = pattern(valueBytes)
  const records = Buffer.concat(Array.from({ length: count }, (_, offsetDelta) => record(offsetDelta, value)))
  const batch = Buffer.alloc(61 + records.length)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt32BE(count - 1, 23)
  batch.writeBigInt64BE(1_700_000_000_000n, 27)
  batch.writeBigInt64BE(1_700_000_000_000n, 35)
  batch.fill(255, 43, 57)
  batch.writeInt32BE(count, 57)
  records.copy(batch, 61)
  batch.writeInt32BE(crc32c.buf(batch.subarray(21)), 17)
  return batch
}

function record(offsetDelta: number, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.of(0, 0), zigzag(offsetDelta), zigzag(-1), zigzag(value.length), value, zigzag(0)])
  return Buffer.concat([zigzag(body.length), body])
}

function zigzag(value: number): Buffer {
  const out: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128)
  return Buffer.of(...out, rest)
}

const string = (text: string): Buffer => Buffer.concat([int(2, text.length), Buffer.from(text)])
const int = (bytes: number, value: number): Buffer => {
  const out = Buffer.alloc(bytes)
  if (bytes === 8) out.writeBigInt64BE(BigInt(value))
  else out.writeIntBE(value, 0, bytes)
  return out
}

/** A whole request: size, header v1, body. The correlation id is at byte 8. */
function request(apiKey: number, version: number, ...body: readonly Buffer[]): Buffer {
  const rest = Buffer.concat([int(2, apiKey), int(2, version), int(4, 0), string('raw'), ...body])
  return Buffer.concat([int(4, rest.length), rest])
}

/** Metadata v4, which creates the topic where topics are created by being asked for. */
const metadataRequest = (topic: string): Buffer => request(3, 4, int(4, 1), string(topic), int(1, 1))

/** Produce v7, acks=all, partition 0. */
const produceRequest = (topic: string, batch: Buffer): Buffer =>
  request(
    0,
    7,
    int(2, -1),
    int(2, -1),
    int(4, 30_000),
    int(4, 1),
    string(topic),
    int(4, 1),
    int(4, 0),
    int(4, batch.length),
    batch,
  )

/** Fetch v4 of partition 0. */
const fetchRequest = (topic: string, offset: number, bytesMax: number): Buffer =>
  request(
    1,
    4,
    int(4, -1),
    int(4, 500),
    int(4, 1),
    int(4, bytesMax),
    int(1, 0),
    int(4, 1),
    string(topic),
    int(4, 1),
    int(4, 0),
    int(8, offset),
    int(4, bytesMax),
  )

/** Resolves once ApiVersions v0 was answered; rejects if the port is closed. */
export async function firstAnswer(port: number): Promise<void> {
  const wire = await Wire.open(port)
  try {
    await wire.ask(request(18, 0))
  } finally {
    wire.close()
  }
}

/** A connection that counts answers. Frames may be pipelined. */
class Wire {
  readonly socket: Socket
  onFrame: (frame: Buffer) => void = () => {}
  #rest: Buffer = Buffer.alloc(0)

  static open(port: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Wire(socket)))
    })
  }

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => this.#data(chunk))
  }

  ask(frame: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.onFrame = resolve
      this.socket.once('close', () => reject(new Error('the connection was closed before the answer')))
      this.socket.write(frame)
    })
  }

  close(): void {
    this.socket.destroy()
  }

  #data(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0)
      this.onFrame(bytes.subarray(4, end))
      bytes = bytes.subarray(end)
    }
    this.#rest = bytes
  }
}

export interface RawProduce {
  readonly port: number
  readonly topic: string
  readonly requests: number
  readonly recordsPerRequest: number
  readonly valueBytes: number
  readonly inFlightMax: number
}

export interface RawProduced {
  readonly seconds: number
  readonly latenciesMs: readonly number[]
  /** answers with an error code, and what it was */
  readonly errors: number
  readonly firstError: number
  readonly lastBaseOffset: number
}

/** Sends the same batch again and again, `inFlightMax` requests at a time, and takes the time of each. */
export async function rawProduce(options: RawProduce): Promise<RawProduced> {
  const { topic, requests, inFlightMax } = options
  const wire = await Wire.open(options.port)
  await wire.ask(metadataRequest(topic))
  const frame = produceRequest(topic, recordBatch(options.recordsPerRequest, options.valueBytes))
  const errorAt = 4 + 4 + 2 + topic.length + 4 + 4
  const sentAt: number[] = []
  const latenciesMs: number[] = []
  const result = { errors: 0, firstError: 0, lastBaseOffset: -1 }
  const start = performance.now()
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      const burst: Buffer[] = []
      while (sentAt.length < requests && sentAt.length - latenciesMs.length < inFlightMax) {
        burst.push(frame)
        sentAt.push(performance.now())
      }
      if (burst.length > 0) wire.socket.write(burst.length === 1 ? frame : Buffer.concat(burst))
    }
    wire.onFrame = answer => {
      latenciesMs.push(performance.now() - sentAt[latenciesMs.length]!)
      const error = answer.readInt16BE(errorAt)
      if (error !== 0 && result.errors++ === 0) result.firstError = error
      result.lastBaseOffset = Number(answer.readBigInt64BE(errorAt + 2))
      if (latenciesMs.length === requests) resolve()
    }
    wire.socket.on('data', send)
    wire.socket.once('close', () => reject(new Error('the broker closed the connection')))
    send()
  })
  wire.close()
  return { ...result, seconds: (performance.now() - start) / 1000, latenciesMs }
}

/** All record bytes from offset 0 up to `nextOffset`, one fetch at a time. Resolves with their count and CRC-32C (0 without `verify`). */
export async function rawConsume(options: {
  port: number
  topic: string
  nextOffset: number
  verify?: boolean
}): Promise<{ bytes: number; records: number; crc: number }> {
  const wire = await Wire.open(options.port)
  const got = { bytes: 0, records: 0, crc: 0 }
  const recordsAt = 4 + 4 + 4 + 2 + options.topic.length + 4 + 4 + 2 + 8 + 8 + 4
  for (let offset = 0; offset < options.nextOffset; ) {
    const answer = await wire.ask(fetchRequest(options.topic, offset, 1 << 20))
    const error = answer.readInt16BE(recordsAt - 4 - 8 - 8 - 2)
    if (error !== 0) throw new Error(`fetch answered error ${error}`)
    const records = answer.subarray(recordsAt + 4, recordsAt + 4 + answer.readInt32BE(recordsAt))
    for (let at = 0; at + 61 <= records.length; at += 12 + records.readInt32BE(at + 8)) {
      offset = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1
      got.records += records.readInt32BE(at + 57)
      // From the CRC on: what comes before is stamped by the broker.
      if (options.verify ?? true)
        got.crc = crc32c.buf(records.subarray(at + 17, at + 12 + records.readInt32BE(at + 8)), got.crc)
    }
    got.bytes += records.length
  }
  wire.close()
  return got
}

/**
 * Connections that ask for much and read next to nothing: each pipelines `requests` fetches of 1 MiB and takes one chunk of
 * the answers every 100 ms. Returns what ends them.
 */
export async function slowReaders(options: {
  port: number
  topic: string
  connections: number
  requests: number
}): Promise<() => void> {
  const frames = Buffer.concat(Array.from({ length: options.requests }, () => fetchRequest(options.topic, 0, 1 << 20)))
  const wires = await Promise.all(Array.from({ length: options.connections }, () => Wire.open(options.port)))
  for (const { socket } of wires) {
    socket.removeAllListeners('data')
    socket.on('error', () => {})
    socket.pause()
    socket.write(frames)
  }
  const timer = setInterval(() => {
    for (const { socket } of wires) socket.read()
  }, 100)
  return () => {
    clearInterval(timer)
    for (const wire of wires) wire.close()
  }
}
