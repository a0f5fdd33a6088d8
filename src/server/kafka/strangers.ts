// Who is this, if not a Kafka client? Its first four bytes would be the length of a frame, so a few well-known beginnings are
// told apart before any length is believed. Called by connection.ts, once per connection.

const httpBeginnings = new Set(['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'CONN', 'OPTI', 'TRAC', 'PATC', 'PRI '])

/** A sentence for the log, or undefined: it may well be Kafka. */
export function recogniseStranger(head: Buffer): string | undefined {
  if (head[0] === 0x16 && head[1] === 0x03) return 'TLS on the Kafka port: this listener speaks plain Kafka'
  if (httpBeginnings.has(head.toString('latin1', 0, 4))) return 'HTTP on the Kafka port'
  return undefined
}
