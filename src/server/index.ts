// The server's way in (`varve/server`): opens a broker and serves it to clients. Called by the command and by log.listen();
// loaded only when it is wanted.
//   const broker = await openBroker({ platform: nodePlatform(), directory: './segments', settings: new Settings(), logger })
//   const server = await listen({ broker, address: { host: '127.0.0.1', port: 9092 } })

export { Settings } from '../base/config.ts'
export { silentLogger } from '../base/logger.ts'
export { openBroker } from '../broker/open-broker.ts'
export type { Broker, BrokerOptions } from '../broker/types.ts'
export { nodePlatform } from '../platform/node.ts'

import type { Settings } from '../base/config.ts'
import type { Logger } from '../base/logger.ts'
import type { Broker } from '../broker/types.ts'
import type { Platform } from '../platform/platform.ts'
import { type Address, KafkaListener } from './kafka/listener.ts'

export interface ListenOptions {
  readonly broker: Broker
  /** Default: the broker's own. */
  readonly platform?: Platform
  readonly settings?: Settings
  readonly logger?: Logger
  /** Port 0 takes a free one. */
  readonly address: Address
  /** Where Metadata sends clients; default: the address that each of them dialled. */
  readonly advertised?: Address
}

export interface Server {
  /** As bound. */
  readonly address: Address
  /** Connections that are open now. */
  readonly connections: number
  /** Bytes of requests and answers in flight now. */
  readonly bytesInFlight: number
  /** No new requests; what is under way is answered within `deadlineMs` (default 5,000), then all connections are closed. */
  close(deadlineMs?: number): Promise<void>
}

/** Serves the Kafka protocol. Rejects with the system's error if the address is taken or forbidden. */
export async function listen(options: ListenOptions): Promise<Server> {
  const { broker, address, advertised } = options
  const { platform = broker.platform, settings = broker.settings, logger = broker.logger } = options
  const kafka = await KafkaListener.open({ broker, platform, settings, logger, address, advertised })
  logger.info('kafka listening', { host: kafka.address.host, port: kafka.address.port })
  return {
    address: kafka.address,
    get connections() {
      return kafka.connections
    },
    get bytesInFlight() {
      return kafka.memory.bytesUsed
    },
    close: deadlineMs => kafka.close(deadlineMs),
  }
}
