// Fetch: whole batches, linked into the answer as the engine hands them out.
//   1  there are no fetch sessions: the answer's session id is 0, and a request inside a session is told that it is unknown
//   2  an answer carries no more than the connection's share of memory, whatever the client asks for (but one whole batch)
//   3  nothing is transactional: read_committed sees what read_uncommitted sees, with an empty list of aborted transactions

import { errorTable } from '../../../base/errors.ts'
import type { FetchPartition, FetchResult } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Request = Decoded<RequestFields<'fetch'>>

const topicIdVersionMin = 13
const readCommitted = 1
const noAborted: readonly never[] = []

export const fetch: Handler<RequestFields<'fetch'>, ResponseFields<'fetch'>> = {
  api: apis.fetch,
  versions: [4, 18],
  async handle({ broker, signal, answerBytesMax }, request, version) {
    if (request.sessionEpoch > 0) return { errorCode: errorTable.FETCH_SESSION_ID_NOT_FOUND[0], responses: [] }
    const maxBytes = Math.min(Math.max(0, request.maxBytes), answerBytesMax())
    const results = await broker.fetch({
      maxWaitMs: request.maxWaitMs,
      minBytes: Math.min(request.minBytes, maxBytes),
      maxBytes,
      partitions: partitionsOf(request, version),
      signal,
    })
    return answer(request, results)
  },
}

function partitionsOf({ topics }: Request, version: number): FetchPartition[] {
  return topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch }) => ({
      ...(version >= topicIdVersionMin ? { topicId } : { topic }),
      partition,
      offset: fetchOffset,
      maxBytes: Math.max(0, partitionMaxBytes),
      currentLeaderEpoch,
      lastFetchedEpoch,
    })),
  )
}

function answer({ topics, isolationLevel }: Request, results: readonly FetchResult[]) {
  const abortedTransactions = isolationLevel === readCommitted ? noAborted : null
  let place = 0
  return {
    responses: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => {
        const { error, highWatermark, lastStableOffset, logStartOffset, divergingEpoch, buffers } = results[place++]
        return {
          partitionIndex: partition,
          errorCode: error === undefined ? 0 : error.kafkaCode,
          highWatermark,
          lastStableOffset,
          logStartOffset,
          divergingEpoch,
          abortedTransactions,
          records: buffers,
        }
      }),
    })),
  }
}
