// What went wrong, for people and for scripts: one sentence, the next step, and an exit code by kind.
//   1  every error ends with a next step
//   2  what comes out of records or from other machines is printed with its control characters escaped
// Called by program.ts for whatever a command throws.

import { DiskError, type ErrorName, KafkaError } from '../base/errors.ts'
import { printable } from '../base/names.ts'
import type { Io } from './io.ts'

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  unavailable: 4,
  interrupted: 130,
  /** An orderly stop at SIGTERM is what was asked for. */
  terminated: 0,
} as const

/** Trouble of the command's own: a sentence, what to do about it, and how the process ends. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly next: string
  readonly exitCode: number

  constructor(message: string, { next, exitCode = exitCodes.error }: { next: string; exitCode?: number }) {
    super(message)
    this.next = next
    this.exitCode = exitCode
  }
}

/** Prints it and returns the exit code. */
export function reportFailure(error: unknown, io: Io): number {
  if (io.signal.aborted && error === io.signal.reason) return io.exitCode
  const { message, next, exitCode, stack } = describeFailure(error)
  const red = io.isErrorTerminal && io.hasColors ? io.colors.red : (text: string) => text
  io.note(`${red('error:')} ${printable(message, messageLengthMax)}`)
  for (const line of stack ?? []) io.note(printable(line, messageLengthMax))
  io.note(`next: ${printable(next, messageLengthMax)}`)
  return exitCode
}

export interface Failure {
  readonly message: string
  readonly next: string
  readonly exitCode: number
  /** Of a bug. */
  readonly stack?: readonly string[]
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) return { message: error.message, next: error.next, exitCode: error.exitCode }
  if (error instanceof KafkaError) {
    const row = byCode[error.code]
    return { message: error.message, next: row?.next ?? lookAtLog, exitCode: row?.exitCode ?? exitCodes.error }
  }
  const errno = error instanceof DiskError ? error.errno : (error as NodeJS.ErrnoException | undefined)?.code
  const row = errno === undefined ? undefined : byErrno[errno]
  const message = error instanceof Error ? error.message : String(error)
  if (row !== undefined) return { message, ...row }
  if (error instanceof DiskError)
    return { message, next: 'look at the disk (dmesg, df) and at the rights of that path', exitCode: exitCodes.error }
  const stack = error instanceof Error ? error.stack?.split('\n').slice(1) : undefined
  return { message, stack, next: 'this is a bug in varve: report it with the lines above', exitCode: exitCodes.error }
}

const messageLengthMax = 4096
const lookAtLog = "run 'varve log verify DIR' to see how the data is"

type Row = Pick<Failure, 'next' | 'exitCode'>

const byCode: { readonly [code in ErrorName]?: Row } = {
  UNKNOWN_TOPIC_OR_PARTITION: { next: "'varve topic list' shows what there is", exitCode: exitCodes.notFound },
  UNKNOWN_TOPIC_ID: { next: "'varve topic list' shows what there is", exitCode: exitCodes.notFound },
  OFFSET_OUT_OF_RANGE: {
    next: "'varve topic describe TOPIC' shows the first and the last offset; -o start reads from the first",
    exitCode: exitCodes.notFound,
  },
  TOPIC_ALREADY_EXISTS: {
    next: "'varve topic describe TOPIC' shows it; --if-not-exists makes this no error",
    exitCode: 1,
  },
  INVALID_TOPIC_EXCEPTION: { next: 'choose another name', exitCode: exitCodes.usage },
  INVALID_PARTITIONS: { next: 'give a number of partitions from 1 on', exitCode: exitCodes.usage },
  INVALID_REPLICATION_FACTOR: { next: 'leave it out: one machine keeps one copy', exitCode: exitCodes.usage },
  INVALID_CONFIG: { next: 'the README lists all settings with their bounds', exitCode: exitCodes.usage },
  INVALID_ARGUMENT: { next: 'run the command with --help to see what it takes', exitCode: exitCodes.usage },
  INSECURE_LISTENER: {
    next: 'listen on 127.0.0.1, or add --insecure if the network in front of it is trusted',
    exitCode: exitCodes.usage,
  },
  DIRECTORY_IN_USE: {
    next: 'use that process through its Kafka port (kcat -b 127.0.0.1:9092 …), or stop it first',
    exitCode: exitCodes.unavailable,
  },
  DIRECTORY_CORRUPT: { next: lookAtLog, exitCode: exitCodes.error },
  JOURNAL_MISSING: { next: lookAtLog, exitCode: exitCodes.error },
  NEWER_FORMAT: { next: 'install the newer varve that wrote this directory', exitCode: exitCodes.error },
  MESSAGE_TOO_LARGE: {
    next: 'send smaller records, or raise max.message.bytes of the topic',
    exitCode: exitCodes.error,
  },
  NOT_ENOUGH_REPLICAS: {
    next: 'make room on the disk, or lower varve.disk.reserve.bytes',
    exitCode: exitCodes.unavailable,
  },
  KAFKA_STORAGE_ERROR: { next: lookAtLog, exitCode: exitCodes.unavailable },
}

const byErrno: { readonly [errno: string]: Row } = {
  EADDRINUSE: { next: 'another process listens there: stop it, or choose another port with --kafka', exitCode: 4 },
  EADDRNOTAVAIL: { next: 'this machine has no such address: choose another one with --kafka', exitCode: 2 },
  ENOTFOUND: { next: 'this name has no address: choose another one with --kafka', exitCode: 2 },
  EACCES: { next: 'look at the rights of that path or port, and at who runs this', exitCode: exitCodes.error },
  EPERM: { next: 'look at the rights of that path or port, and at who runs this', exitCode: exitCodes.error },
  ENOENT: { next: 'check the path', exitCode: exitCodes.notFound },
  ENOTDIR: { next: 'check the path: part of it is a file', exitCode: exitCodes.usage },
  EEXIST: { next: 'check the path: something else is there', exitCode: exitCodes.usage },
  EISDIR: { next: 'check the path: it is a directory', exitCode: exitCodes.usage },
  EROFS: { next: 'the file system is mounted read-only: mount it for writing or choose another --dir', exitCode: 1 },
  ENOSPC: { next: 'make room on the disk', exitCode: exitCodes.unavailable },
  EMFILE: { next: 'raise the limit on open files (ulimit -n)', exitCode: exitCodes.unavailable },
}
