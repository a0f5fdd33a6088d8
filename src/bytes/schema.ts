// The vocabulary that messages are written in: plain data, all versions of a message in one object, its TypeScript type
// inferred from it. Wire messages (protocol/messages/) and the coordinators' records both use it; codec.ts gives it meaning.
//
//   message({ name: 'ProduceRequest', versions: '0-13', flexible: 9, fields: {
//     transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
//     topicData: array({ name: string({ versions: '0-12' }), … }),
//   } })
//
//   versions   where the field is on the wire; elsewhere it is not written and reads as its default
//   nullable   where it may be null
//   tag        a tagged field with this number: written only when it differs from its default
//   default    also lets the writer leave the field out. Without one: 0, '', false, [], zeros
//   classic    keeps its old form in flexible versions (the header's client id)
// Fields are on the wire in the order in which they stand here.

import { zeroUuid } from '../base/names.ts'

/** As in Kafka's definitions: '3+', '0-12', '7'. */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`

export interface Options<T> {
  readonly versions?: Versions
  readonly nullable?: Versions
  readonly tag?: number
  readonly default?: T | null
  readonly classic?: boolean
}

export type TypeName =
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'bool'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'
  | 'array'
  | 'struct'

/** `Out` is what reading gives, `In` what writing takes; `Optional`: the writer may leave it out. */
export interface Field<Out = unknown, In = unknown, Optional = unknown> {
  readonly type: TypeName
  readonly versions: VersionRange
  readonly nullable: VersionRange | undefined
  readonly tag: number | undefined
  readonly default: unknown
  readonly classic: boolean
  /** of an array */
  readonly element?: Field
  /** of a struct */
  readonly fields?: Fields
  /** For the compiler only: never there. */
  readonly types?: { readonly out: Out; readonly in: In; readonly optional: Optional }
}

export type Fields = { readonly [name: string]: Field }

export type Decoded<F extends Fields> = { readonly [N in keyof F]: NonNullable<F[N]['types']>['out'] }

type OptionalNames<F extends Fields> = {
  [N in keyof F]: NonNullable<F[N]['types']>['optional'] extends true ? N : never
}[keyof F]

export type Encodable<F extends Fields> = {
  readonly [N in Exclude<keyof F, OptionalNames<F>>]: NonNullable<F[N]['types']>['in']
} & { readonly [N in OptionalNames<F>]?: NonNullable<F[N]['types']>['in'] }

export interface VersionRange {
  readonly first: number
  readonly last: number
}

export interface MessageSchema<F extends Fields = Fields> {
  readonly name: string
  readonly versions: VersionRange
  /** First version with compact lengths and tagged fields; Infinity: none. */
  readonly flexible: number
  readonly fields: F
}

export function message<const F extends Fields>(schema: {
  name: string
  versions: Versions
  flexible: number
  fields: F
}): MessageSchema<F> {
  return { ...schema, versions: versionRange(schema.versions) }
}

export const int8 = scalar<number>('int8', 0)
export const int16 = scalar<number>('int16', 0)
export const uint16 = scalar<number>('uint16', 0)
export const int32 = scalar<number>('int32', 0)
export const uint32 = scalar<number>('uint32', 0)
/** Exact to ±2^53, saturating beyond (reader.ts: longMax, longMin). */
export const int64 = scalar<number>('int64', 0)
export const float64 = scalar<number>('float64', 0)
export const bool = scalar<boolean>('bool', false)
/** 22 characters of base64url. */
export const uuid = scalar<string>('uuid', zeroUuid)
export const string = scalar<string>('string', '')
const nothing = Buffer.alloc(0)
/** A view of the frame when read, copied when written. */
export const bytes = scalar<Buffer>('bytes', nothing)
/** A view of the frame when read; linked, not copied, when written. */
export const records = scalar<Buffer, Buffer | readonly Buffer[]>('records', nothing)

export function array<const E extends Field | Fields, const O extends Options<readonly []> = Record<never, never>>(
  element: E,
  options?: O,
): Field<readonly Out<E>[] | Null<O>, readonly In<E>[] | Null<O>, IsOptional<O>> {
  return { ...field('array', [], options), element: isField(element) ? element : struct(element as Fields) }
}

export function struct<const F extends Fields, const O extends Options<never> = Record<never, never>>(
  fields: F,
  options?: O,
): Field<Decoded<F> | Null<O>, Encodable<F> | Null<O>, IsOptional<O>> {
  return { ...field('struct', undefined, options), fields }
}

export function inRange(version: number, range: VersionRange | undefined): boolean {
  return range !== undefined && version >= range.first && version <= range.last
}

type Null<O> = O extends { readonly nullable: Versions } ? null : never
type IsOptional<O> = O extends { readonly default: unknown } | { readonly tag: number } ? true : false
type Out<E> = E extends Field<infer T, unknown, unknown> ? T : E extends Fields ? Decoded<E> : never
type In<E> = E extends Field<unknown, infer T, unknown> ? T : E extends Fields ? Encodable<E> : never

function scalar<T, W = T>(type: TypeName, zero: T) {
  return <const O extends Options<T> = Record<never, never>>(
    options?: O,
  ): Field<T | Null<O>, W | Null<O>, IsOptional<O>> => field(type, zero, options)
}

function field(type: TypeName, zero: unknown, options: Options<unknown> = {}): Field<never, never, never> {
  const { versions = '0+', nullable, tag, classic = false } = options
  return {
    type,
    versions: versionRange(versions),
    nullable: nullable === undefined ? undefined : versionRange(nullable),
    tag,
    default: options.default === undefined ? zero : options.default,
    classic,
  }
}

function isField(element: Field | Fields): element is Field {
  return typeof element.type === 'string'
}

function versionRange(versions: Versions): VersionRange {
  const [first, last] = versions.endsWith('+') ? [versions.slice(0, -1), 'Infinity'] : versions.split('-')
  return { first: Number(first), last: Number(last ?? first) }
}
