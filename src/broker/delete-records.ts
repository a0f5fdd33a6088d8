// DeleteRecords: log start offsets move up at once; the answer waits for a checkpoint, whose manifest keeps them. Not a record
// of the registry: stream processors delete every few seconds, and the registry keeps everything.
// Called by broker.ts.

import { KafkaError } from '../base/errors.ts'
import type { RecordDeletion, RecordDeletionResult } from './admin-types.ts'
import type { Engine } from './engine.ts'
import { asKafkaError, internalTopic } from './trouble.ts'

export async function deleteRecords(
  engine: Engine,
  requests: readonly RecordDeletion[],
): Promise<RecordDeletionResult[]> {
  const begun = requests.map(request => begin(engine, request))
  if (begun.every(({ error }) => error !== undefined)) return begun
  try {
    // Also where nothing moved: another request may have moved it a moment ago.
    await engine.directory.checkpoint()
    return begun
  } catch (thrown) {
    const failure = asKafkaError(thrown)
    return begun.map(({ error }) => ({ error: error ?? failure, lowWatermark: -1 }))
  }
}

function begin(engine: Engine, request: RecordDeletion): RecordDeletionResult {
  try {
    const partition = engine.topics.findPartition(request)
    if (partition instanceof KafkaError) throw internalTopic(request.topic) ?? partition
    const { log, topic } = partition
    if (topic.isInternal) throw internalTopic(topic.name)
    if (!topic.settings.string('cleanup.policy').includes('delete'))
      throw new KafkaError('POLICY_VIOLATION', { message: 'cleanup.policy has no "delete"', topic: topic.name })
    const offset = request.offset === -1 ? log.highWatermark : request.offset
    if (offset < 0 || offset > log.highWatermark)
      throw new KafkaError('OFFSET_OUT_OF_RANGE', {
        message: 'only what lies below the high watermark can be deleted',
        offset,
        highWatermark: log.highWatermark,
      })
    log.deleteTo(offset)
    engine.logStartMoves++
    return { error: undefined, lowWatermark: log.logStartOffset }
  } catch (thrown) {
    return { error: asKafkaError(thrown), lowWatermark: -1 }
  }
}
