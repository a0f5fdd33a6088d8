// The owner's socket: held by the kernel for exactly as long as the owner lives, also while it is stopped (SIGSTOP), which a
// lock file kept fresh by a timer cannot say.
//   Linux      an abstract socket named after the directory's device and inode: gone with the process, nothing to clean up
//   elsewhere  a socket file in the directory (in the temporary directory if its path would be too long). It outlives a
//              killed owner: then a connection to it is refused, and a new socket is renamed over it
//   1  undefined: somebody else, alive, holds it
//   2  it never keeps the process alive
// Called by node-ownership.ts.

import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface OwnerSocket {
  release(): Promise<void>
}

const pathBytesMax = 94 // macOS takes 103, Linux 107, and a contender's name is 9 longer
const settleMs = 50

export async function holdOwnerSocket(directory: string, abstract: boolean): Promise<OwnerSocket | undefined> {
  const { dev, ino } = fs.statSync(directory, { bigint: true })
  const name = `varve-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`
  return abstract ? bind(`\0${name}`) : holdSocketFile(socketFile(directory, name))
}

// Each contender binds a name of its own and renames it, because closing a socket also removes the name it was bound to:
// a loser must not take the winner's away. Of several that found the same dead socket the last to rename is the owner.
async function holdSocketFile(file: string): Promise<OwnerSocket | undefined> {
  if (await isHeld(file)) return undefined
  const contender = `${file}.${randomBytes(4).toString('hex')}`
  const socket = await bind(contender)
  const ours = inodeOf(contender)
  fs.renameSync(contender, file)
  await sleep(settleMs)
  if (socket === undefined || ours === undefined || inodeOf(file) !== ours) {
    await socket?.release()
    return undefined
  }
  return {
    release: () => {
      if (inodeOf(file) === ours) fs.rmSync(file, { force: true })
      return socket.release()
    },
  }
}

/** Only a missing file or a refused connection says that nobody holds it; a stopped owner still accepts. */
function isHeld(file: string): Promise<boolean> {
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isSocket() === false)
    throw new Error(`${file} is in the way: it is not a socket`)
  return new Promise(resolve => {
    const socket = net.connect({ path: file })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
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

function inodeOf(file: string): bigint | undefined {
  return fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino
}

function socketFile(directory: string, name: string): string {
  const inside = path.join(fs.realpathSync(directory), 'owner.sock')
  return Buffer.byteLength(inside) <= pathBytesMax ? inside : path.join(os.tmpdir(), `${name}.sock`)
}
