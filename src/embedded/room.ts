// The bound on what append has taken and the disk has not: bytes that are free, and who waits for them, in order.
//   1  whoever came first is served first; nothing overtakes a waiting append, however small it is
//   2  something larger than all of the room gets it when it is empty: it must not wait forever
// Called by appender.ts.

export class Room {
  readonly bytesMax: number
  #bytesTaken = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytesTaken(): number {
    return this.#bytesTaken
  }

  has(bytes: number): boolean {
    return this.#bytesTaken === 0 || this.#bytesTaken + bytes <= this.bytesMax
  }

  take(bytes: number): void {
    this.#bytesTaken += bytes
  }

  give(bytes: number): void {
    this.#bytesTaken -= bytes
  }
}
