// The topics and partitions that exist now, in memory: what the registry's records add up to.
//   1  a topic is here from the moment its record was enqueued; `registering` is set until that record is durable
//   2  names live in Maps ('__proto__' is a topic name like any other); a partition's number is its index
//   3  every partition's waiters are fetches that want more of it: see waiters.ts
// Changed by topic-admin.ts only; read by produce.ts, fetch.ts, offsets.ts, describe.ts.

import type { Settings } from '../base/config.ts'
import { KafkaError } from '../base/errors.ts'
import { createTopicCounters, type TopicCounters } from '../base/metrics.ts'
import { isInternalTopic, topicCollisionKey } from '../base/names.ts'
import type { PartitionLog } from '../log/types.ts'
import { type Intake, intakeOf } from './intake.ts'
import { unknownTopic } from './trouble.ts'
import type { TopicRef } from './types.ts'
import type { Subscription, Wakeup } from './waiters.ts'

export class Partition {
  readonly topic: Topic
  readonly log: PartitionLog
  readonly waiters = new Set<Subscription>()
  /** The newest group of appends that has yet to become durable: waiters.ts. */
  wakeup: Wakeup | undefined
  /** Set until the record that added it to its topic is durable; stays set (and rejects) if it never was. */
  adding: Promise<void> | undefined

  constructor(topic: Topic, log: PartitionLog) {
    this.topic = topic
    this.log = log
  }

  /** What must be durable before anything about this partition may be told: its own record, or its topic's. */
  get registering(): Promise<void> | undefined {
    return this.adding ?? this.topic.registering
  }
}

export class Topic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  readonly partitions: Partition[] = []
  readonly counters: TopicCounters = createTopicCounters()
  /** Set until the record that created the topic is durable; stays set (and rejects) if it never was. */
  registering: Promise<void> | undefined
  /** Its partitions answer no one any more. */
  isDeleted = false
  /** A switch to fsync is under way and not recorded yet: setting-admin.ts. Never rejects. */
  switching: Promise<void> | undefined
  /** Changes of settings that have yet to become true on disk. */
  #configuring: Promise<void> | undefined
  #settings: Settings
  /** Read on every produce, so parsed once. */
  #replicasMin: number
  #intake: Intake

  constructor({ name, id, settings }: { name: string; id: string; settings: Settings }) {
    this.name = name
    this.id = id
    this.isInternal = isInternalTopic(name)
    this.#settings = settings
    this.#replicasMin = settings.number('min.insync.replicas')
    this.#intake = intakeOf(settings)
  }

  get settings(): Settings {
    return this.#settings
  }

  /**
   * At once, but for what its partitions do on disk (varve.durability): resolves when that is done. One change after the
   * other: a slow one must not come true after a later one.
   */
  configure(settings: Settings): Promise<void> {
    this.#settings = settings
    this.#replicasMin = settings.number('min.insync.replicas')
    this.#intake = intakeOf(settings)
    const run = async () => {
      await Promise.all(this.partitions.map(({ log }) => log.configure(settings)))
    }
    const before = this.#configuring
    const mine = before === undefined ? run() : before.then(run, run)
    this.#configuring = mine
    const settle = () => {
      if (this.#configuring === mine) this.#configuring = undefined
    }
    mine.then(settle, settle)
    return mine
  }

  get intake(): Intake {
    return this.#intake
  }

  get replicasMin(): number {
    return this.#replicasMin
  }
}

export class Topics {
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly #byCollisionKey = new Map<string, Topic>()
  #partitionCount = 0

  get partitionCount(): number {
    return this.#partitionCount
  }

  /** In the order of their names. */
  all(): Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(ref: TopicRef): Topic | undefined {
    return ref.topicId === undefined ? this.#byName.get(ref.topic as string) : this.#byId.get(ref.topicId)
  }

  /** The topic whose name differs from this one at most in '.' and '_'. */
  findColliding(name: string): Topic | undefined {
    return this.#byCollisionKey.get(topicCollisionKey(name))
  }

  /** Returned, not thrown: callers answer per partition. */
  findPartition(ref: TopicRef & { readonly partition: number }): Partition | KafkaError {
    const topic = this.find(ref)
    if (topic === undefined) return unknownTopic(ref)
    return (
      topic.partitions[ref.partition] ??
      new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', {
        message: 'there is no such partition',
        topic: topic.name,
        partition: ref.partition,
      })
    )
  }

  add(topic: Topic): void {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.id, topic)
    this.#byCollisionKey.set(topicCollisionKey(topic.name), topic)
    this.#partitionCount += topic.partitions.length
  }

  /** More partitions of a topic that is here. */
  grow(topic: Topic, partitions: readonly Partition[]): void {
    topic.partitions.push(...partitions)
    this.#partitionCount += partitions.length
  }

  remove(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    this.#byCollisionKey.delete(topicCollisionKey(topic.name))
    this.#partitionCount -= topic.partitions.length
  }
}
