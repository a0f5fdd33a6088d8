// Produce: every batch is appended in the stretch in which the request arrives, then the answer waits for the disk.
//   1  nothing is awaited before the last append, so requests keep the order in which they were begun
//   2  one promise per request, and one reaction per group of appends for the waiters, whatever the number of partitions
//   3  a topic's own record is durable before an append to it is acknowledged
// Called by broker.ts. Hot: no allocation beyond the results.

import { KafkaError } from '../base/errors.ts'
import type { AppendOptions, AppendResult } from '../log/types.ts'
import type { Engine } from './engine.ts'
import { admit } from './intake.ts'
import type { Partition } from './topics.ts'
import { asKafkaError, brokerClosed, internalTopic } from './trouble.ts'
import type { ProducePartition, ProduceRequest, ProduceResult } from './types.ts'

export function produce(engine: Engine, { acks, partitions }: ProduceRequest): Promise<ProduceResult[]> {
  if (engine.closed) return Promise.reject(brokerClosed())
  const results: ProduceResult[] = []
  const waits: (Promise<void> | undefined)[] = []
  let first: Promise<void> | undefined
  let isOneGroup = true
  for (let i = 0; i < partitions.length; i++) {
    const target = engine.topics.findPartition(partitions[i])
    const wait = append(engine, { acks, request: partitions[i], target, results })
    waits.push(wait)
    if (wait === undefined) continue
    if (first === undefined) first = wait
    else if (wait !== first) isOneGroup = false
    const registering = (target as Partition).registering
    if (registering !== undefined) {
      waits[i] = Promise.all([registering, wait]).then(() => {})
      isOneGroup = false
    }
  }
  if (acks === 0 || first === undefined) return Promise.resolve(results)
  if (!isOneGroup) return settleEach(results, waits)
  return first.then(
    () => results,
    failure => failed(results, failure),
  )
}

const clientAppend: AppendOptions = { origin: 'client' }

/** Adds the result, and returns what the answer waits for; undefined after an error. */
function append(
  engine: Engine,
  {
    acks,
    request,
    target,
    results,
  }: { acks: number; request: ProducePartition; target: Partition | KafkaError; results: ProduceResult[] },
): Promise<void> | undefined {
  try {
    if (target instanceof KafkaError) throw internalTopic(request.topic) ?? target
    if (target.topic.isInternal) throw internalTopic(target.topic.name)
    if (acks !== -1 && acks !== 1 && acks !== 0)
      throw new KafkaError('INVALID_REQUIRED_ACKS', { message: 'acks is -1 (all), 0 or 1', acks })
    if (acks === -1 && target.topic.replicasMin > 1) throw tooFewReplicas(target)
    const { expectOffset } = request
    const batch = admit(request.batch, target.topic.intake, engine.platform.clock.now())
    const appended = target.log.append(
      batch,
      expectOffset === undefined ? clientAppend : { origin: 'client', expectOffset },
    )
    count(engine, target, appended, batch.length)
    results.push({
      error: undefined,
      baseOffset: appended.baseOffset,
      logAppendTimeMs: appended.logAppendTimeMs,
      logStartOffset: appended.logStartOffset,
    })
    return appended.durable
  } catch (thrown) {
    results.push(refused(asKafkaError(thrown)))
    engine.metrics.total.refusedBatches++
    return undefined
  }
}

function count(engine: Engine, partition: Partition, appended: AppendResult, bytes: number): void {
  const { total } = engine.metrics
  // A duplicate adds nothing for waiters: they hear of the original.
  if (appended.duplicate) {
    total.duplicateBatches++
    return
  }
  engine.waiters.appended(partition, appended.durable, bytes)
  const records = appended.nextOffset - appended.baseOffset
  total.appendedBatches++
  total.appendedRecords += records
  total.appendedBytes += bytes
  const { counters } = partition.topic
  counters.appendedRecords += records
  counters.appendedBytes += bytes
}

function tooFewReplicas({ topic }: Partition): KafkaError {
  return new KafkaError('NOT_ENOUGH_REPLICAS', {
    message: `acks=all asks for ${topic.replicasMin} replicas (min.insync.replicas), and varve is one node`,
    topic: topic.name,
  })
}

const refused = (error: KafkaError): ProduceResult => ({
  error,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
})

function failed(results: readonly ProduceResult[], failure: unknown): ProduceResult[] {
  const error = asKafkaError(failure)
  return results.map(result => (result.error === undefined ? refused(error) : result))
}

async function settleEach(
  results: ProduceResult[],
  waits: readonly (Promise<void> | undefined)[],
): Promise<ProduceResult[]> {
  const outcomes = await Promise.allSettled(waits)
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'rejected') results[i] = refused(asKafkaError(outcome.reason))
  })
  return results
}
