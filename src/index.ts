// The public surface of the package: `import { open, json, text } from 'varve'`. Re-exports only.

export type { SettingName, TopicSettingName } from './base/config.ts'
export { DiskError, type ErrorName, KafkaError } from './base/errors.ts'
export type { Logger } from './base/logger.ts'
export type { Health, PartitionDescription, SettingValue, TopicDescription } from './broker/types.ts'
export type { Log } from './embedded/log.ts'
export { open } from './embedded/open.ts'
export { bytes, json, msgpack, type Serde, text } from './embedded/serdes.ts'
export type { Topic } from './embedded/topic.ts'
export type {
  Ack,
  AppendOptions,
  Headers,
  Instant,
  Listening,
  ListenOptions,
  LogRecord,
  NewRecord,
  OffsetSpec,
  OpenOptions,
  Reader,
  ReadOptions,
  RecordBatch,
  TopicConfig,
  TopicOptions,
} from './embedded/types.ts'
export type { Durability } from './log/types.ts'
export type { Platform } from './platform/platform.ts'
export type { CodecName } from './records/index.ts'
