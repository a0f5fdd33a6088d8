// Indexes of sealed segments, loaded when a read first needs them: bounded, the ones loaded longest ago go.
// Called by segment.ts; active segments keep theirs.

import type { Segment } from './segment.ts'

export class IndexCache {
  readonly #bytesMax: number
  readonly #loaded = new Map<Segment, number>()
  #bytes = 0

  constructor(bytesMax = 16 << 20) {
    this.#bytesMax = bytesMax
  }

  /** A sealed segment has just loaded its indexes. */
  add(segment: Segment, bytes: number): void {
    this.#bytes += bytes - (this.#loaded.get(segment) ?? 0)
    this.#loaded.set(segment, bytes)
    for (const [oldest, held] of this.#loaded) {
      if (this.#bytes <= this.#bytesMax || oldest === segment) return
      this.#loaded.delete(oldest)
      this.#bytes -= held
      oldest.dropIndexes()
    }
  }
}
