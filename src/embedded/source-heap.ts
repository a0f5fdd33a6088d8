// A binary heap of sources that have a head: oldest timestamp first, then the lower partition. Called by merged-read.ts.

import type { PartitionSource } from './partition-source.ts'

export class SourceHeap<K, V> {
  readonly #sources: PartitionSource<K, V>[] = []

  get size(): number {
    return this.#sources.length
  }

  top(): PartitionSource<K, V> {
    return this.#sources[0]
  }

  push(source: PartitionSource<K, V>): void {
    const sources = this.#sources
    let at = sources.push(source) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(source, sources[parent])) break
      sources[at] = sources[parent]
      at = parent
    }
    sources[at] = source
  }

  /** After the top's head changed. */
  sinkTop(): void {
    this.#sink(this.#sources[0])
  }

  removeTop(): void {
    const last = this.#sources.pop()!
    if (this.#sources.length > 0) this.#sink(last)
  }

  #sink(source: PartitionSource<K, V>): void {
    const sources = this.#sources
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= sources.length) break
      if (child + 1 < sources.length && isBefore(sources[child + 1], sources[child])) child++
      if (!isBefore(sources[child], source)) break
      sources[at] = sources[child]
      at = child
    }
    sources[at] = source
  }
}

function isBefore<K, V>(a: PartitionSource<K, V>, b: PartitionSource<K, V>): boolean {
  const difference = a.head!.timestamp - b.head!.timestamp
  return difference < 0 || (difference === 0 && a.partition < b.partition)
}
