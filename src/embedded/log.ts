// An open log: the library's way into a data directory. Made by open.ts.
//   1  close() ends in order: no new appends, what was accepted becomes durable, listeners go, the directory closes
//   2  every error is a KafkaError: `code`, `kafkaCode`, `retriable`

import { KafkaError } from '../base/errors.ts'
import { checkListenAddress, parseListenAddress } from '../base/listen-address.ts'
import type { Broker, Health, TopicDescription } from '../broker/types.ts'
import { Appender } from './appender.ts'
import { bytes, type Serde } from './serdes.ts'
import { Topic } from './topic.ts'
import type { Listening, ListenOptions, TopicConfig, TopicOptions } from './types.ts'

export class Log {
  readonly #broker: Broker
  readonly #appender: Appender
  readonly #listeners = new Set<Listening>()
  #closing: Promise<void> | undefined

  /** By open() only. */
  constructor(broker: Broker, options: { bufferBytesMax: number; whenFull: 'wait' | 'error' }) {
    this.#broker = broker
    this.#appender = new Appender(broker, options)
  }

  /** 22 characters, chosen when the directory was made. */
  get clusterId(): string {
    return this.#broker.clusterId
  }

  /**
   * A topic, typed by its serdes; made if it is not there.
   * Errors: INVALID_PARTITIONS (it has another number), INVALID_TOPIC_EXCEPTION (bad or internal name, or it collides),
   * INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION (with `create: false`), INVALID_ARGUMENT (a serde that is none).
   */
  async topic<K = Uint8Array, V = Uint8Array>(name: string, options: TopicOptions<K, V> = {}): Promise<Topic<K, V>> {
    if (typeof name !== 'string')
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', { message: 'a topic has a name', topic: name })
    checkSerde('key', options.key)
    checkSerde('value', options.value)
    const description = (await this.#find(name)) ?? (await this.#create(name, options))
    const { partitions, compression = 'none' } = options
    if (partitions !== undefined && partitions !== description.partitions.length)
      throw new KafkaError('INVALID_PARTITIONS', {
        message: `topic "${name}" has ${description.partitions.length} partitions, not ${partitions}`,
      })
    // Without a serde, K and V are what `bytes` reads and writes.
    const key = options.key ?? (bytes as unknown as NonNullable<typeof options.key>)
    const value = options.value ?? (bytes as unknown as NonNullable<typeof options.value>)
    return new Topic({ broker: this.#broker, appender: this.#appender, description, key, value, compression })
  }

  /** All topics, in the order of their names. */
  topics(): Promise<TopicDescription[]> {
    return this.#broker.listTopics()
  }

  /** Partitions, offsets, sizes and settings. Errors: UNKNOWN_TOPIC_OR_PARTITION. */
  async describe(name: string): Promise<TopicDescription> {
    const [{ error, description }] = await this.#broker.describeTopics([{ topic: name }])
    if (description === undefined) throw error
    return description
  }

  /** With all its records. Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (internal). */
  async deleteTopic(name: string): Promise<void> {
    const [{ error }] = await this.#broker.deleteTopics([{ topic: name }])
    if (error !== undefined) throw error
  }

  /** Sets a topic's own settings; null takes one back to its default. Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG. */
  alterTopic(name: string, config: { readonly [name in keyof TopicConfig]?: TopicConfig[name] | null }): Promise<void> {
    const changes = Object.entries(config).map(([setting, value]): [string, string | null] => [
      setting,
      value === null ? null : String(value),
    ])
    return this.#broker.alterTopic({ topic: name }, new Map(changes))
  }

  /** What failed, what is degraded: nothing, one hopes. */
  health(): Health {
    return this.#broker.health()
  }

  /**
   * Serves the same data to Kafka clients. Errors: INSECURE_LISTENER (an address that others can reach, without `insecure`),
   * INVALID_ARGUMENT, and what the system says (EADDRINUSE…).
   */
  async listen({ kafka, insecure = false, advertised }: ListenOptions): Promise<Listening> {
    const address = parseListenAddress(kafka)
    checkListenAddress(address, { insecure })
    // Only now: who wants the library alone loads no server.
    const { listen } = await import('../server/index.ts')
    const { platform, settings, logger } = this.#broker
    if (this.#closing !== undefined) throw new KafkaError('LOG_CLOSED', { message: 'the log is closed' })
    const server = await listen({ broker: this.#broker, platform, settings, logger, address, advertised })
    const listening: Listening = {
      kafka: server.address,
      close: async () => {
        this.#listeners.delete(listening)
        await server.close()
      },
    }
    this.#listeners.add(listening)
    return listening
  }

  /** Resolves when everything that was accepted is durable and the directory is free for others. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#appender.close()
    await Promise.all([...this.#listeners].map(listening => listening.close()))
    await this.#broker.close()
  }

  async #find(name: string): Promise<TopicDescription | undefined> {
    const [{ error, description }] = await this.#broker.describeTopics([{ topic: name }])
    if (error !== undefined && error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
    return description
  }

  async #create<K, V>(name: string, options: TopicOptions<K, V>): Promise<TopicDescription> {
    if (options.create === false) return this.describe(name)
    const settings = Object.entries(options.config ?? {}).map(([setting, value]) => [setting, String(value)] as const)
    const { partitions = -1 } = options
    const [{ error }] = await this.#broker.createTopics([{ topic: name, partitions, replicationFactor: -1, settings }])
    // Someone else was first: then it is there.
    if (error !== undefined && error.code !== 'TOPIC_ALREADY_EXISTS') throw error
    return this.describe(name)
  }
}

/** `json` for `json()` is told at once, not at the first record. */
function checkSerde(part: string, serde: Partial<Serde<unknown>> | undefined): void {
  if (serde === undefined) return
  if (typeof serde?.encode !== 'function' || typeof serde.decode !== 'function')
    throw new KafkaError('INVALID_ARGUMENT', {
      message: `the ${part} serde is text, json(), msgpack(), bytes, or has encode and decode`,
    })
}
