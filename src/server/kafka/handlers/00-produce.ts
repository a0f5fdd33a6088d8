// Produce: batches as they came into the engine, one answer per partition.
//   1  everything is handed to the engine before handle() returns; only the answer waits for the disk
//   2  acks=0 gets no answer; if anything went wrong the connection ends, which is the only sign such a client can see
//   3  nothing here is transactional: a transactional id, or a transactional batch, is refused for the whole request

import { KafkaError } from '../../../base/errors.ts'
import type { ProducePartition, ProduceResult } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import { batchHeaderBytes, codecOf, isTransactional } from '../../../records/index.ts'
import { Disconnect, type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'

type Request = Decoded<RequestFields<'produce'>>

const zstd = 4
const zstdVersionMin = 7
const topicIdVersionMin = 13

export const produce: Handler<RequestFields<'produce'>, ResponseFields<'produce'>> = {
  api: apis.produce,
  versions: [3, 13],
  advertised: [0, 13],
  overlaps: true,
  handle({ broker }, request, version) {
    const { partitions, refused } = sortOut(request, version)
    if (partitions.length === 0) return respond(request, [], refused)
    return broker.produce({ acks: request.acks, partitions }).then(results => respond(request, results, refused))
  },
}

function respond(request: Request, results: readonly ProduceResult[], refused: readonly KafkaError[]) {
  const all = refused.length === 0 ? results : merged(request, results, refused)
  if (request.acks !== 0) return answer(request, all)
  const failed = all.find(result => result.error !== undefined)
  if (failed !== undefined) throw new Disconnect(`produce with acks=0 failed: ${failed.error?.message}`)
  return undefined
}

interface Sorted {
  readonly partitions: ProducePartition[]
  /** Sparse: by the partition's place in the request. Empty if nothing was refused. */
  readonly refused: KafkaError[]
}

function sortOut(request: Request, version: number): Sorted {
  const partitions: ProducePartition[] = []
  const refused: KafkaError[] = []
  const whole = request.transactionalId !== null || hasTransactional(request) ? noTransactions(request) : undefined
  let place = 0
  for (const { name, topicId, partitionData } of request.topicData)
    for (const { index, records } of partitionData) {
      const error = whole ?? (records === null ? noBatch() : refusalOf(records, version))
      if (error !== undefined) refused[place] = error
      else if (version >= topicIdVersionMin) partitions.push({ topicId, partition: index, batch: records! })
      else partitions.push({ topic: name, partition: index, batch: records! })
      place += 1
    }
  return { partitions, refused }
}

function hasTransactional({ topicData }: Request): boolean {
  for (const { partitionData } of topicData)
    for (const { records } of partitionData)
      if (records !== null && records.length >= batchHeaderBytes && isTransactional(records)) return true
  return false
}

function refusalOf(batch: Buffer, version: number): KafkaError | undefined {
  if (batch.length === 0) return noBatch()
  if (version < zstdVersionMin && batch.length >= batchHeaderBytes && codecOf(batch) === zstd)
    return new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', { message: `zstd needs Produce v${zstdVersionMin}`, version })
  return undefined
}

function noBatch(): KafkaError {
  return new KafkaError('INVALID_RECORD', { message: 'exactly one record batch is accepted, and there is none' })
}

function noTransactions({ transactionalId }: Request): KafkaError {
  return new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', {
    message: 'transactions are not served',
    transactionalId,
  })
}

/** The engine's results, with the partitions that it never saw between them. */
function merged(request: Request, results: readonly ProduceResult[], refused: readonly KafkaError[]): ProduceResult[] {
  const all: ProduceResult[] = []
  let seen = 0
  for (const { partitionData } of request.topicData)
    for (let left = partitionData.length; left > 0; left -= 1) {
      const error: KafkaError | undefined = refused[all.length]
      all.push(error === undefined ? results[seen++] : refusedResult(error))
    }
  return all
}

function refusedResult(error: KafkaError): ProduceResult {
  return { error, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
}

function answer(request: Request, results: readonly ProduceResult[]) {
  let place = 0
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => answerOne(index, results[place++])),
    })),
  }
}

function answerOne(index: number, { error, baseOffset, logAppendTimeMs, logStartOffset }: ProduceResult) {
  return { index, baseOffset, logAppendTimeMs, logStartOffset, ...told(error), recordErrors: recordErrorsOf(error) }
}

/** Which records of the batch are to blame, where the engine says so. */
function recordErrorsOf(error: KafkaError | undefined): { batchIndex: number }[] {
  const records = error?.details['records'] as readonly number[] | undefined
  return records === undefined ? [] : records.map(batchIndex => ({ batchIndex }))
}
