// Fetch: whole batches, linked into the answer as the engine hands them out.
//   1  with a session (fetch-sessions.ts) the answer has only what is new; without one, every partition that was asked for
//   2  an answer carries no more than the connection's share of memory, whatever the client asks for (but one whole batch)
//   3  nothing is transactional: read_committed sees what read_uncommitted sees, with an empty list of aborted transactions

import { errorTable, KafkaError } from '../../../base/errors.ts'
import type { StandingResult } from '../../../broker/admin-types.ts'
import type { FetchPartition, FetchRequest, FetchResult } from '../../../broker/types.ts'
import type { Decoded, Encodable } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { FetchSession } from '../fetch-sessions.ts'
import type { Context, Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Request = Decoded<RequestFields<'fetch'>>
type Response = Encodable<ResponseFields<'fetch'>>
type Limits = Omit<FetchRequest, 'partitions'>

const topicIdVersionMin = 13
const readCommitted = 1
const noAborted: readonly never[] = []

export const fetch: Handler<RequestFields<'fetch'>, ResponseFields<'fetch'>> = {
  api: apis.fetch,
  versions: [4, 18],
  handle(context, request, version) {
    const { fetchSessions, signal, answerBytesMax } = context
    const usesTopicIds = version >= topicIdVersionMin
    const partitions = partitionsOf(request, usesTopicIds)
    const session = begin(fetchSessions, request, { usesTopicIds, partitions })
    if (session instanceof KafkaError) return { errorCode: session.kafkaCode, responses: [] }
    const maxBytes = Math.min(Math.max(0, request.maxBytes), answerBytesMax())
    const limits = { maxWaitMs: request.maxWaitMs, minBytes: Math.min(request.minBytes, maxBytes), maxBytes, signal }
    if (session === undefined) return answerAll(context, request, { ...limits, partitions })
    return answerNews(session, request, limits)
  },
}

function begin(
  sessions: Context['fetchSessions'],
  { sessionId, sessionEpoch, forgottenTopicsData }: Request,
  { usesTopicIds, partitions }: { usesTopicIds: boolean; partitions: readonly FetchPartition[] },
): FetchSession | undefined | KafkaError {
  const forgotten = forgottenTopicsData.flatMap(({ topic, topicId, partitions: numbers }) =>
    numbers.map(partition => (usesTopicIds ? { topicId, partition } : { topic, partition })),
  )
  try {
    return sessions.begin({ sessionId, sessionEpoch, usesTopicIds, partitions, forgotten })
  } catch (thrown) {
    if (thrown instanceof KafkaError) return thrown
    throw thrown
  }
}

function partitionsOf({ topics }: Request, usesTopicIds: boolean): FetchPartition[] {
  return topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch }) => ({
      ...(usesTopicIds ? { topicId } : { topic }),
      partition,
      offset: fetchOffset,
      maxBytes: Math.max(0, partitionMaxBytes),
      currentLeaderEpoch,
      lastFetchedEpoch,
    })),
  )
}

/** In the order and the groups of the request. */
async function answerAll({ broker }: Context, request: Request, wanted: FetchRequest): Promise<Response> {
  const results = await broker.fetch(wanted)
  const abortedTransactions = abortedOf(request)
  let place = 0
  return {
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => answerOne(partition, results[place++], abortedTransactions)),
    })),
  }
}

/** Another request of this session came meanwhile: the client has given this one up. */
async function answerNews(session: FetchSession, request: Request, limits: Limits): Promise<Response> {
  const { id, epoch, fetch: standing } = session
  const news = await standing.poll(limits)
  if (session.epoch !== epoch)
    return { errorCode: errorTable.INVALID_FETCH_SESSION_EPOCH[0], sessionId: id, responses: [] }
  return { sessionId: id, responses: grouped(news, abortedOf(request)) }
}

/** Neighbours of one topic together. */
function grouped(news: readonly StandingResult[], abortedTransactions: readonly never[] | null) {
  const topics: { topic: string; topicId: string; partitions: ReturnType<typeof answerOne>[] }[] = []
  for (const { request, result } of news) {
    const { topic = '', topicId = '', partition } = request
    const answer = answerOne(partition, result, abortedTransactions)
    const last = topics.at(-1)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) last.partitions.push(answer)
    else topics.push({ topic, topicId, partitions: [answer] })
  }
  return topics
}

function abortedOf({ isolationLevel }: Request): readonly never[] | null {
  return isolationLevel === readCommitted ? noAborted : null
}

function answerOne(partitionIndex: number, result: FetchResult, abortedTransactions: readonly never[] | null) {
  const { error, highWatermark, lastStableOffset, logStartOffset, divergingEpoch, buffers } = result
  return {
    partitionIndex,
    errorCode: error === undefined ? 0 : error.kafkaCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch,
    abortedTransactions,
    records: buffers,
  }
}
