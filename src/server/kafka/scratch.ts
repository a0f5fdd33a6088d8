// Memory for a frame that arrives in many chunks and is served at once: put together here, read by its handler, and used
// again by the next, whichever connection that is of. Only for requests that keep nothing of their frame when begin() returns
// (Produce: the log takes a copy). A frame that has to wait for its turn is copied out first. Used by connection.ts.

/** A larger frame gets memory of its own. */
const scratchBytesMax = 2 << 20

export class FrameScratch {
  #memory = Buffer.alloc(0)

  /** undefined: too large. */
  take(bytes: number): Buffer | undefined {
    if (bytes > scratchBytesMax) return undefined
    if (bytes > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(Math.max(bytes, 65_536))
    return this.#memory.subarray(0, bytes)
  }

  owns(frame: Buffer): boolean {
    return frame.buffer === this.#memory.buffer
  }
}
