// A raw client for tests: our own encoders over a memory network, and a server over the engine's stand-in directory or over
// a broker of the test's own making.

import { Settings } from '../../src/base/config.ts'
import type { Logger } from '../../src/base/logger.ts'
import type { Broker } from '../../src/broker/types.ts'
import { Reader } from '../../src/bytes/reader.ts'
import type { Decoded, Encodable, Fields } from '../../src/bytes/schema.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { type MemoryConnection, MemoryNetwork } from '../../src/platform/memory-network.ts'
import { nodePlatform } from '../../src/platform/node.ts'
import type { Api } from '../../src/protocol/api.ts'
import { Frames } from '../../src/protocol/frames.ts'
import { encodeRequest, readResponseHeader } from '../../src/protocol/headers.ts'
import { listen, type Server } from '../../src/server/index.ts'
import { brokerOver } from '../broker/setup.ts'

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly reason: string
}

export class Stage {
  readonly network: MemoryNetwork
  readonly lines: LogLine[] = []
  server!: Server
  broker!: Broker

  private constructor(network: MemoryNetwork) {
    this.network = network
  }

  /** `broker`: methods that take the place of the engine's. */
  static async open(
    options: {
      settings?: Record<string, string>
      broker?: Partial<Broker>
      advertised?: { host: string; port: number }
      network?: MemoryNetwork
    } = {},
  ): Promise<Stage> {
    const stage = new Stage(options.network ?? new MemoryNetwork())
    const settings = new Settings(Object.entries(options.settings ?? {}))
    const { broker } = await brokerOver(undefined, options.settings)
    stage.broker = new Proxy(broker, {
      get(target, name) {
        const own = options.broker?.[name as keyof Broker]
        if (own !== undefined) return own
        const value = target[name as keyof Broker]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    stage.server = await listen({
      broker: stage.broker,
      platform: { ...nodePlatform(), network: stage.network },
      settings,
      logger: stage.#logger(),
      address: { host: '127.0.0.1', port: 9092 },
      advertised: options.advertised,
    })
    return stage
  }

  async connect(host = '127.0.0.1'): Promise<Probe> {
    return new Probe(await this.network.connect({ host, port: 9092 }))
  }

  /** Lines that say why connections were closed. */
  get reasons(): string[] {
    return this.lines.filter(line => line.message.startsWith('connection')).map(line => line.reason)
  }

  #logger(): Logger {
    const log = (level: string) => (message: string, facts?: Record<string, unknown>) => {
      if (level !== 'debug') this.lines.push({ level, message, reason: String(facts?.['reason'] ?? '') })
    }
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
}

interface Expected {
  readonly read: (frame: Buffer) => void
  readonly gone: (error: Error) => void
}

export class Probe {
  readonly connection: MemoryConnection
  readonly #frames = new Frames({ bytesMax: 2 ** 31 - 1 })
  readonly #expected: Expected[] = []
  readonly #writer = new Writer()
  #correlationId = 0
  /** Bytes that arrived. */
  received = 0
  readonly closed: Promise<void>

  constructor(connection: MemoryConnection) {
    this.connection = connection
    this.closed = new Promise(resolve => {
      connection.handler = {
        data: chunk => this.#data(chunk),
        drained: () => {},
        closed: () => {
          resolve()
          for (const { gone } of this.#expected.splice(0)) gone(new Error('the connection was closed'))
        },
      }
    })
  }

  raw(bytes: Buffer | string): void {
    this.connection.write([Buffer.from(bytes as string)])
  }

  /** Sends; the promise is for the answer, which must come in the order of the requests. */
  ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    request: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    const correlationId = this.send(api, version, request)
    const answer = new Promise<Decoded<Response>>((resolve, reject) => {
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
    answer.catch(() => {})
    return answer
  }

  /** The next frame, as it comes. */
  expectFrame(): Promise<Buffer> {
    return new Promise((read, gone) => {
      this.#expected.push({ read, gone })
    })
  }

  /** Without waiting for an answer. */
  send<Request extends Fields>(api: Api<Request, Fields>, version: number, request: Encodable<Request>): number {
    const correlationId = this.#correlationId++
    const { buffers } = encodeRequest(this.#writer, api, { version, correlationId, clientId: 'probe', request })
    this.connection.write(buffers)
    return correlationId
  }

  #data(chunk: Buffer): void {
    this.received += chunk.length
    this.#frames.push(chunk)
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next())
      this.#expected.shift()?.read(frame)
  }
}

/** A promise and its resolve. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void
  const promise = new Promise<T>(resolve => {
    open = resolve
  })
  return { promise, open }
}

export const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i += 1) await new Promise(resolve => setImmediate(resolve))
}
