// The clients of the matrix: how each program is started, and why it cannot be, here.
// A program is called with `<host:port> <prefix of topic names>`. For each codec it makes a topic `<prefix>-<codec>` of 4
// partitions (retention.ms=-1), produces what `sent` says, reads it back three times, and prints one line: a `Report`.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../../node_modules/.cache/varve-clients/matrix/', import.meta.url))

/** What every program sends: record i has key `key-<i>`, value `value <i> ` and i % 100 times `x`, time `startMs` + i. */
export const sent = { records: 10_000, startMs: 1_700_000_000_000, partitions: 4 }
/** Read from the end: the last so many of each partition. */
export const tailRecords = 100
/** Read by timestamp: from this time on. */
export const sinceMs = sent.startMs + 5_000

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** By partition: of `<offset>|<ms>|<key>|<value>\n` for each record, in the order they came. */
export type Digests = Readonly<Record<string, { readonly count: number; readonly sha256: string }>>

export interface Row {
  readonly codec: string
  readonly isIdempotent: boolean
  readonly beginning?: Digests
  readonly end?: Digests
  readonly timestamp?: Digests
  /** What went wrong; the row ends there. */
  readonly error?: string
}

export interface Report {
  /** Name and version. */
  readonly client: string
  readonly rows: readonly Row[]
  /** Codecs that this client does not have here, and why. */
  readonly skipped?: Readonly<Record<string, string>>
}

export interface Client {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** There when setup.sh was through with it. */
  readonly proof: string
}

const node = (name: string): Client => ({
  name,
  program: process.execPath,
  args: [path.join(here, name, 'client.cjs'), path.join(cache, 'npm/node_modules')],
  proof: path.join(cache, 'npm/.complete'),
})

const python = (name: string): Client => ({
  name,
  program: path.join(cache, 'python/bin/python'),
  args: ['-B', path.join(here, name, 'client.py')],
  proof: path.join(cache, 'python/.complete'),
})

const go = (name: string): Client => {
  const program = path.join(cache, name, 'client')
  return { name, program, args: [], proof: program }
}

export const clients: readonly Client[] = [
  node('kafkajs'),
  node('platformatic'),
  python('confluent-kafka'),
  python('kafka-python'),
  python('aiokafka'),
  go('franz-go'),
  go('sarama'),
  go('kafka-go'),
]

/** Why it cannot run here; undefined if it can. */
export const missing = ({ name, proof }: Client): string | undefined =>
  fs.existsSync(proof) ? undefined : `${name} is not installed (test/clients/matrix/setup.sh says why)`
