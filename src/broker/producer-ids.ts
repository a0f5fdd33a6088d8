// Producer ids: numbers that are never given out twice, also over a crash. A block of them is reserved by one registry record;
// ids of a block are answered once that record is durable.
// Called by broker.ts.

import type { Registry } from './registry.ts'
import type { ProducerIdentity } from './types.ts'

const blockSize = 1000

export class ProducerIds {
  readonly #registry: Registry
  #next: number
  /** Ids below are spoken for. */
  #reserved: number
  /** Set until the newest block is durable. */
  #reserving: Promise<void> | undefined

  /** `next`: one past the last id that any record in the registry has reserved. */
  constructor(registry: Registry, next: number) {
    this.#registry = registry
    this.#next = next
    this.#reserved = next
  }

  async take(): Promise<ProducerIdentity> {
    if (this.#next === this.#reserved) this.#reserve()
    const producerId = this.#next++
    await this.#reserving
    return { producerId, producerEpoch: 0 }
  }

  #reserve(): void {
    const next = this.#reserved + blockSize
    const durable = this.#registry.append({ type: 'producer-ids', next })
    this.#reserved = next
    this.#reserving = durable
    // A failed block stays: its ids must never be answered, and the directory takes no more appends anyway.
    durable.then(
      () => {
        if (this.#reserving === durable) this.#reserving = undefined
      },
      () => {},
    )
  }
}
