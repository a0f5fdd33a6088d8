// owner.json: who owns a data directory, for the sentence that a second opener gets, and for the next owner, who may remove
// the lock of a dead one at once if it died in the same place.
//   1  written whole or not at all (a temporary file and a rename); it needs no sync, since a power cut ends every owner
//   2  unreadable, or of a newer version: nothing is concluded from it
// Called by node-ownership.ts.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const version = 1

export interface Owner {
  readonly version: number
  readonly pid: number
  readonly host: string
  /** of the running kernel; '' where the system has none */
  readonly bootId: string
  /** containers have their own: the owner's socket is seen only inside it */
  readonly netNamespace?: string
  readonly startedAt: string
  readonly command: string
}

export function thisOwner(command: string): Owner {
  return {
    version,
    pid: process.pid,
    host: os.hostname(),
    bootId: firstOf(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    netNamespace: firstOf(() => fs.readlinkSync('/proc/self/ns/net')),
    startedAt: new Date().toISOString(),
    command,
  }
}

export function readOwner(directory: string): Owner | undefined {
  return firstOf(() => {
    const owner = JSON.parse(fs.readFileSync(ownerPath(directory), 'utf8')) as Owner
    return owner.version === version && Number.isSafeInteger(owner.pid) ? owner : undefined
  })
}

export function writeOwner(directory: string, owner: Owner): void {
  const temporary = `${ownerPath(directory)}.tmp`
  fs.writeFileSync(temporary, `${JSON.stringify(owner, undefined, 2)}\n`, { mode: 0o600 })
  fs.renameSync(temporary, ownerPath(directory))
}

export function removeOwner(directory: string): void {
  fs.rmSync(ownerPath(directory), { force: true })
}

/** True if a socket held by `owner` would be seen from here: then a free socket says that it is dead. */
export function isSamePlace(owner: Owner, here: Owner): boolean {
  return owner.host === here.host && owner.bootId === here.bootId && owner.netNamespace === here.netNamespace
}

const ownerPath = (directory: string): string => path.join(directory, 'owner.json')

function firstOf<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch {
    return undefined
  }
}
