// A topic of an open log, typed by its serdes: append, appendMany, read. Made by log.ts.

import { KafkaError } from '../base/errors.ts'
import type { Broker, TopicDescription } from '../broker/types.ts'
import { type CodecName, codecNames, compress } from '../records/index.ts'
import type { Appender, AppendTarget } from './appender.ts'
import { checkPartition, type EncodedRecords, encodeRecords, keyless } from './encode.ts'
import { MergedRead } from './merged-read.ts'
import { PartitionQueue } from './partition-queue.ts'
import { PartitionSource } from './partition-source.ts'
import { parseRange, resolveBounds } from './read-bounds.ts'
import { createReader } from './reader.ts'
import type { Serde } from './serdes.ts'
import type { Ack, AppendOptions, NewRecord, Reader, ReadOptions } from './types.ts'

/** What a batch of this process grows to, if the topic allows it. */
const batchBytesTarget = 1 << 20

export class Topic<K, V> {
  readonly name: string
  /** Tells a topic from another one of the same name that was deleted. */
  readonly id: string
  readonly partitions: number
  readonly #broker: Broker
  readonly #description: TopicDescription
  readonly #appender: Appender
  readonly #key: Serde<K>
  readonly #value: Serde<V>
  readonly #target: AppendTarget

  /** By log.topic() only. */
  constructor(options: {
    broker: Broker
    appender: Appender
    description: TopicDescription
    key: Serde<K>
    value: Serde<V>
    compression: CodecName
  }) {
    const { broker, appender, description, compression } = options
    this.#broker = broker
    this.#appender = appender
    this.#description = description
    this.#key = options.key
    this.#value = options.value
    this.name = description.topic
    this.id = description.topicId
    this.partitions = description.partitions.length
    this.#target = targetOf(appender, description, codecOf(compression))
  }

  /**
   * Resolves when the record is durable, as the topic promises (varve.durability).
   * Errors: INVALID_ARGUMENT, UNKNOWN_TOPIC_OR_PARTITION, OFFSET_CONFLICT, MESSAGE_TOO_LARGE, BUFFER_EXHAUSTED, LOG_CLOSED,
   * KAFKA_STORAGE_ERROR (the machine failed or the disk is full).
   */
  async append(record: NewRecord<K, V>, options: AppendOptions = {}): Promise<Ack> {
    const [ack] = await this.#append([record], options)
    return ack
  }

  /**
   * The same for many: they keep their order within each partition and share batches and syncs. Answers in the order of
   * `records`. When it rejects, records of other batches of this call may have been written all the same; with `expect`, none.
   */
  async appendMany(records: readonly NewRecord<K, V>[], options: AppendOptions = {}): Promise<Ack[]> {
    if (Array.isArray(records) && records.length === 0) return []
    return this.#append(records, options)
  }

  /** Records from any place in the log. Errors of the options (INVALID_ARGUMENT, UNKNOWN_TOPIC_OR_PARTITION) are thrown at once. */
  read(options: ReadOptions = {}): Reader<K, V> {
    const { partition, follow = false, limit = Number.POSITIVE_INFINITY, onBadRecord = 'throw' } = options
    if (partition !== undefined) checkPartition(this.#encoder, partition)
    if (!(limit >= 0)) throw new KafkaError('INVALID_ARGUMENT', { message: 'limit is a number of records', limit })
    const range = parseRange(options)
    const all = this.#description.partitions
    const chosen = partition === undefined ? all : [all[partition]]
    const decoder = { topic: this.name, key: this.#key, value: this.#value, onBadRecord }
    const [broker, topicId] = [this.#broker, this.id]
    return createReader(async signal => {
      const bounds = await resolveBounds(broker, topicId, chosen, { range, follow })
      const sources = bounds.map(each => new PartitionSource(decoder, each))
      return new MergedRead({ broker, topicId, sources, follow, limit, signal })
    }, options)
  }

  get #encoder() {
    return { topic: this.name, partitionCount: this.partitions, key: this.#key, value: this.#value }
  }

  #append(records: readonly NewRecord<K, V>[], options: AppendOptions): Promise<Ack[]> {
    const encoded = encodeRecords(this.#encoder, records, this.#broker.platform.clock.now())
    if (options.expect !== undefined) checkExpect(options.expect, encoded)
    return this.#appender.append(this.#target, encoded, options)
  }
}

function targetOf(appender: Appender, { topic, topicId, partitions, settings }: TopicDescription, codec: number) {
  const limit = (name: string) => Number(settings.find(setting => setting.name === name)?.value)
  const batchBytesMax = Math.min(batchBytesTarget, limit('max.message.bytes'), limit('segment.bytes'))
  const { takeBuilder } = appender
  const queues = partitions.map(
    ({ partition }) => new PartitionQueue({ topic, topicId, partition, batchBytesMax, codec, takeBuilder }),
  )
  return { queues, sticky: 0 }
}

/** Errors: INVALID_ARGUMENT, UNSUPPORTED_COMPRESSION_TYPE (known, but nothing here can write it). */
function codecOf(compression: CodecName): number {
  const codec = codecNames.indexOf(compression)
  if (codec < 0)
    throw new KafkaError('INVALID_ARGUMENT', { message: `compression is one of ${codecNames.join(', ')}`, compression })
  compress(codec, Buffer.alloc(1))
  return codec
}

function checkExpect({ offset }: { offset: number }, { partitions }: EncodedRecords): void {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new KafkaError('INVALID_ARGUMENT', { message: 'expect.offset is a whole number from 0 on', offset })
  if (partitions[0] === keyless || partitions.some(partition => partition !== partitions[0]))
    throw new KafkaError('INVALID_ARGUMENT', {
      message: '`expect` is about one partition: give `partition`, or keys that lead to the same one',
    })
}
