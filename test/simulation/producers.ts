// Idempotent producers of one partition, as clients behave: they send in sequence, and repeat what they got no answer for.
//   1  a repeat of one of a producer's last five batches gets the original's offsets and is never written again
//   2  an older repeat is refused; the next batch in sequence is taken, also after any crash
// Called by storage.ts.

import { KafkaError } from '../../src/base/errors.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import { setBaseOffset, setLeaderEpoch } from '../../src/records/batch.ts'
import { type ModelBatch, must, type PartitionModel } from './model.ts'

/** Of one producer, oldest first, those that are in the log now. */
export function batchesOf(model: PartitionModel, producerId: number): ModelBatch[] {
  return model.batches.filter(batch => batch.producerId === producerId)
}

export function nextSequence(model: PartitionModel, producerId: number): number {
  const last = batchesOf(model, producerId).at(-1)
  return last === undefined ? 0 : last.baseSequence + (last.nextOffset - last.baseOffset)
}

/** Sends a batch of the log once more. Returns what is to become durable, or undefined if it was refused as it must be. */
export function repeat(
  log: DiskPartitionLog,
  model: PartitionModel,
  batch: ModelBatch,
): { nextOffset: number; durable: Promise<void> } | undefined {
  const known = batchesOf(model, batch.producerId)
  const isInWindow = known.slice(-5).includes(batch)
  const again = Buffer.from(batch.bytes)
  setBaseOffset(again, 0, 0)
  setLeaderEpoch(again, 0, -1)
  const before = log.nextOffset
  const facts = { log: model.name, producerId: batch.producerId, baseOffset: batch.baseOffset, isInWindow }
  try {
    const result = log.append(again, { origin: 'client' })
    must(result.duplicate, 'a repeat is not written again', facts)
    must(isInWindow, 'a repeat older than the window is refused', facts)
    must(
      result.baseOffset === batch.baseOffset && result.nextOffset === batch.nextOffset,
      'a repeat gets its original offsets',
      {
        ...facts,
        found: result.baseOffset,
      },
    )
    must(log.nextOffset === before, 'a repeat moves nothing', facts)
    return { nextOffset: result.nextOffset, durable: result.durable }
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'OUT_OF_ORDER_SEQUENCE_NUMBER') throw error
    must(!isInWindow, 'a repeat within the window is recognised', facts)
    return undefined
  }
}
