// The owner's socket: held by the kernel for exactly as long as the owner lives, also while it is stopped (SIGSTOP), which a
// lock file kept fresh by a timer cannot say.
//   Linux      an abstract socket named after the directory's device and inode: gone with the process, nothing to clean up
//   elsewhere  a socket file in the directory (in the temporary directory if its path would be too long). It outlives a
//              killed owner: then a connection is refused, and the file is taken over
//   1  undefined: somebody else, alive, holds it
//   2  it never keeps the process alive
// Called by node-ownership.ts.

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface OwnerSocket {
  release(): Promise<void>
}

const pathBytesMax = 103 // macOS; Linux has 107
const settleMs = 50

/** `abstract: false` takes the socket file on Linux too (tests). */
export async function holdOwnerSocket(
  directory: string,
  abstract = process.platform === 'linux',
): Promise<OwnerSocket | undefined> {
  const { dev, ino } = fs.statSync(directory, { bigint: true })
  const name = `varve-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`
  return abstract ? bind(`\0${name}`) : holdSocketFile(socketFile(directory, name))
}

async function holdSocketFile(file: string): Promise<OwnerSocket | undefined> {
  const refused = await inodeOfDeadSocket(file)
  if (refused !== undefined && inodeOf(file) === refused) fs.rmSync(file, { force: true })
  const held = await bind(file)
  if (held === undefined) return undefined
  // Two that found the same dead socket may each have removed a file: whoever's file is still there after a moment owns it.
  const ours = inodeOf(file)
  if (refused !== undefined) await sleep(settleMs)
  if (ours !== undefined && inodeOf(file) === ours) return held
  await held.release()
  return undefined
}

function bind(address: string): Promise<OwnerSocket | undefined> {
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.destroy()
  })
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen({ path: address }, () =>
      resolve({ release: () => new Promise<void>(closed => server.close(() => closed())) }),
    )
  })
}

/** The inode of a socket file that nobody listens on. */
function inodeOfDeadSocket(file: string): Promise<bigint | undefined> {
  const inode = inodeOf(file)
  if (inode === undefined) return Promise.resolve(undefined)
  return new Promise(resolve => {
    const socket = net.connect({ path: file })
    socket.on('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? inode : undefined))
  })
}

/** undefined if there is no socket: a plain file of that name is not ours to remove. */
function inodeOf(file: string): bigint | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })
  return stat?.isSocket() ? stat.ino : undefined
}

function socketFile(directory: string, name: string): string {
  const inside = path.join(fs.realpathSync(directory), 'owner.sock')
  return Buffer.byteLength(inside) <= pathBytesMax ? inside : path.join(os.tmpdir(), `${name}.sock`)
}
