// The broker: one engine over one data directory, for all faces. This file only ties the parts together and refuses work
// once it is closed; each part is a file of its own. Made by serve-directory.ts.

import type { RecoveryReport } from '../log/types.ts'
import type { StandingFetch } from './admin-types.ts'
import { deleteRecords } from './delete-records.ts'
import { describeTopics, health, listTopics } from './describe.ts'
import type { Engine } from './engine.ts'
import { offsetForLeaderEpoch } from './epochs.ts'
import { fetch } from './fetch.ts'
import { diskSpace, producersOf } from './log-facts.ts'
import { listOffset } from './offsets.ts'
import { createPartitions } from './partition-admin.ts'
import { produce } from './produce.ts'
import type { ProducerIds } from './producer-ids.ts'
import { Retention } from './retention.ts'
import { alterBroker, alterTopic, describeBrokerSettings, describeTopicSettings } from './setting-admin.ts'
import { EngineStandingFetch } from './standing-fetch.ts'
import { createTopics, deleteTopics } from './topic-admin.ts'
import { brokerClosed } from './trouble.ts'
import type { Broker } from './types.ts'

const nodeId = 1

export function createBroker(parts: { engine: Engine; recovery: RecoveryReport; producerIds: ProducerIds }): Broker {
  const { engine, recovery, producerIds } = parts
  const retention = new Retention(engine)
  const work = new Work()
  let closing: Promise<void> | undefined

  /** Refused when closed, and waited for by close(). */
  const doing = async <T>(begin: () => Promise<T> | T): Promise<T> => {
    if (engine.closed) throw brokerClosed()
    return work.track(begin)
  }

  const close = async () => {
    engine.closed = true
    engine.waiters.endAll()
    await Promise.all([retention.stop(), work.done()])
    await engine.directory.close()
  }

  retention.start()
  return {
    clusterId: engine.directory.clusterId,
    nodeId,
    platform: engine.platform,
    settings: engine.settings,
    logger: engine.logger,
    metrics: engine.metrics,
    recovery,
    // Not tracked: its appends are in the journal when it returns, and closing the directory drains the journal.
    produce: request => produce(engine, request),
    fetch: request => doing(() => fetch(engine, request)),
    listOffsets: queries => doing(() => Promise.all(queries.map(query => listOffset(engine, query)))),
    offsetsForLeaderEpoch: queries => doing(() => queries.map(query => offsetForLeaderEpoch(engine, query))),
    createTopics: (topics, options) => doing(() => createTopics(engine, topics, options)),
    deleteTopics: topics => doing(() => deleteTopics(engine, topics)),
    listTopics: () => doing(() => listTopics(engine)),
    describeTopics: (topics, options) => doing(() => describeTopics(engine, topics, options)),
    alterTopic: (topic, changes, options) => doing(() => alterTopic(engine, topic, changes, options)),
    createPartitions: (requests, options) => doing(() => createPartitions(engine, requests, options)),
    deleteRecords: requests => doing(() => deleteRecords(engine, requests)),
    describeTopicSettings: topic => doing(() => describeTopicSettings(engine, topic)),
    describeBrokerSettings: scope => describeBrokerSettings(engine, scope),
    alterBroker: (scope, changes, options) => doing(() => alterBroker(engine, scope, changes, options)),
    describeProducers: partitions => doing(() => partitions.map(partition => producersOf(engine, partition))),
    diskSpace: () => diskSpace(engine),
    openStandingFetch: () => openStandingFetch(engine, doing),
    initProducerId: () => doing(() => producerIds.take()),
    health: () => health(engine),
    retain: () => doing(() => retention.run()),
    close: () => (closing ??= close()),
  }
}

/** Its polls are work like any other. */
function openStandingFetch(engine: Engine, doing: <T>(begin: () => Promise<T>) => Promise<T>): StandingFetch {
  const standing = new EngineStandingFetch(engine)
  return {
    get size() {
      return standing.size
    },
    put: partition => standing.put(partition),
    remove: partition => standing.remove(partition),
    poll: request => doing(() => standing.poll(request)),
    close: () => standing.close(),
  }
}

/** Counts what is under way, so that close() can wait for it. */
class Work {
  #running = 0
  #idle: (() => void) | undefined

  async track<T>(begin: () => Promise<T> | T): Promise<T> {
    this.#running++
    try {
      return await begin()
    } finally {
      if (--this.#running === 0) this.#idle?.()
    }
  }

  done(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#idle = resolve
    })
  }
}
