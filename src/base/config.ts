// Every setting in ONE table: Kafka's names where Kafka has one, `varve.*` for ours. The README's table is generated from
// here (scripts in package.json: `npm run readme`), the command reads it, the engine gets numbers out of it.
//   scope 'topic': may be set per topic; `broker` names the broker-wide setting that gives its default (Kafka's synonym)
//   scope 'broker': one value for the whole directory or server
// A value that does not parse or is out of bounds is refused with INVALID_CONFIG before anything happens.

import { KafkaError } from './errors.ts'

export type SettingType = 'int' | 'long' | 'boolean' | 'string' | 'enum'

export interface Setting {
  readonly scope: 'topic' | 'broker'
  readonly type: SettingType
  readonly default: string
  readonly min?: number
  readonly max?: number
  readonly values?: readonly string[]
  /** topic settings: the broker-wide name */
  readonly broker?: string
  /** A comma separates the parts of a value: parts can be added and taken out. */
  readonly isList?: true
  /** broker settings: may change while the broker runs. Topic settings and their broker-wide defaults always may. */
  readonly atRuntime?: true
  readonly doc: string
}

const int32Max = 2 ** 31 - 1
const hour = 3_600_000
const day = 24 * hour

/** Java's Long.MAX_VALUE as a setting: "never". As a number it is beyond 2^53, which is all that matters. */
const forever = '9223372036854775807'

export const settings = {
  'cleanup.policy': {
    scope: 'topic',
    type: 'enum',
    values: ['delete', 'compact', 'compact,delete', 'delete,compact'],
    isList: true,
    default: 'delete',
    broker: 'log.cleanup.policy',
    doc: 'What happens to old segments. "compact" keeps the latest record of each key; compaction itself is not there yet, so such a topic keeps everything.',
  },
  'compression.gzip.level': {
    scope: 'topic',
    type: 'int',
    min: -1,
    max: 9,
    default: '-1',
    broker: 'compression.gzip.level',
    doc: "With compression.type=gzip: 1 (fast) to 9 (small), or -1 for gzip's own choice.",
  },
  'compression.type': {
    scope: 'topic',
    type: 'enum',
    values: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'producer',
    broker: 'compression.type',
    doc: 'producer: batches are stored as the producer compressed them. Any other: batches that come otherwise are compressed again, on the thread that serves everybody.',
  },
  'compression.zstd.level': {
    scope: 'topic',
    type: 'int',
    min: -131_072,
    max: 22,
    default: '3',
    broker: 'compression.zstd.level',
    doc: 'With compression.type=zstd: up to 22 (small); the lower the faster.',
  },
  'file.delete.delay.ms': {
    scope: 'topic',
    type: 'long',
    min: 0,
    default: '60000',
    broker: 'log.segment.delete.delay.ms',
    doc: 'How long a segment that retention took out stays on disk as .deleted.',
  },
  'flush.ms': {
    scope: 'topic',
    type: 'long',
    min: 1,
    default: '1000',
    broker: 'log.flush.interval.ms',
    doc: 'With varve.durability=interval: the longest time between two syncs of a partition, in ms; what a power cut may take.',
  },
  'index.interval.bytes': {
    scope: 'topic',
    type: 'int',
    min: 0,
    default: '4096',
    broker: 'log.index.interval.bytes',
    doc: 'An index entry is added once more than this many bytes have been appended since the last one.',
  },
  'max.message.bytes': {
    scope: 'topic',
    type: 'int',
    min: 0,
    default: '1048588',
    broker: 'message.max.bytes',
    doc: 'Largest record batch as sent (compressed, with its header).',
  },
  'message.timestamp.after.max.ms': {
    scope: 'topic',
    type: 'long',
    min: 0,
    default: String(hour),
    broker: 'log.message.timestamp.after.max.ms',
    doc: "With CreateTime: a batch with a record later than the broker's clock by more than this is refused.",
  },
  'message.timestamp.before.max.ms': {
    scope: 'topic',
    type: 'long',
    min: 0,
    default: forever,
    broker: 'log.message.timestamp.before.max.ms',
    doc: "With CreateTime: a batch with a record earlier than the broker's clock by more than this is refused. Any value but the default makes every batch be read through.",
  },
  'message.timestamp.type': {
    scope: 'topic',
    type: 'enum',
    values: ['CreateTime', 'LogAppendTime'],
    default: 'CreateTime',
    broker: 'log.message.timestamp.type',
    doc: "Whose clock a record carries: the producer's or the broker's.",
  },
  'min.insync.replicas': {
    scope: 'topic',
    type: 'int',
    min: 1,
    default: '1',
    broker: 'min.insync.replicas',
    doc: 'Varve is one node: 1 is all there is; with more, acks=all is refused with NOT_ENOUGH_REPLICAS.',
  },
  'retention.bytes': {
    scope: 'topic',
    type: 'long',
    min: -1,
    default: '-1',
    broker: 'log.retention.bytes',
    doc: 'Oldest segments go while the partition stays at least this large without them; -1: no limit.',
  },
  'retention.ms': {
    scope: 'topic',
    type: 'long',
    min: -1,
    default: String(7 * day),
    broker: 'log.retention.ms',
    doc: 'A segment goes when its newest record is older than this; -1: never.',
  },
  'segment.bytes': {
    scope: 'topic',
    type: 'int',
    min: 1024,
    max: int32Max,
    default: String(1 << 30),
    broker: 'log.segment.bytes',
    doc: 'A segment that would grow beyond this is closed and a new one begun.',
  },
  'segment.index.bytes': {
    scope: 'topic',
    type: 'int',
    min: 48,
    default: String(10 << 20),
    broker: 'log.index.size.max.bytes',
    doc: 'Largest index file of a segment; a full index closes the segment.',
  },
  'segment.ms': {
    scope: 'topic',
    type: 'long',
    min: 1,
    default: String(7 * day),
    broker: 'log.roll.ms',
    doc: 'A segment older than this is closed even if it is not full, so that retention can take it.',
  },
  'varve.durability': {
    scope: 'topic',
    type: 'enum',
    values: ['fsync', 'interval', 'os'],
    default: 'fsync',
    broker: 'varve.log.durability',
    doc: 'What an acknowledgement means. fsync: it survives a power cut. interval: synced every flush.ms. os: whenever the system writes it.',
  },

  'auto.create.topics.enable': {
    scope: 'broker',
    type: 'boolean',
    default: 'true',
    atRuntime: true,
    doc: 'A Metadata request for a topic that is not there creates it.',
  },
  'num.partitions': {
    scope: 'broker',
    type: 'int',
    min: 1,
    max: 100_000,
    default: '1',
    atRuntime: true,
    doc: 'Partitions of a topic that is created without a number.',
  },
  'log.retention.check.interval.ms': {
    scope: 'broker',
    type: 'long',
    min: 1,
    default: '300000',
    doc: 'How often retention looks for segments to forget.',
  },
  'producer.id.expiration.ms': {
    scope: 'broker',
    type: 'long',
    min: 1,
    default: String(day),
    atRuntime: true,
    doc: 'A producer that has not written to a partition for this long is forgotten there.',
  },
  'socket.request.max.bytes': {
    scope: 'broker',
    type: 'int',
    min: 1024,
    max: int32Max,
    default: String(100 << 20),
    doc: 'Largest request frame; the connection of a larger one is closed from its four length bytes.',
  },
  'connections.max.idle.ms': {
    scope: 'broker',
    type: 'long',
    min: -1,
    default: '600000',
    atRuntime: true,
    doc: 'A connection without a request for this long is closed.',
  },
  'max.connections': {
    scope: 'broker',
    type: 'int',
    min: 1,
    default: '10000',
    atRuntime: true,
    doc: 'Connections at once; one more is closed at once.',
  },
  'fetch.max.bytes': {
    scope: 'broker',
    type: 'int',
    min: 1024,
    default: String(55 << 20),
    atRuntime: true,
    doc: 'Most bytes one fetch returns, whatever the client asks for (the first batch is always whole).',
  },
  'max.incremental.fetch.session.cache.slots': {
    scope: 'broker',
    type: 'int',
    min: 0,
    max: 1_000_000,
    default: '1000',
    doc: 'Fetch sessions kept at once; a client without one names all its partitions in every fetch.',
  },
  'varve.memory.connection.bytes': {
    scope: 'broker',
    type: 'int',
    min: 65_536,
    default: String(8 << 20),
    doc: 'Requests and answers in flight on one connection; beyond it the socket is not read.',
  },
  'varve.memory.total.bytes': {
    scope: 'broker',
    type: 'int',
    min: 1 << 20,
    default: String(48 << 20),
    doc: 'The same for all connections together.',
  },
  'varve.memory.tail.bytes': {
    scope: 'broker',
    type: 'int',
    min: 0,
    default: String(8 << 20),
    doc: 'Newest batches of all partitions kept in memory for consumers that keep up.',
  },
  'varve.journal.bytes': {
    scope: 'broker',
    type: 'long',
    min: 1 << 20,
    max: 2 ** 34,
    default: String(64 << 20),
    doc: 'Size at which the commit journal starts. A batch above a quarter of it is refused.',
  },
  'varve.journal.bytes.max': {
    scope: 'broker',
    type: 'long',
    min: 1 << 20,
    max: 2 ** 34,
    default: String(256 << 20),
    doc: 'Size up to which the commit journal grows under load.',
  },
  'varve.journal.direct.bytes': {
    scope: 'broker',
    type: 'int',
    min: 1,
    default: String(256 << 10),
    doc: 'Batches from this size on are synced in their segment (once a checkpoint has seen it), and the commit journal carries their checksum only.',
  },
  'varve.checkpoint.interval.ms': {
    scope: 'broker',
    type: 'long',
    min: 10,
    default: '30000',
    doc: 'A checkpoint is taken at least this often while something was appended.',
  },
  'varve.disk.reserve.bytes': {
    scope: 'broker',
    type: 'long',
    min: 0,
    default: String(256 << 20),
    doc: 'With less free disk than this, appends are refused until there is room again.',
  },
  'varve.partitions.max': {
    scope: 'broker',
    type: 'int',
    min: 1,
    default: '100000',
    atRuntime: true,
    doc: 'Partitions of all topics together; a topic that would need more is refused.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings
export type TopicSettingName = {
  [N in SettingName]: (typeof settings)[N]['scope'] extends 'topic' ? N : never
}[SettingName]
export type BrokerSettingName = Exclude<SettingName, TopicSettingName>

export const settingNames = Object.keys(settings) as SettingName[]
export const topicSettingNames = settingNames.filter(name => settings[name].scope === 'topic') as TopicSettingName[]

export function isTopicSetting(name: string): name is TopicSettingName {
  return Object.hasOwn(settings, name) && settings[name as SettingName].scope === 'topic'
}

/**
 * Throws INVALID_CONFIG, with the name as its user wrote it, if `value` is not one that the setting takes. Returns it as it
 * is stored: a trimmed string.
 */
export function checkSetting(name: SettingName, value: string, written: string = name): string {
  const setting: Setting = settings[name]
  const text = String(value).trim()
  const refuse = (why: string): never => {
    throw new KafkaError('INVALID_CONFIG', { message: `${written} ${why}`, value: text })
  }
  if (setting.type === 'boolean' && text !== 'true' && text !== 'false') refuse('is true or false')
  if (setting.type === 'enum' && !setting.values?.includes(text)) refuse(`is one of ${setting.values?.join(', ')}`)
  if (setting.type === 'int' || setting.type === 'long') {
    if (!/^-?\d{1,19}$/.test(text)) refuse('is a whole number')
    if (Number(text) < (setting.min ?? -Infinity)) refuse(`is at least ${setting.min}`)
    if (Number(text) > (setting.max ?? (setting.type === 'int' ? int32Max : Number(forever))))
      refuse(`is at most ${setting.max ?? int32Max}`)
  }
  return text
}

/**
 * Who set a value: the topic's own; the broker's, changed at run time for this node or for all; the broker's settings as it
 * was started; or nobody.
 */
export type SettingSource = 'topic' | 'runtime' | 'runtime-default' | 'broker' | 'default'

/** Values by name, with the table's defaults below them: topic overrides over broker settings over the table. */
export class Settings {
  #values: ReadonlyMap<string, string>
  readonly #below: Settings | undefined
  readonly #source: SettingSource

  /** `source`: whose values these are; a topic's if there is something below. */
  constructor(
    values: Iterable<readonly [string, string]> = [],
    below?: Settings,
    source: SettingSource = below === undefined ? 'broker' : 'topic',
  ) {
    this.#values = checkAll(values)
    this.#below = below
    this.#source = source
  }

  /** What was set here, without what lies below. */
  overrides(): ReadonlyMap<string, string> {
    return this.#values
  }

  /** Other values in this place, seen at once by all that lie above. Throws INVALID_CONFIG with nothing changed. */
  replace(values: Iterable<readonly [string, string]>): void {
    this.#values = checkAll(values)
  }

  string(name: SettingName): string {
    return this.#values.get(name) ?? this.#below?.string(name) ?? settings[name].default
  }

  /** -1 stays -1; Kafka's "forever" becomes a number beyond 2^53, which compares as it should. */
  number(name: SettingName): number {
    return Number(this.string(name))
  }

  boolean(name: SettingName): boolean {
    return this.string(name) === 'true'
  }

  /** Every value that was set for it, the one in force first; the table's default is last. */
  valuesOf(name: SettingName): { source: SettingSource; value: string }[] {
    const below = this.#below?.valuesOf(name) ?? [{ source: 'default' as const, value: settings[name].default }]
    const own = this.#values.get(name)
    return own === undefined ? below : [{ source: this.#source, value: own }, ...below]
  }
}

/** The table's name for a broker-wide one: log.retention.ms → retention.ms. Undefined: there is no such setting. */
export function settingOfBrokerName(name: string): SettingName | undefined {
  const topic = topicSettingNames.find(each => settings[each].broker === name)
  if (topic !== undefined) return topic
  return Object.hasOwn(settings, name) && settings[name as SettingName].scope === 'broker'
    ? (name as SettingName)
    : undefined
}

/** The other way around. */
export function brokerNameOf(name: SettingName): string {
  const setting: Setting = settings[name]
  return setting.broker ?? name
}

function checkAll(values: Iterable<readonly [string, string]>): Map<string, string> {
  const checked = new Map<string, string>()
  for (const [name, value] of values) {
    const known = Object.hasOwn(settings, name) ? (name as SettingName) : settingOfBrokerName(name)
    if (known === undefined) throw new KafkaError('INVALID_CONFIG', { message: `there is no setting "${name}"` })
    checked.set(known, checkSetting(known, value, name))
  }
  return checked
}
