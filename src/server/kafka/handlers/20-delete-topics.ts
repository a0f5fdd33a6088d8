// DeleteTopics: by name, and from version 6 on also by id.

import { KafkaError } from '../../../base/errors.ts'
import { zeroUuid } from '../../../base/names.ts'
import type { Broker, DeleteTopicResult, TopicRef } from '../../../broker/types.ts'
import { apis } from '../../../protocol/messages/index.ts'
import { type Handler, told } from '../handler.ts'
import type { RequestFields, ResponseFields } from './index.ts'
import { repeatedIn } from './repeated.ts'

const refVersionMin = 6

export const deleteTopics: Handler<RequestFields<'deleteTopics'>, ResponseFields<'deleteTopics'>> = {
  api: apis.deleteTopics,
  versions: [0, 6],
  async handle({ broker }, { topics, topicNames }, version) {
    const refs = version < refVersionMin ? topicNames.map(topic => ({ topic })) : topics.map(refOf)
    const results = await remove(broker, refs)
    return { responses: results.map(answerOne) }
  },
}

function refOf({ name, topicId }: { name: string | null; topicId: string }): TopicRef {
  return { topic: name ?? undefined, topicId: topicId === zeroUuid ? undefined : topicId }
}

/** Results in the order of `refs`; the engine sees those that name one topic, once. */
async function remove(broker: Broker, refs: readonly TopicRef[]): Promise<DeleteTopicResult[]> {
  const keys = refs.map(({ topic, topicId }) => (topicId === undefined ? `name ${topic}` : `id ${topicId}`))
  const repeated = repeatedIn(keys)
  const refusals = refs.map((ref, i) => refusalOf(ref, repeated.has(keys[i])))
  const deleted = await broker.deleteTopics(refs.filter((_, i) => refusals[i] === undefined))
  let seen = 0
  return refs.map((ref, i) => {
    const error = refusals[i]
    return error === undefined ? deleted[seen++] : { ...ref, error }
  })
}

function refusalOf({ topic, topicId }: TopicRef, isRepeated: boolean): KafkaError | undefined {
  if ((topic === undefined) === (topicId === undefined))
    return new KafkaError('INVALID_REQUEST', { message: 'a topic is named by its name or by its id' })
  if (isRepeated) return new KafkaError('INVALID_REQUEST', { message: 'the request names this topic twice' })
  return undefined
}

function answerOne({ error, topic, topicId }: DeleteTopicResult) {
  return {
    name: topic ?? null,
    topicId: topicId ?? zeroUuid,
    ...told(error),
  }
}
