// What a topic's settings ask of a batch before it is appended: times within bounds, and a codec.
//   1  a topic with the defaults costs one comparison; nothing is decoded
//   2  a batch that is damaged passes: the log refuses it, with its own word
// Called by produce.ts and topics.ts, and by those who change settings (checkPossible).

import { type SettingName, Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import {
  batchHeaderBytes,
  codecNames,
  codecOf,
  compress,
  maxTimestampOf,
  RecordCursor,
  recompress,
  verifyBatch,
} from '../records/index.ts'

export interface Intake {
  /** Undefined: the producer's. */
  readonly codec: number | undefined
  /** Of gzip and zstd. */
  readonly level: number | undefined
  /** Infinity: whatever the record says. */
  readonly beforeMaxMs: number
  readonly afterMaxMs: number
}

/** By compression.type. */
const levelSettings = new Map<string, SettingName>([
  ['gzip', 'compression.gzip.level'],
  ['zstd', 'compression.zstd.level'],
])

/** Settings as numbers: they are looked at on every produce. */
export function intakeOf(settings: Settings): Intake {
  const type = settings.string('compression.type')
  const isCreateTime = settings.string('message.timestamp.type') === 'CreateTime'
  const bound = (ms: number): number => (isCreateTime && ms < Number.MAX_SAFE_INTEGER ? ms : Infinity)
  const levelSetting = levelSettings.get(type)
  return {
    level: levelSetting === undefined ? undefined : settings.number(levelSetting),
    codec: type === 'producer' ? undefined : Math.max(0, codecNames.indexOf(type as (typeof codecNames)[number])),
    beforeMaxMs: bound(settings.number('message.timestamp.before.max.ms')),
    afterMaxMs: bound(settings.number('message.timestamp.after.max.ms')),
  }
}

/**
 * A value that can be carried out; INVALID_CONFIG for a codec that cannot be written on this machine (zstd without its module),
 * and, as in Kafka, for gzip's level 0.
 */
export function checkPossible(name: SettingName, value: string): string {
  if (name === 'compression.gzip.level' && Number(value) === 0)
    throw new KafkaError('INVALID_CONFIG', { message: `${name} is -1 (gzip's own choice) or 1 to 9` })
  if (name !== 'compression.type') return value
  try {
    const { codec } = intakeOf(new Settings([[name, value]]))
    if (codec !== undefined) compress(codec, Buffer.alloc(1))
    return value
  } catch (cause) {
    throw new KafkaError('INVALID_CONFIG', { message: `${value} cannot be written on this machine`, cause })
  }
}

/**
 * The batch to append: `batch` itself, or another one with its records. Errors: INVALID_TIMESTAMP (details.records: which, by
 * their place in the batch), CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE.
 */
export function admit(batch: Buffer, { codec, level, beforeMaxMs, afterMaxMs }: Intake, nowMs: number): Buffer {
  if (batch.length < batchHeaderBytes) return batch
  const isOfOtherCodec = codec !== undefined && codecOf(batch) !== codec
  const isTimeDoubtful = beforeMaxMs !== Infinity || maxTimestampOf(batch) > nowMs + afterMaxMs
  if (!isOfOtherCodec && !isTimeDoubtful) return batch
  if (verifyBatch(batch, 0, batch.length) !== 'ok') return batch
  if (isTimeDoubtful) checkTimes(batch, { earliestMs: nowMs - beforeMaxMs, latestMs: nowMs + afterMaxMs })
  return isOfOtherCodec ? recompress(batch, codec, level) : batch
}

/** Of those that are to blame, the first ones. */
const recordsTold = 100

function checkTimes(batch: Buffer, { earliestMs, latestMs }: { earliestMs: number; latestMs: number }): void {
  const cursor = new RecordCursor(batch)
  const records: number[] = []
  for (let place = 0; cursor.next(); place++) {
    const { timestamp } = cursor
    // -1: the producer gave none.
    if (timestamp > latestMs || (timestamp >= 0 && timestamp < earliestMs)) records.push(place)
    if (records.length === recordsTold) break
  }
  if (records.length === 0) return
  throw new KafkaError('INVALID_TIMESTAMP', {
    message: 'records are too far from the clock of the broker (message.timestamp.before.max.ms, after.max.ms)',
    records,
  })
}
