// Random values for a schema at a version, and the seeded chance they come from. Used by the property tests here.

import { longMax } from '../../src/bytes/reader.ts'
import { type Field, type Fields, inRange } from '../../src/bytes/schema.ts'

export type Chance = (limit: number) => number

/** mulberry32 */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

export function sample(fields: Fields, version: number, below: Chance): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields))
    if (inRange(version, field.versions)) value[name] = sampleField(field, version, below)
  return value
}

function sampleField(field: Field, version: number, below: Chance): unknown {
  if (inRange(version, field.nullable) && below(4) === 0) return null
  switch (field.type) {
    case 'array':
      return Array.from({ length: below(4) }, () => sampleField(field.element!, version, below))
    case 'struct':
      return sample(field.fields!, version, below)
    case 'string':
      return 'aé漢😀-_.'
        .repeat(below(4))
        .slice(0, below(20))
        .replace(/[\ud800-\udbff]$/, '')
    case 'uuid':
      return Buffer.from(Array.from({ length: 16 }, () => below(256))).toString('base64url')
    case 'bytes':
    case 'records':
      return Buffer.from(Array.from({ length: below(40) }, () => below(256)))
    case 'bool':
      return below(2) === 1
    case 'float64':
      return below(2 ** 31) / 7
    case 'int64':
      return [below(100), -1 - below(100), Number.MAX_SAFE_INTEGER - below(9), longMax, -(2 ** 40) - below(9)][below(5)]
    case 'uint16':
      return below(2 ** 16)
    case 'uint32':
      return below(2 ** 32)
    default: {
      const half = 2 ** (Number(field.type.slice(3)) - 1)
      return below(2 * half) - half
    }
  }
}
