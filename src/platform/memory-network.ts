// TCP without a network: listeners and connections in one process.
//   1  bytes arrive once and in order, but in chunks of any size (with dice), and some time after they were written
//   2  a write answers false when 64 KiB wait in front of a slow reader; `drained` follows once nothing waits
//   3  end() closes both sides after what was written has arrived; destroy() drops it; reset() tells both ECONNRESET
//   4  the handler hears `closed` exactly once, and nothing after it
// Made by simulated.ts and tests. `connect` is what a client has: the contract's Network only listens.

import type { Connection, ConnectionHandler, Listener, Network } from './platform.ts'
import type { Dice } from './seeded-random.ts'

export interface MemoryNetworkOptions {
  /** Sizes of chunks; without it they are as large as they can be. */
  readonly dice?: Dice
  /** Runs `arrive` after the time that a packet takes. Without it, after the current work. */
  readonly deliver?: (arrive: () => void) => void
}

interface Delivery extends MemoryNetworkOptions {
  readonly deliver: (arrive: () => void) => void
}

const highWaterBytes = 65_536
const chunkBytesMax = 65_536
const ephemeralPortFirst = 49_152

export class MemoryNetwork implements Network {
  readonly #options: Delivery
  readonly #listeners = new Map<number, MemoryListener>()
  readonly #accepted = new Set<MemoryConnection>()
  #port = ephemeralPortFirst

  constructor(options: MemoryNetworkOptions = {}) {
    this.#options = { deliver: arrive => setImmediate(arrive), ...options }
  }

  async listen(address: { host: string; port: number }, accept: (connection: Connection) => void): Promise<Listener> {
    const port = address.port === 0 ? this.#port++ : address.port
    if (this.#listeners.has(port))
      throw Object.assign(new Error(`listen EADDRINUSE: address already in use ${address.host}:${port}`), {
        code: 'EADDRINUSE',
      })
    const listener = new MemoryListener(address.host, port, accept, () => this.#listeners.delete(port))
    this.#listeners.set(port, listener)
    return listener
  }

  /** Rejects with ECONNREFUSED if nobody listens. Set the handler before the next await. */
  async connect({ host, port }: { host: string; port: number }): Promise<MemoryConnection> {
    const listener = this.#listeners.get(port)
    if (listener === undefined)
      throw Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: 'ECONNREFUSED' })
    const from = { host: '127.0.0.1', port: this.#port++ }
    const client = new MemoryConnection(this.#options, { remote: { host, port }, local: from })
    const server = new MemoryConnection(this.#options, { remote: from, local: { host, port } })
    client.peer = server
    server.peer = client
    this.#accepted.add(server)
    server.forget = () => this.#accepted.delete(server)
    server.pause() // what the client writes meanwhile waits for the handler
    this.#options.deliver(() => {
      if (server.isClosed) return
      server.resume()
      if (this.#listeners.get(port) === listener) listener.accept(server)
      else server.reset()
    })
    return client
  }

  /** The process that listened is dead: nobody listens, its side of every connection is silent, the others are reset. */
  kill(): void {
    this.#listeners.clear()
    for (const connection of this.#accepted) connection.die()
    this.#accepted.clear()
  }

  /** Cuts every connection that was accepted. */
  resetAll(): void {
    for (const connection of [...this.#accepted]) connection.reset()
  }
}

class MemoryListener implements Listener {
  readonly host: string
  readonly port: number
  readonly accept: (connection: Connection) => void
  readonly #forget: () => void

  constructor(host: string, port: number, accept: (connection: Connection) => void, forget: () => void) {
    this.host = host
    this.port = port
    this.accept = accept
    this.#forget = forget
  }

  async close(): Promise<void> {
    this.#forget()
  }
}

interface Address {
  readonly host: string
  readonly port: number
}

const unset: ConnectionHandler = { data() {}, drained() {}, closed() {} }

export class MemoryConnection implements Connection {
  readonly remote: string
  readonly local: Address
  handler: ConnectionHandler = unset
  peer!: MemoryConnection
  forget: () => void = () => {}
  readonly #options: Delivery
  #queue: Buffer[] = []
  #queued = 0
  #owesDrained = false
  #isEnding = false
  #isPaused = false
  #isClosed = false
  #isMoving = false

  constructor(options: Delivery, { remote, local }: { remote: Address; local: Address }) {
    this.#options = options
    this.remote = `${remote.host}:${remote.port}`
    this.local = local
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.#isClosed || this.#isEnding) return true
    for (const buffer of buffers) {
      if (buffer.byteLength === 0) continue
      this.#queue.push(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength))
      this.#queued += buffer.byteLength
    }
    this.#move()
    if (this.#queued < highWaterBytes) return true
    this.#owesDrained = true
    return false
  }

  get bytesQueued(): number {
    return this.#queued
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.peer.#move()
  }

  end(): void {
    this.#isEnding = true
    this.#move()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#close()
    this.#options.deliver(() => this.peer.#close())
  }

  /** As if the network had broken. */
  reset(): void {
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    this.#close(error)
    this.#options.deliver(() => this.peer.#close(error))
  }

  /** Our process is gone: our handler hears nothing any more. */
  die(): void {
    this.handler = unset
    this.reset()
  }

  // One packet is under way at a time, so the order holds whatever the delays.
  #move(): void {
    if (this.#isMoving || this.#isClosed || (this.#queued === 0 && !this.#isEnding)) return
    this.#isMoving = true
    this.#options.deliver(() => {
      this.#isMoving = false
      this.#arrive()
    })
  }

  #arrive(): void {
    const { peer } = this
    if (this.#isClosed || peer.#isClosed || peer.#isPaused) return
    if (this.#queued > 0) peer.handler.data(this.#takeChunk())
    if (this.#isClosed) return
    if (this.#queued > 0) this.#move()
    else if (this.#isEnding) {
      peer.#close()
      this.#close()
    } else if (this.#owesDrained) {
      this.#owesDrained = false
      this.handler.drained()
    }
  }

  /** Always a copy: the writer's buffers are free again, and the reader may keep what it got. */
  #takeChunk(): Buffer {
    const most = Math.min(this.#queued, chunkBytesMax)
    const bytes =
      this.#options.dice === undefined || this.#options.dice.chance(0.5) ? most : 1 + this.#options.dice.below(most)
    const chunk = Buffer.allocUnsafe(bytes)
    let filled = 0
    let first = 0
    while (filled < bytes) {
      const buffer = this.#queue[first]
      const count = Math.min(buffer.byteLength, bytes - filled)
      chunk.set(buffer.subarray(0, count), filled)
      filled += count
      if (count === buffer.byteLength) first++
      else this.#queue[first] = buffer.subarray(count)
    }
    this.#queue.splice(0, first)
    this.#queued -= bytes
    return chunk
  }

  #close(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#queue = []
    this.#queued = 0
    this.forget()
    this.handler.closed(error)
  }
}
