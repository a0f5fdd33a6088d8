// What a partition remembers of its idempotent producers, and Kafka's rules for the next batch of each.
//   1  the last five batches of each producer are kept; a repeat of one of them is answered with the original's offsets
//   2  check() changes nothing; apply() follows only after the batch was written
//   3  rebuilt from the log by apply() alone, so it is never wrong, only recomputed
// Rules: reference of Kafka's ProducerAppendInfo.java and ProducerStateEntry.java. Called by partition-log.ts and recovery.

import { KafkaError } from '../base/errors.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  lastOffsetOf,
  lastSequenceOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../records/batch.ts'

export const producerWindowBatches = 5

export interface ProducerBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly lastOffset: number
  /** lastOffset − the batch's base offset */
  readonly offsetDelta: number
  readonly timestamp: number
}

export interface Producer {
  epoch: number
  /** Oldest first, at most five. */
  batches: ProducerBatch[]
  lastTimestamp: number
}

export class ProducerState {
  readonly #producers = new Map<number, Producer>()

  get size(): number {
    return this.#producers.size
  }

  entries(): IterableIterator<[number, Producer]> {
    return this.#producers.entries()
  }

  has(producerId: number): boolean {
    return this.#producers.has(producerId)
  }

  set(producerId: number, producer: Producer): void {
    this.#producers.set(producerId, producer)
  }

  /**
   * The kept batch that this one repeats, or undefined if it is new and in order. Throws INVALID_PRODUCER_EPOCH or
   * OUT_OF_ORDER_SEQUENCE_NUMBER. A producer that is not known (new, expired, retained away) may begin anywhere.
   */
  check(batch: Buffer): ProducerBatch | undefined {
    const producerId = producerIdOf(batch)
    if (producerId < 0 || isControl(batch)) return undefined
    const producer = this.#producers.get(producerId)
    if (producer === undefined) return undefined
    const epoch = producerEpochOf(batch)
    const firstSequence = baseSequenceOf(batch)
    if (epoch < producer.epoch)
      throw new KafkaError('INVALID_PRODUCER_EPOCH', {
        message: 'a newer epoch of this producer has written here',
        producerId,
        epoch,
        currentEpoch: producer.epoch,
      })
    if (epoch > producer.epoch) {
      if (firstSequence !== 0) throw outOfOrder(producerId, 0, firstSequence)
      return undefined
    }
    const lastSequence = lastSequenceOf(batch)
    const original = producer.batches.find(
      kept => kept.firstSequence === firstSequence && kept.lastSequence === lastSequence,
    )
    if (original !== undefined) return original
    const last = producer.batches.at(-1)
    const expected = last === undefined ? firstSequence : last.lastSequence === 0x7fff_ffff ? 0 : last.lastSequence + 1
    if (firstSequence !== expected) throw outOfOrder(producerId, expected, firstSequence)
    return undefined
  }

  /** The batch carries its final offsets. */
  apply(batch: Buffer, at = 0): void {
    const producerId = producerIdOf(batch, at)
    if (producerId < 0 || isControl(batch, at)) return
    const epoch = producerEpochOf(batch, at)
    let producer = this.#producers.get(producerId)
    if (producer === undefined) {
      producer = { epoch, batches: [], lastTimestamp: -1 }
      this.#producers.set(producerId, producer)
    }
    if (epoch !== producer.epoch) {
      producer.epoch = epoch
      producer.batches = []
    }
    const lastOffset = lastOffsetOf(batch, at)
    if (lastOffset <= (producer.batches.at(-1)?.lastOffset ?? -1)) return // recovery walks over what a snapshot holds
    producer.lastTimestamp = maxTimestampOf(batch, at)
    producer.batches.push({
      firstSequence: baseSequenceOf(batch, at),
      lastSequence: lastSequenceOf(batch, at),
      lastOffset,
      offsetDelta: lastOffset - baseOffsetOf(batch, at),
      timestamp: producer.lastTimestamp,
    })
    if (producer.batches.length > producerWindowBatches) producer.batches.shift()
  }

  /** Forgets producers that wrote last before `beforeMs`. */
  expire(beforeMs: number): void {
    for (const [producerId, producer] of this.#producers)
      if (producer.lastTimestamp < beforeMs) this.#producers.delete(producerId)
  }

  clear(): void {
    this.#producers.clear()
  }
}

/** Offsets of a kept batch. */
export const batchOffsets = (batch: ProducerBatch): { baseOffset: number; nextOffset: number } => ({
  baseOffset: batch.lastOffset - batch.offsetDelta,
  nextOffset: batch.lastOffset + 1,
})

function outOfOrder(producerId: number, expected: number, found: number): KafkaError {
  return new KafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER', {
    message: 'a batch before this one is missing',
    producerId,
    expected,
    found,
  })
}
