// TCP through node:net.
//   1  every socket has an error handler: a peer that resets ends its own connection, never the process
//   2  Nagle is off; what one write() is given leaves in one vectored write
//   3  the handler hears `closed` exactly once
// Called by server/.

import net from 'node:net'
import type { Connection, ConnectionHandler, Listener, Network } from './platform.ts'

const keepAliveDelayMs = 60_000

export class NodeNetwork implements Network {
  listen(address: { host: string; port: number }, accept: (connection: Connection) => void): Promise<Listener> {
    const server = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs })
    server.on('connection', socket => accept(new NodeConnection(socket)))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(address, () => {
        server.removeListener('error', reject)
        server.on('error', () => {}) // accept() without a free descriptor: libuv turns the client away, the server goes on
        resolve(new NodeListener(server))
      })
    })
  }
}

class NodeListener implements Listener {
  readonly host: string
  readonly port: number
  readonly #server: net.Server

  constructor(server: net.Server) {
    const { address, port } = server.address() as net.AddressInfo
    this.host = address
    this.port = port
    this.#server = server
  }

  /** Node's own callback waits for the last connection; the port is free one turn of the loop after close(). */
  close(): Promise<void> {
    if (this.#server.listening) this.#server.close()
    return new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  }
}

const unset: ConnectionHandler = { data() {}, drained() {}, closed() {} }

export class NodeConnection implements Connection {
  readonly remote: string
  readonly local: { readonly host: string; readonly port: number }
  handler: ConnectionHandler = unset
  readonly #socket: net.Socket
  #error: Error | undefined

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.remote = `${bracketed(socket.remoteAddress)}:${socket.remotePort ?? 0}`
    this.local = { host: plain(socket.localAddress), port: socket.localPort ?? 0 }
    socket.on('error', error => {
      this.#error ??= error
    })
    socket.on('data', chunk => this.handler.data(chunk as Buffer))
    socket.on('drain', () => this.handler.drained())
    socket.on('close', () => this.handler.closed(this.#error))
  }

  write(buffers: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (!socket.writable) return true // the handler hears `closed`; waiting for `drained` would be in vain
    if (buffers.length === 1) return socket.write(buffers[0])
    socket.cork()
    let room = true
    for (let i = 0; i < buffers.length; i++) room = socket.write(buffers[i])
    socket.uncork()
    return room
  }

  get bytesQueued(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** IPv4 clients of a dual-stack listener arrive as ::ffff:1.2.3.4. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function bracketed(address: string | undefined): string {
  const host = plain(address)
  return host.includes(':') ? `[${host}]` : host
}
