// The registry's records as bytes: one MessagePack map each, with a version. Keys are there for a later compaction.
//   {v: 1, type: 'topic-created',  id, name, partitions, settings: [[name, value]…]}   key 'topic:<id>'
//   {v: 1, type: 'topic-settings', id, settings: [[name, value]…]}                     key 'settings:<id>'
//   {v: 1, type: 'topic-partitions', id, partitions}   more of them than before        key 'partitions:<id>'
//   {v: 1, type: 'topic-deleted',  id}                                                 key 'topic:<id>'
//   {v: 1, type: 'broker-settings', scope: 'node' | 'all', settings: [[name, value]…]} key 'broker-settings:<scope>'
//   {v: 1, type: 'producer-ids',   next}     ids below `next` are spoken for           key 'producer-ids'
// A newer version is NEWER_FORMAT, anything else that does not read is DIRECTORY_CORRUPT: never skipped.
// Called by registry.ts.

import { Packr } from 'msgpackr'
import { KafkaError } from '../base/errors.ts'

export type SettingPairs = (readonly [name: string, value: string])[]

export type RegistryRecord =
  | { readonly type: 'topic-created'; id: string; name: string; partitions: number; settings: SettingPairs }
  | { readonly type: 'topic-settings'; id: string; settings: SettingPairs }
  | { readonly type: 'topic-partitions'; id: string; partitions: number }
  | { readonly type: 'topic-deleted'; id: string }
  | { readonly type: 'broker-settings'; scope: 'node' | 'all'; settings: SettingPairs }
  | { readonly type: 'producer-ids'; next: number }

export const registryVersion = 1

export function encodeRegistryRecord(record: RegistryRecord): { key: Buffer; value: Buffer } {
  return { key: Buffer.from(keyOf(record)), value: Buffer.from(packr().pack({ v: registryVersion, ...record })) }
}

export function decodeRegistryRecord(value: Uint8Array | null): RegistryRecord {
  const record = unpack(value)
  if (typeof record !== 'object' || record === null || !Number.isInteger(record.v)) throw corrupt('is not a map')
  if ((record.v as number) > registryVersion)
    throw new KafkaError('NEWER_FORMAT', {
      message: 'the registry of topics was written by a newer version of varve',
      version: record.v,
    })
  const check = shapes.get(record.type as string)
  if (check === undefined || !check(record)) throw corrupt(`is not a ${String(record.type)}`)
  return record as unknown as RegistryRecord
}

type Fields = Record<string, unknown>

const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isPairs = (value: unknown): boolean =>
  Array.isArray(value) && value.every(pair => Array.isArray(pair) && isText(pair[0]) && isText(pair[1]))

const shapes = new Map<string, (record: Fields) => boolean>([
  ['topic-created', r => isText(r.id) && isText(r.name) && isCount(r.partitions) && isPairs(r.settings)],
  ['topic-settings', r => isText(r.id) && isPairs(r.settings)],
  ['topic-partitions', r => isText(r.id) && isCount(r.partitions)],
  ['topic-deleted', r => isText(r.id)],
  ['broker-settings', r => (r.scope === 'node' || r.scope === 'all') && isPairs(r.settings)],
  ['producer-ids', r => isCount(r.next)],
])

function keyOf(record: RegistryRecord): string {
  switch (record.type) {
    case 'producer-ids':
      return record.type
    case 'broker-settings':
      return `${record.type}:${record.scope}`
    case 'topic-settings':
      return `settings:${record.id}`
    case 'topic-partitions':
      return `partitions:${record.id}`
    default:
      return `topic:${record.id}`
  }
}

// Made per call: registry records are rare, and a shared packer would be module state.
const packr = () => new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

function unpack(value: Uint8Array | null): Fields | null {
  if (value === null) throw corrupt('has no value')
  try {
    return packr().unpack(value as Buffer) as Fields | null
  } catch (cause) {
    throw corrupt('does not read', cause)
  }
}

function corrupt(problem: string, cause?: unknown): KafkaError {
  return new KafkaError('DIRECTORY_CORRUPT', { message: `a record of the registry of topics ${problem}`, cause })
}
