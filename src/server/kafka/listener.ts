// The Kafka port: takes connections, bounds their number, closes the idle ones, and stops in an orderly way.
// Called by server/index.ts.

import type { Settings } from '../../base/config.ts'
import type { Logger } from '../../base/logger.ts'
import type { Broker } from '../../broker/types.ts'
import { Writer } from '../../bytes/writer.ts'
import type { Clock, Connection, Listener, Platform, Timer } from '../../platform/platform.ts'
import { KafkaConnection } from './connection.ts'
import { servedApis } from './dispatch.ts'
import { FetchSessions } from './fetch-sessions.ts'
import type { Context } from './handler.ts'
import { Memory } from './memory.ts'
import { FrameScratch } from './scratch.ts'
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
/** connections.max.idle.ms may change while we run. */
const sweepMsMax = 60_000

export class KafkaListener {
  readonly #options: KafkaListenerOptions
  readonly #clock: Clock
  readonly #around: Surroundings
  readonly #connections = new Set<KafkaConnection>()
  readonly #fetchSessions: FetchSessions
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
    const { broker, platform, settings, logger } = options
    this.#options = options
    this.#clock = platform.clock
    this.#fetchSessions = new FetchSessions({
      open: () => broker.openStandingFetch(),
      clock: platform.clock,
      random: platform.random,
      slots: settings.number('max.incremental.fetch.session.cache.slots'),
    })
    this.memory = new Memory(settings.number('varve.memory.total.bytes'), platform.clock)
    this.#around = {
      clock: platform.clock,
      logger,
      memory: this.memory,
      writer: new Writer(),
      scratch: new FrameScratch(),
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
    await this.#drain(deadlineMs)
    this.#fetchSessions.close()
  }

  async #drain(deadlineMs: number): Promise<void> {
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
    if (this.#isClosing || this.#connections.size >= this.#options.settings.number('max.connections')) {
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
    return { broker, address: advertised ?? local, served: servedApis, fetchSessions: this.#fetchSessions, ...own }
  }

  /** One timer for all: a connection is closed at most a quarter of the idle time too late, or a minute. */
  #sweepLater(): void {
    const idleMs = () => this.#options.settings.number('connections.max.idle.ms')
    const everyMs = idleMs() < 0 ? sweepMsMax : Math.min(Math.max(1, Math.ceil(idleMs() / 4)), sweepMsMax)
    this.#sweep = this.#clock.after(everyMs, () => {
      const idleSinceMs = idleMs() < 0 ? -Infinity : this.#clock.monotonic() - idleMs()
      for (const connection of [...this.#connections])
        if (connection.activeMs <= idleSinceMs && (!connection.isBusy || connection.isStuck))
          connection.destroy('connections.max.idle.ms')
      this.#sweepLater()
    })
  }
}
