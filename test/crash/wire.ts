// A raw Kafka client over a socket: our own messages, many requests in flight, answers in order.
// Called by the crash suites' producers and readers.

import net from 'node:net'
import { Reader } from '../../src/bytes/reader.ts'
import type { Decoded, Encodable, Fields } from '../../src/bytes/schema.ts'
import { Writer } from '../../src/bytes/writer.ts'
import type { Api } from '../../src/protocol/api.ts'
import { Frames } from '../../src/protocol/frames.ts'
import { encodeRequest, readResponseHeader } from '../../src/protocol/headers.ts'

interface Expected {
  readonly read: (frame: Buffer) => void
  readonly gone: (error: Error) => void
}

export class Wire {
  readonly #socket: net.Socket
  readonly #frames = new Frames({ bytesMax: 2 ** 31 - 1 })
  readonly #expected: Expected[] = []
  readonly #writer = new Writer()
  #correlationId = 0
  isOpen = true
  /** Resolves when the connection is gone, whatever the reason. */
  readonly closed: Promise<void>

  static connect(port: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Wire(socket)))
    })
  }

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', chunk => this.#data(chunk))
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.isOpen = false
        for (const { gone } of this.#expected.splice(0)) gone(new Error('the connection was closed'))
        resolve()
      })
    })
  }

  /** Rejects if the connection goes first. */
  ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    request: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    if (!this.isOpen) return Promise.reject(new Error('the connection was closed'))
    const correlationId = this.send(api, version, request)
    return new Promise((resolve, reject) => {
      this.#expected.push({
        gone: reject,
        read: frame => {
          const reader = new Reader(frame)
          const found = readResponseHeader(reader, { api: api as unknown as Api, version })
          if (found !== correlationId) reject(new Error(`answer ${found} where ${correlationId} was due`))
          else resolve(api.response.decode(reader, version))
        },
      })
    })
  }

  /** For requests that have no answer. */
  send<Request extends Fields>(api: Api<Request, Fields>, version: number, request: Encodable<Request>): number {
    const correlationId = this.#correlationId++
    const { buffers } = encodeRequest(this.#writer, api, { version, correlationId, clientId: 'crash-test', request })
    this.#socket.write(Buffer.concat(buffers as Buffer[]))
    return correlationId
  }

  /** After what was written has left. */
  async end(): Promise<void> {
    this.#socket.end()
    await this.closed
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #data(chunk: Buffer): void {
    this.#frames.push(chunk)
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next())
      this.#expected.shift()?.read(frame)
  }
}
