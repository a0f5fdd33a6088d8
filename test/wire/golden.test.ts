// Our bytes are Kafka's bytes: golden/Golden.java says how the fixtures were made.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/bytes/reader.ts'
import type { Field, Fields } from '../../src/bytes/schema.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { apis } from '../../src/protocol/messages/index.ts'

interface Fixture {
  version: number
  case: string
  hex: string
  value: Record<string, unknown>
}

const directory = new URL('golden/', import.meta.url)
const files = readdirSync(directory).filter(name => name.endsWith('.jsonl'))

test('every API has fixtures in both directions', () => {
  expect(files.length).toBe(2 * Object.keys(apis).length)
})

describe.each(files)('%s', file => {
  const [, key, direction] = /^(\d+)-.*-(request|response)\.jsonl$/.exec(file)!
  const api = Object.values(apis).find(known => known.key === Number(key))!
  const message = api[direction as 'request' | 'response']
  const fixtures = readFileSync(new URL(file, directory), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Fixture)

  test.each(fixtures)('v$version $case is written as Kafka writes it', ({ version, hex, value }) => {
    const writer = new Writer()
    message.encode(writer, fromJson(message.schema.fields, value) as never, version)
    expect(Buffer.concat(writer.take().buffers).toString('hex')).toBe(hex)
  })

  test.each(fixtures)('v$version $case is read as Kafka meant it', ({ version, hex, value }) => {
    const reader = new Reader(Buffer.from(hex, 'hex'))
    const decoded = message.decode(reader, version)
    expect(decoded).toMatchObject(fromJson(message.schema.fields, value) as object)
    expect(reader.remaining).toBe(0)
  })
})

/** Records and bytes are base64 in the fixtures. */
function fromJson(fields: Fields, value: Record<string, unknown>): Record<string, unknown> {
  const one = (field: Field, given: unknown): unknown => {
    if (given === null) return null
    if (field.type === 'array') return (given as unknown[]).map(each => one(field.element!, each))
    if (field.type === 'struct') return fromJson(field.fields!, given as Record<string, unknown>)
    return field.type === 'records' || field.type === 'bytes' ? Buffer.from(given as string, 'base64') : given
  }
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [name, one(fields[name], given)]))
}
