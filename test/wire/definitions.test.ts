// Our message definitions are Kafka's, field by field, in every version that both have: against the newest kafka-clients jar
// where it can be had, else against the facts that it stated when facts.jsonl was made.

import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/names.ts'
import { type Field, type Fields, inRange, type MessageSchema } from '../../src/bytes/schema.ts'
import type { Api } from '../../src/protocol/api.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { type FieldFacts, factsOfJar, findJar, type MessageFacts, storedFacts } from './facts.ts'

const jar = findJar()
const stored = storedFacts()
const messages = jar === undefined ? stored.messages : factsOfJar(jar)
const source = jar === undefined ? `facts of ${stored.jar}` : path.basename(jar)

/** What stands on the wire for one field at one version. */
type Row = { path: string; type: string; nullable: boolean; tag: number | ''; preset: string }

test('the stored facts are those of the jar that they name', () => {
  if (jar === undefined || path.basename(jar) !== stored.jar) return
  expect(stored.messages).toEqual(messages)
})

describe.each(Object.values(apis) as unknown as Api[])(`$name is as in ${source}`, api => {
  describe.each(['request', 'response'] as const)('%s', direction => {
    const { schema } = api[direction]
    const facts = messages.find(each => each.api === api.key && each.name === schema.name) as MessageFacts
    const kafka = rangeOf(facts.versions)
    const first = Math.max(kafka.first, schema.versions.first)
    const last = Math.min(kafka.last, schema.versions.last)

    test('versions: none that Kafka does not have, but older ones', () => {
      expect(schema.versions.last).toBeLessThanOrEqual(facts.unstable ? kafka.last - 1 : kafka.last)
      expect(first).toBeLessThanOrEqual(last)
      expect(schema.flexible).toBe(facts.flexible === 'none' ? Infinity : rangeOf(facts.flexible).first)
    })

    test.each(Array.from({ length: last - first + 1 }, (_, i) => first + i))('v%d', version => {
      expect(ourRows(schema, version)).toEqual(kafkaRows(facts.fields, version))
    })
  })
})

function kafkaRows(fields: readonly FieldFacts[], version: number): Row[] {
  const present = new Set<string>()
  const rows: Row[] = []
  for (const [place, type, versions, nullable, tag, tagged, preset] of fields) {
    const parent = place.slice(0, Math.max(0, place.lastIndexOf('.')))
    if (!inRange(version, rangeOf(versions)) || (parent !== '' && !present.has(parent))) continue
    present.add(place)
    rows.push({
      path: place,
      type,
      nullable: nullable !== '' && inRange(version, rangeOf(nullable)),
      tag: tagged !== '' && inRange(version, rangeOf(tagged)) ? tag : '',
      preset: kafkaPreset(type, preset),
    })
  }
  return inOrder(rows)
}

function ourRows({ fields }: MessageSchema, version: number): Row[] {
  const rows: Row[] = []
  const walk = (those: Fields, prefix: string): void => {
    for (const [name, field] of Object.entries(those)) {
      if (!inRange(version, field.versions)) continue
      const { tag = '' } = field
      const nullable = inRange(version, field.nullable)
      rows.push({ path: `${prefix}${name}`, type: typeOf(field), nullable, tag, preset: ourPreset(field) })
      const inner = (field.type === 'array' ? field.element?.fields : field.fields) ?? {}
      walk(inner, `${prefix}${name}.`)
    }
  }
  walk(fields, '')
  return inOrder(rows)
}

/** Tagged fields stand behind the others, in the order of their tags: among them the order of writing does not matter. */
function inOrder(rows: Row[]): Row[] {
  return [
    ...rows.filter(({ tag }) => tag === ''),
    ...rows.filter(({ tag }) => tag !== '').sort((a, b) => Number(a.tag) - Number(b.tag)),
  ]
}

function typeOf(field: Field): string {
  return field.type === 'array' ? `[]${field.element?.type}` : field.type
}

function kafkaPreset(type: string, preset: string): string {
  if (preset === 'null') return 'null'
  if (type.startsWith('[]')) return '[]'
  if (/^u?int|^float/.test(type)) return String(Number(preset))
  return type === 'bool' ? String(preset === 'true') : preset
}

function ourPreset({ type, default: preset }: Field): string {
  if (preset === null) return 'null'
  if (type === 'array') return '[]'
  if (type === 'struct') return ''
  if (type === 'uuid' && preset === zeroUuid) return ''
  return Buffer.isBuffer(preset) ? preset.toString('latin1') : String(preset)
}

function rangeOf(versions: string): { first: number; last: number } {
  const [first, last] = versions.endsWith('+') ? [versions.slice(0, -1), 'Infinity'] : versions.split('-')
  return { first: Number(first), last: Number(last ?? first) }
}
