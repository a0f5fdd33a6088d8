// What was thrown, as the answer for one partition or topic: a KafkaError stays, the machine's trouble becomes
// KAFKA_STORAGE_ERROR, a bug becomes UNKNOWN_SERVER_ERROR. The cause travels along.
// Called by every file of broker/ that answers per partition.

import { DiskError, KafkaError } from '../base/errors.ts'
import { isInternalTopic } from '../base/names.ts'
import type { TopicRef } from './types.ts'

export function asKafkaError(thrown: unknown): KafkaError {
  if (thrown instanceof KafkaError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new KafkaError(thrown instanceof DiskError ? 'KAFKA_STORAGE_ERROR' : 'UNKNOWN_SERVER_ERROR', {
    message,
    cause: thrown,
  })
}

export function unknownTopic({ topic, topicId }: TopicRef): KafkaError {
  if (topicId !== undefined)
    return new KafkaError('UNKNOWN_TOPIC_ID', { message: 'there is no topic with this id', topicId })
  return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', { message: 'there is no such topic', topic })
}

/** Clients may not write it; said also of internal topics that are not there. Undefined if the name is not internal. */
export function internalTopic(topic: string | undefined): KafkaError | undefined {
  if (topic === undefined || !isInternalTopic(topic)) return undefined
  return new KafkaError('INVALID_TOPIC_EXCEPTION', { message: 'this topic is internal', topic })
}

export function brokerClosed(): KafkaError {
  return new KafkaError('LOG_CLOSED', { message: 'the log is closed' })
}
