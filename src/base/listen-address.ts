// Where a server listens, as people write it, and the rule that nothing is opened to the network by accident.
//   1  without `insecure: true` only loopback addresses are accepted: there is no authentication in front of the log
// Called by embedded/ (log.listen) and cli/ (varve serve).

import { KafkaError } from './errors.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `9092`, `{ host?, port }`, `'127.0.0.1:9092'`, `':9092'`, `'[::1]:9092'`; without a host 127.0.0.1. INVALID_ARGUMENT otherwise. */
export function parseListenAddress(address: number | string | { host?: string; port: number }): ListenAddress {
  if (typeof address === 'string') return parseText(address)
  const { host = defaultHost, port } = typeof address === 'number' ? { port: address } : address
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw unreadable(String(port))
  return { host, port }
}

/** Throws INSECURE_LISTENER for an address that other machines can reach. */
export function checkListenAddress({ host, port }: ListenAddress, { insecure }: { insecure: boolean }): void {
  if (insecure || isLoopback(host)) return
  throw new KafkaError('INSECURE_LISTENER', {
    message: `listening on ${host} lets other machines read and write this log without a password; say insecure to allow it`,
    host,
    port,
  })
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}

const defaultHost = '127.0.0.1'

function parseText(text: string): ListenAddress {
  const match = /^(?:(?<host>\[[0-9a-fA-F:.]+\]|[^:\s[\]]*):)?(?<port>\d{1,5})$/.exec(text.trim())
  const { host, port } = match?.groups ?? {}
  if (port === undefined || Number(port) > 65_535) throw unreadable(text)
  return { host: host === undefined || host === '' ? defaultHost : host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function unreadable(text: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', { message: `"${text}" is not an address: 9092, :9092 or 127.0.0.1:9092` })
}
