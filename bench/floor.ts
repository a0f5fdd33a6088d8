// The floor: what a produce and a fetch cost in Node when nothing is checked. A bare loop reads Produce frames, appends their
// records to ONE file, syncs once per group, and answers; for Fetch it reads that file and sends it. FROZEN: this is the
// yardstick that the broker is held against (bench/README.md), so it changes only by a dated paragraph there that says why.
//   1  one producing connection, one topic, one partition, one batch per request; client id and topic name under 400 bytes
//   2  what arrives while a sync is in flight is the next group: one vectored write, one fdatasync, then all its answers
//   3  only what was synced is ever fetched
// Started by run.ts and by hand: node --import tsx bench/floor.ts --dir DIR --port PORT [--no-sync] [--preallocate BYTES]

import { createServer, type Server, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { FloorLog, type FloorOptions, type Peer } from './floor-log.ts'
import {
  apiVersions,
  Cursor,
  emptyFetch,
  initProducerId,
  listOffsets,
  metadata,
  produceTemplate,
  putFetchHead,
} from './floor-wire.ts'

/** The front of a request up to its batch fits in here, and so does the front of a fetch answer. */
const frontBytes = 512

/** One connection. */
class Wire implements Peer {
  readonly #socket: Socket
  readonly #log: FloorLog
  readonly #port: number
  #carry: Buffer | undefined
  /** bytes of the current batch that have not come yet */
  #missingBytes = 0
  #acks = 0
  #template: { bytes: Buffer; baseOffsetAt: number } | undefined
  /** correlation id, base offset; of the group that forms, and of the one in flight */
  #waiting: number[] = []
  #inFlight: number[] = []
  readonly #held: Buffer[] = []
  #lateFetches = 0
  #fetchBuffers: Buffer[] = []

  constructor(socket: Socket, log: FloorLog, port: number) {
    this.#socket = socket
    this.#log = log
    this.#port = port
  }

  data(chunk: Buffer): void {
    let bytes = chunk
    let position = 0
    if (this.#missingBytes > 0) position = this.#more(bytes)
    else if (this.#carry !== undefined) {
      bytes = Buffer.concat([this.#carry, chunk])
      this.#carry = undefined
    }
    while (position < bytes.length) {
      const next = this.#request(bytes, position)
      if (next === position) {
        this.#carry = bytes.subarray(position)
        return
      }
      position = next
    }
  }

  /** The next request, if enough of it is there. Returns where the one after it begins. */
  #request(bytes: Buffer, start: number): number {
    if (bytes.length - start < 8) return start
    const end = start + 4 + bytes.readInt32BE(start)
    const whole = end <= bytes.length
    const isProduce = bytes.readInt16BE(start + 4) === 0
    if (!whole && !(isProduce && bytes.length - start >= frontBytes)) return start
    if (isProduce) return this.#produce(bytes, start)
    this.#other(new Cursor(bytes, start + 4))
    return end
  }

  #produce(bytes: Buffer, start: number): number {
    const version = bytes.readInt16BE(start + 6)
    const correlationId = bytes.readInt32BE(start + 8)
    let at = start + 14 + Math.max(0, bytes.readInt16BE(start + 12))
    at += 2 + Math.max(0, bytes.readInt16BE(at))
    this.#acks = bytes.readInt16BE(at)
    const topicBytes = bytes.readInt16BE(at + 10)
    if (this.#template === undefined)
      this.#template = produceTemplate(version, bytes.toString('latin1', at + 12, at + 12 + topicBytes))
    at += 20 + topicBytes
    const batchBytes = bytes.readInt32BE(at)
    at += 4
    const baseOffset = this.#log.begin(bytes.readInt32BE(at + 23) + 1, batchBytes)
    bytes.writeUInt32BE(Math.floor(baseOffset / 2 ** 32), at)
    bytes.writeUInt32BE(baseOffset >>> 0, at + 4)
    if (this.#acks !== 0) this.#waiting.push(correlationId, baseOffset)
    this.#missingBytes = batchBytes
    return at + this.#more(bytes.subarray(at, at + batchBytes))
  }

  /** Records of the batch that is under way. Returns how many bytes were its own. */
  #more(bytes: Buffer): number {
    const own = Math.min(this.#missingBytes, bytes.length)
    this.#log.add(own === bytes.length ? bytes : bytes.subarray(0, own))
    this.#missingBytes -= own
    if (this.#missingBytes === 0) this.#log.end(this)
    return own
  }

  /** The group closes: what waited is in flight now. */
  turn(): void {
    const spare = this.#inFlight
    this.#inFlight = this.#waiting
    this.#waiting = spare
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The group is durable: all its answers in one write. */
  answer(): void {
    const { bytes: template, baseOffsetAt } = this.#template!
    const size = template.length
    const waiting = this.#inFlight
    const out = Buffer.allocUnsafe((waiting.length / 2) * size)
    for (let index = 0, at = 0; index < waiting.length; index += 2, at += size) {
      template.copy(out, at)
      out.writeInt32BE(waiting[index]!, at + 4)
      out.writeUInt32BE(Math.floor(waiting[index + 1]! / 2 ** 32), at + baseOffsetAt)
      out.writeUInt32BE(waiting[index + 1]! >>> 0, at + baseOffsetAt + 4)
    }
    waiting.length = 0
    if (out.length > 0) this.#socket.write(out)
    this.#sendHeld()
  }

  #other(request: Cursor): void {
    const key = request.int16()
    const version = request.int16()
    const correlationId = request.int32()
    request.string()
    if (key === 1) this.#fetch(correlationId, version, request)
    else if (key === 2) this.#send(listOffsets(correlationId, version, request, this.#log.durableOffset))
    else if (key === 3) this.#send(metadata(correlationId, version, request, this.#port))
    else if (key === 18) this.#send(apiVersions(correlationId, version))
    else if (key === 22) this.#send(initProducerId(correlationId, 1))
    else this.#socket.destroy()
  }

  /** Answers keep the order of their requests: Java insists. */
  #send(answer: Buffer): void {
    this.#held.push(answer)
    this.#sendHeld()
  }

  #sendHeld(): void {
    if (this.#waiting.length + this.#inFlight.length + this.#lateFetches > 0) return
    for (const answer of this.#held) this.#socket.write(answer)
    this.#held.length = 0
  }

  #fetch(correlationId: number, version: number, request: Cursor): void {
    request.position += 4
    const waitMs = request.int32()
    request.position += 4
    const bytesMax = request.int32()
    request.position += version >= 7 ? 9 : 1
    if (request.int32() === 0) {
      this.#send(emptyFetch(correlationId, version))
      return
    }
    const topic = request.string()
    request.position += version >= 9 ? 12 : 8
    const offset = request.int64()
    request.position += version >= 5 ? 8 : 0
    const range = this.#log.range(offset, Math.min(bytesMax, request.int32()))
    const answer = () => this.#sendRange({ correlationId, version, topic }, range)
    if (range.end > range.start) answer()
    else this.#answerLate(answer, waitMs)
  }

  /** At the end of the log a fetch waits its time out: nothing wakes it, the floor is not measured there. */
  #answerLate(answer: () => void, waitMs: number): void {
    this.#lateFetches++
    setTimeout(() => {
      this.#lateFetches--
      answer()
      this.#sendHeld()
    }, waitMs)
  }

  /** One read from the page cache, one write to the socket, out of a buffer that comes back when the kernel has it. */
  #sendRange(
    head: { correlationId: number; version: number; topic: string },
    range: { start: number; end: number },
  ): void {
    const recordsBytes = range.end - range.start
    let buffer = this.#fetchBuffers.pop()
    if (buffer === undefined || buffer.length < recordsBytes + frontBytes)
      buffer = Buffer.allocUnsafeSlow(Math.max(2 << 20, recordsBytes + frontBytes))
    const out = buffer
    const at = putFetchHead(new Cursor(out), { ...head, nextOffset: this.#log.durableOffset, recordsBytes })
    if (recordsBytes > 0) this.#log.read(out, at, range)
    this.#socket.write(out.subarray(0, at + recordsBytes), () => this.#fetchBuffers.push(out))
  }
}

/** Resolves when it listens. `close` drops the connections and the file. */
export async function startFloor(options: FloorOptions): Promise<{ port: number; close(): Promise<void> }> {
  const log = new FloorLog(options)
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    const peer = new Wire(socket, log, (server.address() as { port: number }).port)
    log.peers.add(peer)
    socket.on('data', chunk => peer.data(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      log.peers.delete(peer)
    })
  })
  await new Promise<void>(resolve => server.listen(options.port, '127.0.0.1', resolve))
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
    log.close()
  }
  return { port: (server.address() as { port: number }).port, close }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      port: { type: 'string', default: '9092' },
      'no-sync': { type: 'boolean', default: false },
      preallocate: { type: 'string', default: '0' },
    },
  })
  const floor = await startFloor({
    dir: values.dir!,
    port: Number(values.port),
    sync: !values['no-sync'],
    preallocateBytes: Number(values.preallocate),
  })
  console.log(`floor on 127.0.0.1:${floor.port}`)
}
