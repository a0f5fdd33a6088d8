// Names that users choose, and the ids we choose for them.
//   1  a topic name is 1 to 249 of [a-zA-Z0-9._-], not '.' or '..' (Kafka: common/internals/Topic.java)
//   2  two names that differ only in '.' and '_' collide, as they would in Kafka's metric names
//   3  names go into Maps, never into plain objects: '__proto__' and 'constructor' are legal topic names
// Called by broker/, log/ and the faces.

import { KafkaError } from './errors.ts'

export const topicNameLengthMax = 249

/** The registry of topics is a log of its own; its id is fixed so that recovery finds it before any name is known. */
export const registryTopic = '__varve_registry'
export const registryTopicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

export function checkTopicName(topic: string): void {
  if (
    topic.length === 0 ||
    topic.length > topicNameLengthMax ||
    topic === '.' ||
    topic === '..' ||
    !/^[a-zA-Z0-9._-]+$/.test(topic)
  )
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', {
      message: 'a topic name is 1 to 249 of the characters a-z A-Z 0-9 . _ - and neither "." nor ".."',
      topic: printable(topic),
    })
}

/** Names with the same key collide (rule 2). */
export function topicCollisionKey(topic: string): string {
  return topic.replaceAll('.', '_')
}

/** Topics that clients may read but not write. */
export function isInternalTopic(topic: string): boolean {
  return topic === '__consumer_offsets' || topic === '__transaction_state' || topic.startsWith('__varve_')
}

/** `orders`, 3 → `orders-3`: the directory of a partition. */
export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Control characters out, at most 256 characters: safe for a log line or a terminal. */
export function printable(text: string, lengthMax = 256): string {
  const safe = text.replace(unprintable, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return safe.length > lengthMax ? `${safe.slice(0, lengthMax)}…` : safe
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** 16 bytes ↔ 22 characters of base64url, as Kafka prints its ids. */
export const uuidToBytes = (id: string): Buffer => Buffer.from(id, 'base64url')
export const uuidFromBytes = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('base64url')
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'
