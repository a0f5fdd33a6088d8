// Fetch: whole batches below the high watermark, at once or after a long poll.
//   1  partitions are read in the order of the request; only the first batch of the answer may break the limits
//   2  nothing is read twice while waiting: waiters count the bytes that become durable (waiters.ts), then one pass reads
//   3  errors, and epochs that diverge, answer at once
// Called by broker.ts; standing-fetch.ts reads with its functions.

import { KafkaError } from '../base/errors.ts'
import type { ReadResult } from '../log/types.ts'
import { forEachBatch, nextOffsetOf } from '../records/index.ts'
import type { Engine } from './engine.ts'
import { epochError } from './epochs.ts'
import type { Partition } from './topics.ts'
import { asKafkaError, brokerClosed } from './trouble.ts'
import type { FetchPartition, FetchRequest, FetchResult } from './types.ts'

export async function fetch(engine: Engine, request: FetchRequest): Promise<FetchResult[]> {
  if (engine.closed) throw brokerClosed()
  const { clock } = engine.platform
  const maxBytes = Math.min(request.maxBytes, engine.settings.number('fetch.max.bytes'))
  const minBytes = Math.min(request.minBytes, maxBytes)
  const deadlineMs = clock.monotonic() + request.maxWaitMs
  for (;;) {
    const pass = await readAll(engine, request.partitions, maxBytes)
    const waitMs = deadlineMs - clock.monotonic()
    const isOver = waitMs <= 0 || request.partitions.length === 0 || request.signal?.aborted === true || engine.closed
    if (pass.mustAnswer || pass.bytes >= minBytes || isOver || isCut(pass)) return answered(engine, pass)
    if (hasMoved(pass)) continue
    engine.metrics.total.fetchWaits++
    await engine.waiters.waitForBytes({
      partitions: pass.waitable,
      bytesMissing: minBytes - pass.bytes,
      waitMs,
      clock,
      signal: request.signal,
    })
  }
}

/** What one walk over the partitions found. */
interface Pass {
  readonly results: FetchResult[]
  readonly waitable: { partition: Partition; maxBytes: number; highWatermark: number }[]
  bytes: number
  mustAnswer: boolean
}

async function readAll(engine: Engine, requests: readonly FetchPartition[], maxBytes: number): Promise<Pass> {
  const pass: Pass = { results: [], waitable: [], bytes: 0, mustAnswer: false }
  for (const request of requests) {
    const partition = engine.topics.findPartition(request)
    if (partition instanceof KafkaError) {
      pass.results.push(await refusedWhenDurable(engine, partition))
      pass.mustAnswer = true
      continue
    }
    if (partition.registering !== undefined) await partition.registering.catch(() => {})
    const { highWatermark } = partition.log
    const found = readPartition(partition, request, { bytesLeft: maxBytes - pass.bytes, isFirst: pass.bytes === 0 })
    const result = found instanceof Promise ? await found : found
    pass.results.push(result)
    pass.bytes += result.bytes
    const isBehindLimit = result.bytes === 0 && request.offset < highWatermark
    pass.mustAnswer ||= result.error !== undefined || result.divergingEpoch !== undefined || isBehindLimit
    pass.waitable.push({ partition, maxBytes: request.maxBytes - result.bytes, highWatermark })
  }
  return pass
}

/** A high watermark rose, or a topic went, between its read and the end of the pass: then look again, do not wait. */
function hasMoved({ waitable }: Pass): boolean {
  for (const { partition, highWatermark } of waitable)
    if (partition.log.highWatermark !== highWatermark || partition.topic.isDeleted) return true
  return false
}

/** A partition's own limit cut its answer: what is there will not become more by waiting. */
function isCut({ results }: Pass): boolean {
  return results.some(isCutShort)
}

export function isCutShort({ buffers, bytes, highWatermark }: FetchResult): boolean {
  return bytes > 0 && endOf(buffers) < highWatermark
}

function endOf(buffers: readonly Buffer[]): number {
  let end = 0
  forEachBatch(buffers, (buffer, at) => {
    end = nextOffsetOf(buffer, at)
  })
  return end
}

function answered(engine: Engine, pass: Pass): FetchResult[] {
  const { total } = engine.metrics
  total.fetches++
  total.fetchedBytes += pass.bytes
  return pass.results
}

const noBuffers: readonly Buffer[] = []

/** What a partition says to a fetch. Never throws or rejects. */
export function readPartition(
  partition: Partition,
  request: FetchPartition,
  { bytesLeft, isFirst }: { bytesLeft: number; isFirst: boolean },
): FetchResult | Promise<FetchResult> {
  const { log } = partition
  try {
    const error = epochError(log, request.currentLeaderEpoch)
    if (error !== undefined) return refused(error, partition)
    const { offset, lastFetchedEpoch = -1 } = request
    // Before the end is looked at: damage may have become the end, and an empty answer there would pass for all there is.
    if (log.degraded !== undefined && offset >= log.degraded.fromOffset) throw damaged(partition, log.degraded, offset)
    if (lastFetchedEpoch >= 0) {
      const end = log.endOfEpoch(lastFetchedEpoch)
      if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < offset)
        return found(partition, nothing, { epoch: end.leaderEpoch, endOffset: end.endOffset })
    }
    if (offset < log.logStartOffset || offset > log.nextOffset) throw outOfRange(partition, offset)
    if (offset >= log.highWatermark || (!isFirst && bytesLeft <= 0)) return found(partition, nothing)
    const bytesMax = Math.max(Math.min(request.maxBytes, bytesLeft), 0)
    const read = log.read({ offset, bytesMax })
    if (read instanceof Promise)
      return read.then(
        result => fitting(partition, result, { bytesMax, isFirst }),
        thrown => refused(asKafkaError(thrown), partition),
      )
    return fitting(partition, read, { bytesMax, isFirst })
  } catch (thrown) {
    return refused(asKafkaError(thrown), partition)
  }
}

const nothing: ReadResult = { buffers: noBuffers, bytes: 0 }

/** The log's first batch always comes; behind another partition's it has to fit. */
function fitting(
  partition: Partition,
  read: ReadResult,
  { bytesMax, isFirst }: { bytesMax: number; isFirst: boolean },
): FetchResult {
  if (!isFirst && read.bytes > bytesMax) return found(partition, nothing)
  partition.topic.counters.fetchedBytes += read.bytes
  return found(partition, read)
}

function found({ log }: Partition, read: ReadResult, divergingEpoch?: FetchResult['divergingEpoch']): FetchResult {
  const { highWatermark } = log
  return {
    error: undefined,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: log.logStartOffset,
    divergingEpoch,
    buffers: read.buffers,
    bytes: read.bytes,
  }
}

function refused(error: KafkaError, partition?: Partition): FetchResult {
  const highWatermark = partition?.log.highWatermark ?? -1
  return {
    error,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: partition?.log.logStartOffset ?? -1,
    divergingEpoch: undefined,
    buffers: noBuffers,
    bytes: 0,
  }
}

/** "There is no such topic" may come from a deletion that is still on its way to the disk. */
export async function refusedWhenDurable(engine: Engine, error: KafkaError): Promise<FetchResult> {
  await engine.registry.settled()
  return refused(error)
}

function damaged({ log }: Partition, { reason, fromOffset }: { reason: string; fromOffset: number }, offset: number) {
  const { topic, partition } = log
  return new KafkaError('CORRUPT_MESSAGE', { message: reason, topic, partition, offset, fromOffset })
}

function outOfRange({ log }: Partition, offset: number): KafkaError {
  return new KafkaError('OFFSET_OUT_OF_RANGE', {
    message: 'the offset is outside the log',
    topic: log.topic,
    partition: log.partition,
    offset,
    logStartOffset: log.logStartOffset,
    nextOffset: log.nextOffset,
  })
}
