// One process owns a data directory.
//   1  the owner holds a socket (node-owner-socket.ts) AND the lock `owner.lock` inside the directory (proper-lockfile). The
//      lock alone lets a second process in while the first one is stopped; the socket alone is not seen from another
//      network namespace (a container that shares the volume)
//   2  the socket comes first. Whoever holds it may remove the lock of an owner that lived in the same place (host, boot,
//      network namespace), because that one would still hold the socket if it lived: no waiting after kill -9
//      A socket file is weaker than an abstract socket (it can be deleted, and a long path puts it into a temporary
//      directory that may differ), so there its pid must be gone as well
//   3  any other lock is left alone until it has not been touched for `staleMs`; one that is touched is alive
// Called by node-disk.ts.

import fs from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import lockfile from 'proper-lockfile'
import { DiskError, KafkaError } from '../base/errors.ts'
import { isSamePlace, type Owner, readOwner, removeOwner, thisOwner, writeOwner } from './node-owner-file.ts'
import { holdOwnerSocket, type OwnerSocket } from './node-owner-socket.ts'
import type { Ownership } from './platform.ts'

export interface OwnerOptions {
  /** How the owner is named to a second opener, e.g. `varve serve`. */
  readonly command?: string
  /** A lock from another place counts as dead after this; proper-lockfile's smallest is 2,000. */
  readonly staleMs?: number
  /** The owner's socket as an abstract one (Linux) or a file. */
  readonly abstractSocket?: boolean
}

const staleMsDefault = 10_000
const lookAgainMs = 250

export async function ownDirectory(
  directory: string,
  onLost: (reason: string) => void,
  options: OwnerOptions,
): Promise<Ownership> {
  const here = thisOwner(options.command ?? commandOfProcess())
  const hasAbstractSocket = options.abstractSocket ?? process.platform === 'linux'
  const staleMs = options.staleMs ?? staleMsDefault
  try {
    const socket = await holdOwnerSocket(directory, hasAbstractSocket)
    if (socket === undefined) throw inUse(directory)
    return await lockUnderSocket({ directory, here, socket, onLost, staleMs, hasAbstractSocket })
  } catch (cause) {
    throw cause instanceof KafkaError ? cause : new DiskError('own failed', { path: directory, cause })
  }
}

interface Attempt {
  readonly directory: string
  readonly here: Owner
  readonly socket: OwnerSocket
  readonly onLost: (reason: string) => void
  readonly staleMs: number
  readonly hasAbstractSocket: boolean
}

async function lockUnderSocket(attempt: Attempt): Promise<Ownership> {
  try {
    if (isLockOfDeadOwner(attempt)) fs.rmSync(lockPath(attempt.directory), { recursive: true, force: true })
    const unlock = await lockWhenStale(attempt)
    writeOwner(attempt.directory, attempt.here)
    return { release: once(() => release(attempt, unlock)) }
  } catch (error) {
    await attempt.socket.release()
    throw error
  }
}

function isLockOfDeadOwner({ directory, here, hasAbstractSocket }: Attempt): boolean {
  const last = readOwner(directory)
  return last !== undefined && isSamePlace(last, here) && (hasAbstractSocket || !isRunning(last.pid))
}

/** Our own pid counts as gone: we hold the socket, so the lock is one that we lost or left. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

type Unlock = () => Promise<void>

/** Time is counted here, not read off the lock: a lock from "next year" (the clock went back) is stale like any other. */
async function lockWhenStale(attempt: Attempt): Promise<Unlock> {
  const { directory, staleMs } = attempt
  let touchedMs = lockTouchedMs(directory)
  const firstTouchedMs = touchedMs
  const startMs = performance.now()
  for (;;) {
    const unlock = await tryLock(attempt)
    if (unlock !== undefined) return unlock
    await sleep(lookAgainMs)
    const lastTouchedMs = touchedMs
    touchedMs = lockTouchedMs(directory)
    const isAlive = touchedMs !== undefined && lastTouchedMs !== undefined && touchedMs !== lastTouchedMs
    if (isAlive) throw inUse(directory)
    const isUntouched = touchedMs === firstTouchedMs && performance.now() - startMs > staleMs
    if (isUntouched) fs.rmSync(lockPath(directory), { recursive: true, force: true })
  }
}

async function tryLock({ directory, onLost, staleMs }: Attempt): Promise<Unlock | undefined> {
  try {
    return await lockfile.lock(directory, {
      lockfilePath: lockPath(directory),
      realpath: false,
      stale: staleMs,
      onCompromised: error => onLost(`the lock of ${directory} was taken away: ${error.message}`),
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined
    throw error
  }
}

/** The socket goes last: while it is held nobody else can be half-way in. */
async function release({ directory, here, socket }: Attempt, unlock: Unlock): Promise<void> {
  if (isStillOurs(directory, here)) removeOwner(directory)
  await unlock().catch(() => {}) // compromised: not ours to remove any more
  await socket.release()
}

function isStillOurs(directory: string, here: Owner): boolean {
  const owner = readOwner(directory)
  return owner?.pid === here.pid && owner.startedAt === here.startedAt && isSamePlace(owner, here)
}

function inUse(directory: string): KafkaError {
  const owner = readOwner(directory)
  const who =
    owner === undefined
      ? 'another process'
      : `pid ${owner.pid} (${owner.command}) on host ${owner.host} since ${owner.startedAt}`
  return new KafkaError('DIRECTORY_IN_USE', {
    message: `${directory} is in use by ${who}; connect to it, or stop it first`,
  })
}

function lockTouchedMs(directory: string): number | undefined {
  return fs.statSync(lockPath(directory), { throwIfNoEntry: false })?.mtimeMs
}

function commandOfProcess(): string {
  const [, script = 'node', first = ''] = process.argv
  return `${path.basename(script)}${/^[a-z]+$/.test(first) ? ` ${first}` : ''}`
}

function once<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= call()
    return result
  }
}

const lockPath = (directory: string): string => path.join(directory, 'owner.lock')
