// Fetch sessions (KIP-227): a client names its partitions once, then only what changed; answers carry only what is new.
//   1  a session belongs to the broker, not to a connection: its id and the next epoch are all that a client needs
//   2  requests of a session come in the order of their epochs: 1, 2, … 2^31 - 1, 1; one out of order changes nothing
//   3  sessions and their partitions are bounded. A full cache gives up a session that was not used for two minutes, else a
//      smaller one that is as old; else the new client gets none and names everything in every fetch
// Used by handlers/01-fetch.ts; one per listener.

import { type ErrorName, KafkaError } from '../../base/errors.ts'
import type { StandingFetch } from '../../broker/admin-types.ts'
import type { FetchPartition, TopicRef } from '../../broker/types.ts'
import type { Clock, Random } from '../../platform/platform.ts'

/** Epochs that are not of a session's course. */
export const sessionEpochs = { final: -1, initial: 0 } as const

export interface FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly fetch: StandingFetch
  /** That the next request must have. */
  epoch: number
  readonly createdMs: number
  usedMs: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  readonly partitions: readonly FetchPartition[]
  readonly forgotten: readonly (TopicRef & { readonly partition: number })[]
}

const epochMax = 2 ** 31 - 1
/** Unused for this long, or as old as this and smaller than another: it may have to go. */
const evictableMs = 120_000
/** Of all sessions together: what they keep is about 300 bytes each. */
const partitionsMax = 200_000

export class FetchSessions {
  /** The one that was not used for longest comes first. */
  readonly #sessions = new Map<number, FetchSession>()
  readonly #open: () => StandingFetch
  readonly #clock: Clock
  readonly #random: Random
  readonly #slots: number
  /** Partitions of all sessions. */
  #partitions = 0

  constructor(options: { open: () => StandingFetch; clock: Clock; random: Random; slots: number }) {
    this.#open = options.open
    this.#clock = options.clock
    this.#random = options.random
    this.#slots = options.slots
  }

  get size(): number {
    return this.#sessions.size
  }

  /**
   * The session that the request opens or goes on with, its partitions brought up to date; undefined: it is to be answered
   * without one. Throws FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
   */
  begin(request: SessionRequest): FetchSession | undefined {
    const { sessionId, sessionEpoch, partitions } = request
    if (sessionEpoch !== sessionEpochs.initial && sessionEpoch !== sessionEpochs.final) return this.#goOn(request)
    this.#remove(this.#sessions.get(sessionId))
    if (sessionEpoch === sessionEpochs.final || partitions.length === 0) return undefined
    return this.#mayAdd(partitions.length) ? this.#add(request) : undefined
  }

  close(): void {
    for (const session of [...this.#sessions.values()]) this.#remove(session)
  }

  #goOn({ sessionId, sessionEpoch, usesTopicIds, partitions, forgotten }: SessionRequest): FetchSession | undefined {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) throw refusal('FETCH_SESSION_ID_NOT_FOUND', sessionId)
    if (session.epoch !== sessionEpoch) throw refusal('INVALID_FETCH_SESSION_EPOCH', sessionId)
    if (session.usesTopicIds !== usesTopicIds) throw refusal('FETCH_SESSION_TOPIC_ID_ERROR', sessionId)
    const { fetch } = session
    this.#partitions -= fetch.size
    for (const partition of partitions) fetch.put(partition)
    for (const partition of forgotten) fetch.remove(partition)
    this.#partitions += fetch.size
    if (this.#partitions > partitionsMax) {
      this.#remove(session)
      throw refusal('FETCH_SESSION_ID_NOT_FOUND', sessionId)
    }
    if (fetch.size === 0) {
      this.#remove(session)
      return undefined
    }
    session.epoch = epochAfter(sessionEpoch)
    session.usedMs = this.#clock.monotonic()
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    return session
  }

  #add({ usesTopicIds, partitions }: SessionRequest): FetchSession {
    const nowMs = this.#clock.monotonic()
    const fetch = this.#open()
    for (const partition of partitions) fetch.put(partition)
    const epoch = epochAfter(sessionEpochs.initial)
    this.#partitions += fetch.size
    const session = { id: this.#newId(), usesTopicIds, fetch, epoch, createdMs: nowMs, usedMs: nowMs }
    this.#sessions.set(session.id, session)
    return session
  }

  #remove(session: FetchSession | undefined): void {
    if (session === undefined) return
    this.#sessions.delete(session.id)
    this.#partitions -= session.fetch.size
    session.fetch.close()
  }

  /** Makes room if that is allowed. */
  #mayAdd(partitions: number): boolean {
    if (this.#slots === 0) return false
    while (this.#sessions.size >= this.#slots || this.#partitions + partitions > partitionsMax) {
      const evicted = this.#evictable(partitions)
      if (evicted === undefined) return false
      this.#remove(evicted)
    }
    return true
  }

  #evictable(partitions: number): FetchSession | undefined {
    const thenMs = this.#clock.monotonic() - evictableMs
    let smallest: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (session.usedMs < thenMs) return session
      const isOld = session.createdMs <= thenMs && session.fetch.size < partitions
      if (isOld && session.fetch.size < (smallest?.fetch.size ?? Infinity)) smallest = session
    }
    return smallest
  }

  #newId(): number {
    for (;;) {
      const id = this.#random.bytes(4).readUInt32BE(0) >>> 1
      if (id !== 0 && !this.#sessions.has(id)) return id
    }
  }
}

function epochAfter(epoch: number): number {
  return epoch >= epochMax ? 1 : epoch + 1
}

function refusal(error: ErrorName, sessionId: number): KafkaError {
  return new KafkaError(error, { sessionId })
}
