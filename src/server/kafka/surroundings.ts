// What the connections of one listener share. Made by listener.ts, used by connection.ts.

import type { Logger } from '../../base/logger.ts'
import type { Writer } from '../../bytes/writer.ts'
import type { Clock, Connection } from '../../platform/platform.ts'
import type { KafkaConnection } from './connection.ts'
import type { Context } from './handler.ts'
import type { Memory } from './memory.ts'
import type { FrameScratch } from './scratch.ts'

export interface Surroundings {
  readonly clock: Clock
  readonly logger: Logger
  readonly memory: Memory
  /** One for all: encoding is synchronous. */
  readonly writer: Writer
  readonly scratch: FrameScratch
  /** socket.request.max.bytes */
  readonly frameBytesMax: number
  /** varve.memory.connection.bytes */
  readonly connectionBytesMax: number
  contextOf(connection: Connection, own: Pick<Context, 'signal' | 'answerBytesMax'>): Context
  forget(connection: KafkaConnection): void
}
