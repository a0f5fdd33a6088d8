// The batches that Java made (fixtures/GoldenBatches.java), as tests want them.

import { readFileSync } from 'node:fs'

export interface GoldenRecord {
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers: [string, Buffer | null][]
}

type Hex = string | null
type Line = {
  batch?: string
  marker?: string
  murmur2?: number
  hex: string
  records?: [number, Hex, Hex, [string, Hex][]][]
}

const lines = readFileSync(new URL('fixtures/golden.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Line)

const bytes = (hex: Hex): Buffer | null => (hex === null ? null : Buffer.from(hex, 'hex'))

export const goldenBatches = lines
  .filter(line => line.batch !== undefined)
  .map(line => ({
    name: line.batch!,
    hex: line.hex,
    records: line.records?.map(
      ([timestampMs, key, value, headers]): GoldenRecord => ({
        timestampMs,
        key: bytes(key),
        value: bytes(value),
        headers: headers.map(([name, content]) => [name, bytes(content)]),
      }),
    ),
  }))

/** A fresh copy each time. */
export function golden(name: string): Buffer {
  const found = goldenBatches.find(batch => batch.name === name)
  if (found === undefined) throw new Error(`no golden batch "${name}"`)
  return Buffer.from(found.hex, 'hex')
}

export const goldenMarkers = lines
  .filter(line => line.marker !== undefined)
  .map(line => ({ type: line.marker!, batch: Buffer.from(line.hex, 'hex') }))

export const goldenMurmurs = lines
  .filter(line => line.murmur2 !== undefined)
  .map(line => ({ key: Buffer.from(line.hex, 'hex'), hash: line.murmur2! }))
