// Bytes from outside that are not what they claim to be. Thrown by reader.ts, codec.ts and protocol/; a connection that meets
// one is closed. Never a RangeError: every length is compared with what is there before it is used.

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  /** Where in the frame, in bytes; -1 if the place says nothing. */
  readonly position: number

  constructor(message: string, position = -1) {
    super(position < 0 ? message : `${message} at byte ${position}`)
    this.position = position
  }
}
