import { once } from 'node:events'
import net from 'node:net'
import { type MemoryConnection, MemoryNetwork } from '../../src/platform/memory-network.ts'
import { NodeConnection, NodeNetwork } from '../../src/platform/node-network.ts'
import type { Connection } from '../../src/platform/platform.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { networkConformance } from './network.ts'

const plainly = <T>(promise: Promise<T>): Promise<T> => promise
const resetMemory = (client: Connection): void => (client as MemoryConnection).reset()

networkConformance('the real network', () => {
  const sockets = new Map<Connection, net.Socket>()
  return {
    network: new NodeNetwork(),
    dial: async port => {
      const socket = net.connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const connection = new NodeConnection(socket)
      sockets.set(connection, socket)
      return connection
    },
    reset: client => void sockets.get(client)?.resetAndDestroy(),
    run: plainly,
  }
})

networkConformance('the memory network', () => {
  const network = new MemoryNetwork()
  return { network, dial: port => network.connect({ host: '127.0.0.1', port }), reset: resetMemory, run: plainly }
})

let seed = 0
networkConformance('the simulated network', () => {
  const sim = simulatedPlatform({ seed: ++seed })
  return {
    network: sim.boot().network,
    dial: port => sim.network.connect({ host: '127.0.0.1', port }),
    reset: resetMemory,
    // The suite also waits a few real milliseconds, for the real network's sake: here they pass as virtual ones.
    run: async promise => {
      promise.catch(() => {}) // it is awaited below, which is late for a rejection
      await sim.advance(1000)
      return promise
    },
  }
})
