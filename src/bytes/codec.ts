// Turns a schema and a version into a reader and a writer, once, and keeps them.
//   1  reading never returns a value that the version does not allow: no null where none may be, no field from another version
//   2  every object that one schema yields has the same shape in all versions, so handlers stay monomorphic
//   3  unknown tagged fields are skipped
// Called by protocol/api.ts and the coordinators' records. Vocabulary: schema.ts.

import { assert } from '../base/assert.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Reader } from './reader.ts'
import { type Decoded, type Encodable, type Field, type Fields, inRange, type MessageSchema } from './schema.ts'
import type { Writer } from './writer.ts'

export class Message<F extends Fields> {
  readonly schema: MessageSchema<F>
  readonly #codecs: (Codec | undefined)[] = []

  constructor(schema: MessageSchema<F>) {
    this.schema = schema
  }

  /** Throws ProtocolError if the bytes are not such a message. Bytes after it are left alone. */
  decode(reader: Reader, version: number): Decoded<F> {
    return this.#codec(version).read(reader) as Decoded<F>
  }

  encode(writer: Writer, value: Encodable<F>, version: number): void {
    this.#codec(version).write(writer, value)
  }

  #codec(version: number): Codec {
    return this.#codecs[version] ?? this.#compile(version)
  }

  #compile(version: number): Codec {
    const { name, versions, flexible, fields } = this.schema
    assert(inRange(version, versions), `${name} has no version ${version}`)
    const codec = structCodec(fields, { version, flexible: version >= flexible })
    this.#codecs[version] = codec
    return codec
  }
}

interface Context {
  readonly version: number
  readonly flexible: boolean
}

interface Codec {
  /** Fewest bytes a value takes: what a count of elements is checked against. */
  readonly bytesMin: number
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
}

type Values = Record<string, unknown>

interface Step {
  readonly name: string
  readonly default: unknown
  readonly codec: Codec
}

/** A tagged field, or one that stands in its place. */
interface TaggedStep extends Step {
  readonly tag: number
}

function structCodec(fields: Fields, context: Context): Codec {
  const present = Object.entries(fields).filter(([, field]) => inRange(context.version, field.versions))
  const step = ([name, field]: [string, Field]): Step => ({
    name,
    default: defaultOf(field),
    codec: codecOf(name, field, context),
  })
  const steps = present.filter(([, { tag }]) => tag === undefined).map(step)
  const tagged = present
    .filter(([, { tag }]) => tag !== undefined)
    .map(entry => ({ ...step(entry), tag: entry[1].tag! }))
    .sort((a, b) => a.tag - b.tag)
  assert(tagged.length === 0 || context.flexible, 'only flexible versions have tagged fields')
  const template = defaultsOf(fields)
  const { flexible } = context
  const plain = steps.length
  return {
    bytesMin: steps.reduce((sum, { codec }) => sum + codec.bytesMin, flexible ? 1 : 0),
    read(reader) {
      const value: Values = { ...template }
      for (let i = 0; i < plain; i += 1) {
        const { name, codec } = steps[i]
        value[name] = codec.read(reader)
      }
      if (flexible) readTagged(reader, tagged, value)
      return value
    },
    write(writer, given) {
      const value = given as Values
      for (let i = 0; i < plain; i += 1) {
        const { name, codec, default: fallback } = steps[i]
        const own = value[name]
        codec.write(writer, own === undefined ? fallback : own)
      }
      if (flexible) writeTagged(writer, tagged, value)
    },
  }
}

function readTagged(reader: Reader, tagged: readonly TaggedStep[], value: Values): void {
  for (let left = reader.tagCount(); left > 0; left -= 1) {
    const tag = reader.uvarint()
    const length = reader.uvarint()
    const step = tagged.find(known => known.tag === tag)
    if (step === undefined) reader.skip(length)
    else value[step.name] = reader.within(length, step.codec.read)
  }
}

function writeTagged(writer: Writer, tagged: readonly TaggedStep[], value: Values): void {
  if (tagged.length === 0) {
    writer.uvarint(0)
    return
  }
  let count = 0
  for (let i = 0; i < tagged.length; i += 1) if (isTold(tagged[i], value)) count += 1
  writer.uvarint(count)
  if (count === 0) return
  for (const step of tagged) {
    if (!isTold(step, value)) continue
    writer.uvarint(step.tag)
    writer.measured(() => step.codec.write(writer, value[step.name]))
  }
}

function isTold(step: TaggedStep, value: Values): boolean {
  const own = value[step.name]
  return own !== undefined && !same(own, step.default)
}

function codecOf(name: string, field: Field, context: Context): Codec {
  const compact = context.flexible && !field.classic
  const nullable = inRange(context.version, field.nullable)
  switch (field.type) {
    case 'array':
      return arrayCodec(name, codecOf(name, field.element!, context), compact, nullable)
    case 'struct':
      return nullable ? nullableStruct(structCodec(field.fields!, context)) : structCodec(field.fields!, context)
    case 'string':
    case 'bytes':
    case 'records':
      return lengthCodec(name, field.type, compact, nullable)
    default:
      return fixed[field.type]
  }
}

function arrayCodec(name: string, element: Codec, compact: boolean, nullable: boolean): Codec {
  const { bytesMin, read, write } = element
  return {
    bytesMin: compact ? 1 : 4,
    read(reader) {
      const count = reader.count(compact, bytesMin)
      if (count < 0) return nullable ? null : refuseNull(name, reader)
      const values: unknown[] = []
      for (let i = 0; i < count; i += 1) values.push(read(reader))
      return values
    },
    write(writer, value) {
      const values = value as readonly unknown[] | null
      if (values === null) assert(nullable, `${name} is not null in this version`)
      writer.count(values === null ? -1 : values.length, compact)
      if (values !== null) for (let i = 0; i < values.length; i += 1) write(writer, values[i])
    },
  }
}

/** One byte before it: -1 for null, 1 for a value. */
function nullableStruct(codec: Codec): Codec {
  return {
    bytesMin: 1,
    read: reader => (reader.int8() < 0 ? null : codec.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? -1 : 1)
      if (value !== null) codec.write(writer, value)
    },
  }
}

function lengthCodec(name: string, type: 'string' | 'bytes' | 'records', compact: boolean, nullable: boolean): Codec {
  const read = type === 'string' ? (r: Reader) => r.string(compact) : (r: Reader) => r.view(compact)
  const writes = {
    string: (w: Writer, value: unknown) => w.string(value as string | null, compact),
    bytes: (w: Writer, value: unknown) => w.view(value as Buffer | null, compact),
    records: (w: Writer, value: unknown) => w.records(value as Buffer | null, compact),
  }
  const write = writes[type]
  if (nullable) return { bytesMin: compact ? 1 : type === 'string' ? 2 : 4, read, write }
  return {
    bytesMin: compact ? 1 : type === 'string' ? 2 : 4,
    read: reader => read(reader) ?? refuseNull(name, reader),
    write(writer, value) {
      assert(value !== null, `${name} is not null in this version`)
      write(writer, value)
    },
  }
}

const fixed = {
  int8: { bytesMin: 1, read: (r: Reader) => r.int8(), write: (w: Writer, v: unknown) => w.int8(v as number) },
  int16: { bytesMin: 2, read: (r: Reader) => r.int16(), write: (w: Writer, v: unknown) => w.int16(v as number) },
  uint16: { bytesMin: 2, read: (r: Reader) => r.uint16(), write: (w: Writer, v: unknown) => w.int16(v as number) },
  int32: { bytesMin: 4, read: (r: Reader) => r.int32(), write: (w: Writer, v: unknown) => w.int32(v as number) },
  uint32: { bytesMin: 4, read: (r: Reader) => r.uint32(), write: (w: Writer, v: unknown) => w.int32(v as number) },
  int64: { bytesMin: 8, read: (r: Reader) => r.int64(), write: (w: Writer, v: unknown) => w.int64(v as number) },
  float64: { bytesMin: 8, read: (r: Reader) => r.float64(), write: (w: Writer, v: unknown) => w.float64(v as number) },
  bool: { bytesMin: 1, read: (r: Reader) => r.bool(), write: (w: Writer, v: unknown) => w.bool(v as boolean) },
  uuid: { bytesMin: 16, read: (r: Reader) => r.uuid(), write: (w: Writer, v: unknown) => w.uuid(v as string) },
} satisfies Record<string, Codec>

function refuseNull(name: string, reader: Reader): never {
  throw new ProtocolError(`${name} is null and must not be`, reader.position)
}

function defaultOf(field: Field): unknown {
  return field.type === 'struct' && field.default === undefined ? defaultsOf(field.fields!) : field.default
}

function defaultsOf(fields: Fields): Values {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, defaultOf(field)]))
}

/** Of a tagged field: is it what it would be if nobody had said anything? */
function same(value: unknown, other: unknown): boolean {
  if (value === other) return true
  if (value === null || other === null || typeof value !== 'object' || typeof other !== 'object') return false
  if (Array.isArray(value)) return value.length === 0 && (other as unknown[]).length === 0
  return Object.entries(other).every(([name, own]) => {
    const given = (value as Values)[name]
    return given === undefined || same(given, own)
  })
}
