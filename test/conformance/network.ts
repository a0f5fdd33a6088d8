// The contract of Network (src/platform/platform.ts), for every implementation.
// Called by network.test.ts.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection, ConnectionHandler, Listener, Network } from '../../src/platform/platform.ts'

export interface NetworkUnderTest {
  readonly network: Network
  /** A client's end, its handler to be set before the next await; what the contract lacks. */
  dial(port: number): Promise<Connection>
  /** Breaks the connection as a crashed peer would. */
  reset(client: Connection): void
  /** Lets things happen until `promise` settles. */
  run<T>(promise: Promise<T>): Promise<T>
}

/** A handler that remembers. */
class Ear implements ConnectionHandler {
  chunks: Buffer[] = []
  drains = 0
  closes: (Error | undefined)[] = []
  #wake: (() => void)[] = []

  data(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.#tell()
  }

  drained(): void {
    this.drains++
    this.#tell()
  }

  closed(error?: Error): void {
    this.closes.push(error)
    this.#tell()
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => this.#wake.push(resolve))
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export function networkConformance(name: string, begin: () => NetworkUnderTest): void {
  describe(`${name} keeps the contract of Network`, () => {
    let under: NetworkUnderTest
    let listener: Listener
    let accepted: { connection: Connection; ear: Ear }[]
    let wake: () => void
    const clients: Connection[] = []
    beforeEach(async () => {
      under = begin()
      accepted = []
      wake = () => {}
      listener = await under.run(
        under.network.listen({ host: '127.0.0.1', port: 0 }, connection => {
          const ear = new Ear()
          connection.handler = ear
          accepted.push({ connection, ear })
          wake()
        }),
      )
    })
    afterEach(async () => {
      for (const client of clients.splice(0)) client.destroy()
      for (const { connection } of accepted) connection.destroy()
      await under.run(listener.close())
    })

    async function dial(): Promise<{ client: Connection; heard: Ear; server: Connection; ear: Ear }> {
      const count = accepted.length
      const client = await under.run(under.dial(listener.port))
      clients.push(client)
      const heard = new Ear()
      client.handler = heard
      if (accepted.length === count)
        await under.run(
          new Promise<void>(resolve => {
            wake = resolve
          }),
        )
      const { connection, ear } = accepted[count]
      return { client, heard, server: connection, ear }
    }
    const until = (ear: Ear, condition: () => boolean): Promise<void> => under.run(ear.until(condition))

    test('port 0 takes a free one, and the listener says which', () => {
      expect(listener.port).toBeGreaterThan(0)
      expect(listener.host).toBe('127.0.0.1')
    })

    test('a port that is taken is refused with EADDRINUSE', async () => {
      const listening = under.network.listen({ host: '127.0.0.1', port: listener.port }, () => {})
      await expect(under.run(listening)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    })

    test('a closed listener takes no new connections, leaves the others, and frees its port', async () => {
      const { client, ear } = await dial()
      await under.run(listener.close())
      await expect(under.run(under.dial(listener.port))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      client.write([Buffer.from('still here')])
      await until(ear, () => ear.text === 'still here')
      const again = await under.run(under.network.listen({ host: '127.0.0.1', port: listener.port }, () => {}))
      await under.run(again.close())
      await under.run(listener.close())
    })

    test('both ends know where the other one is', async () => {
      const { server } = await dial()
      expect(server.remote).toMatch(/^127\.0\.0\.1:\d+$/)
      expect(server.local).toEqual({ host: '127.0.0.1', port: listener.port })
    })

    test('bytes arrive once and in order, both ways, whatever the pieces', async () => {
      const { client, heard, server, ear } = await dial()
      const sent = Buffer.alloc(200_000)
      for (let i = 0; i < sent.length; i++) sent[i] = i % 253
      for (let at = 0; at < sent.length; at += 7001) {
        const piece = sent.subarray(at, at + 7001)
        client.write([piece.subarray(0, 1), Buffer.alloc(0), piece.subarray(1)])
      }
      server.write([sent])
      await until(ear, () => ear.bytes >= sent.length)
      await until(heard, () => heard.bytes >= sent.length)
      expect(Buffer.concat(ear.chunks).equals(sent)).toBe(true)
      expect(Buffer.concat(heard.chunks).equals(sent)).toBe(true)
    })

    test('write says false while a slow reader does not take it, and drained follows when it has', async () => {
      const { client, heard, server, ear } = await dial()
      client.pause()
      let room = true
      let written = 0
      const chunk = Buffer.alloc(1 << 20, 1)
      while (room || server.bytesQueued === 0) {
        room = server.write([chunk])
        written += chunk.length
      }
      expect(server.bytesQueued).toBeGreaterThan(0)
      expect(ear.drains).toBe(0)
      client.resume()
      await until(ear, () => ear.drains > 0)
      expect(server.bytesQueued).toBe(0)
      await until(heard, () => heard.bytes === written)
    })

    test('a paused connection hears nothing until it resumes', async () => {
      const { client, server, ear } = await dial()
      server.pause()
      client.write([Buffer.from('later')])
      await under.run(new Promise<void>(resolve => setTimeout(resolve, 20)))
      expect(ear.bytes).toBe(0)
      server.resume()
      await until(ear, () => ear.text === 'later')
    })

    test('end closes both ends after what was written has arrived', async () => {
      const { client, heard, server, ear } = await dial()
      const bytes = 3 << 20
      server.write([Buffer.alloc(bytes, 1)])
      server.end()
      await until(heard, () => heard.closes.length > 0)
      expect(heard.bytes).toBe(bytes)
      await until(ear, () => ear.closes.length > 0)
      expect([heard.closes, ear.closes]).toEqual([[undefined], [undefined]])
      client.destroy()
      server.destroy()
    })

    test('destroy closes both ends at once, each hears it once, and later writes go nowhere', async () => {
      const { client, heard, server, ear } = await dial()
      server.destroy()
      await until(ear, () => ear.closes.length > 0)
      await until(heard, () => heard.closes.length > 0)
      for (let i = 0; i < 3; i++) {
        expect(server.write([Buffer.from('x'), Buffer.from('y')])).toBe(true)
        server.end()
        server.destroy()
        client.write([Buffer.from('x')])
      }
      await under.run(new Promise<void>(resolve => setTimeout(resolve, 20)))
      expect([ear.closes.length, heard.closes.length]).toEqual([1, 1])
    })

    test('two ends that are destroyed at once hear it once each', async () => {
      const { client, heard, server, ear } = await dial()
      client.destroy()
      server.destroy()
      await until(ear, () => ear.closes.length > 0)
      await until(heard, () => heard.closes.length > 0)
      await under.run(new Promise<void>(resolve => setTimeout(resolve, 20)))
      expect([ear.closes.length, heard.closes.length]).toEqual([1, 1])
    })

    test('a peer that resets ends its connection with an error, and nothing else', async () => {
      const { client, ear } = await dial()
      const other = await dial()
      under.reset(client)
      await until(ear, () => ear.closes.length > 0)
      expect(ear.closes).toMatchObject([{ code: 'ECONNRESET' }])
      other.client.write([Buffer.from('fine')])
      await until(other.ear, () => other.ear.text === 'fine')
    })
  })
}
