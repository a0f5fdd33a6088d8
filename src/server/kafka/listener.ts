// The Kafka port: takes connections, bounds their number, closes the idle ones, and stops in an orderly way.
// Called by server/index.ts.

import type { Settings } from '../../base/config.ts'
import type { Logger } from '../../base/logger.ts'
import type { Broker } from '../../broker/types.ts'
import { Writer } from '../../bytes/writer.ts'
import type { Clock, Connection, Listener, Platform, Timer } from '../../platform/platform.ts'
import { KafkaConnection } from './connection.ts'
import { servedApis } from './dispatch.ts'
import type { Context } from './handler.ts'
import { Memory } from './memory.ts'
import type { Surroundings } from './surroundings.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface KafkaListenerOptions {
  readonly broker: Broker
  readonly platform: Platform
  readonly settings: Settings
  readonly logger: Logger
  readonly address: Address
  /** What Metadata says, if clients reach us under another address than the one that they dial. */
  readonly advertised?: Address
}

const drainMs = 5_000

export class KafkaListener {
  readonly #options: KafkaListenerOptions
  readonly #clock: Clock
  readonly #around: Surroundings
  readonly #connections = new Set<KafkaConnection>()
  readonly #connectionsMax: number
  readonly #idleMs: number
  readonly memory: Memory
  #listener!: Listener
  #sweep: Timer | undefined
  #isClosing = false
  #empty: (() => void) | undefined

  /** Rejects with the system's error (EADDRINUSE, EACCES…). */
  static async open(options: KafkaListenerOptions): Promise<KafkaListener> {
    const kafka = new KafkaListener(options)
    const { platform, address } = options
    kafka.#listener = await platform.network.listen(address, connection => kafka.#accept(connection))
    kafka.#sweepLater()
    return kafka
  }

  private constructor(options: KafkaListenerOptions) {
    const { platform, settings, logger } = options
    this.#options = options
    this.#clock = platform.clock
    this.#connectionsMax = settings.number('max.connections')
    this.#idleMs = settings.number('connections.max.idle.ms')
    this.memory = new Memory(settings.number('varve.memory.total.bytes'), platform.clock)
    this.#around = {
      clock: platform.clock,
      logger,
      memory: this.memory,
      writer: new Writer(),
      frameBytesMax: settings.number('socket.request.max.bytes'),
      connectionBytesMax: settings.number('varve.memory.connection.bytes'),
      contextOf: (connection, own) => this.#contextOf(connection, own),
      forget: connection => this.#forget(connection),
    }
  }

  get address(): Address {
    return { host: this.#listener.host, port: this.#listener.port }
  }

  get connections(): number {
    return this.#connections.size
  }

  /** No new connections and no new requests; what is under way is answered, within `deadlineMs`; then all are closed. */
  async close(deadlineMs = drainMs): Promise<void> {
    this.#isClosing = true
    this.#sweep?.cancel()
    await this.#listener.close()
    for (const connection of [...this.#connections]) connection.drain()
    if (this.#connections.size === 0) return
    const timer = this.#clock.after(deadlineMs, () => {
      for (const connection of [...this.#connections]) connection.destroy('the server stops')
    })
    await new Promise<void>(resolve => {
      this.#empty = resolve
    })
    timer.cancel()
  }

  #accept(connection: Connection): void {
    if (this.#isClosing || this.#connections.size >= this.#connectionsMax) {
      if (!this.#isClosing)
        this.#options.logger.warn('connection refused', { remote: connection.remote, reason: 'max.connections' })
      connection.destroy()
      return
    }
    this.#connections.add(new KafkaConnection(connection, this.#around))
  }

  #forget(connection: KafkaConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#empty?.()
  }

  #contextOf({ local }: Connection, own: Pick<Context, 'signal' | 'answerBytesMax'>): Context {
    const { broker, advertised } = this.#options
    return { broker, address: advertised ?? local, served: servedApis, ...own }
  }

  /** One timer for all: a connection is closed at most a quarter of the idle time too late. */
  #sweepLater(): void {
    if (this.#idleMs < 0) return
    this.#sweep = this.#clock.after(Math.max(1, Math.ceil(this.#idleMs / 4)), () => {
      const idleSinceMs = this.#clock.monotonic() - this.#idleMs
      for (const connection of [...this.#connections])
        if (connection.activeMs <= idleSinceMs && (!connection.isBusy || connection.isStuck))
          connection.destroy('connections.max.idle.ms')
      this.#sweepLater()
    })
  }
}
