// One owner per directory, with real processes: stopped, killed, and in another network namespace as far as a file can tell.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { NodeDisk } from '../../src/platform/node-disk.ts'

const program = fileURLToPath(new URL('owner-process.ts', import.meta.url))
const sockets = process.platform === 'linux' ? (['abstract', 'file'] as const) : (['file'] as const)

// The tests mostly wait, so they wait together.
const directories: string[] = []
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true })
})

function fresh(): string {
  directories.push(fs.mkdtempSync(path.join(os.tmpdir(), 'varve-own-')))
  return directories[directories.length - 1]
}

async function start(
  directory: string,
  socket: 'abstract' | 'file',
  command = 'varve serve',
  staleMs = 10_000,
): Promise<[ChildProcess, string]> {
  const child = fork(program, [directory, command, socket, String(staleMs)], { execArgv: ['--import', 'tsx'] })
  children.push(child)
  const [message] = await once(child, 'message')
  return [child, message as string]
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  child.kill(signal)
  await once(child, 'exit')
}

describe.concurrent.each(sockets)("with the owner's socket as %s", socket => {
  const disk = new NodeDisk({ abstractSocket: socket === 'abstract', staleMs: 2000 })

  test('a second process is refused with a sentence that names the first', async () => {
    const directory = fresh()
    const [first] = await start(directory, socket)
    const error = await disk.own(directory, () => {}).catch(e => e)
    expect(error.code).toBe('DIRECTORY_IN_USE')
    expect(error.message).toMatch(
      new RegExp(
        `^${directory} is in use by pid ${first.pid} \\(varve serve\\) on host .+ since 20.+Z; connect to it, or stop it first`,
      ),
    )
  })

  test('after kill -9 of the owner the next one gets the directory at once', async () => {
    const directory = fresh()
    for (let round = 0; round < 2; round++) {
      const [child, message] = await start(directory, socket)
      expect(message).toBe('owned')
      await end(child, 'SIGKILL')
      expect(fs.existsSync(path.join(directory, 'owner.lock'))).toBe(true)
    }
    const startedMs = Date.now()
    const ownership = await disk.own(directory, () => {})
    expect(Date.now() - startedMs).toBeLessThan(1500)
    await ownership.release()
    expect(fs.readdirSync(directory)).toEqual([])
  })

  test('a stopped owner keeps the directory, however long, and goes on as owner', async () => {
    const directory = fresh()
    const [child] = await start(directory, socket, 'varve serve', 2000)
    const said: unknown[] = []
    child.on('message', message => said.push(message))
    child.kill('SIGSTOP')
    await sleep(3500) // the lock is stale by now
    await expect(disk.own(directory, () => {})).rejects.toThrow(`is in use by pid ${child.pid}`)
    child.kill('SIGCONT')
    await sleep(1500) // it touches its lock again
    expect(said).toEqual([])
    child.send('release')
    expect((await once(child, 'message'))[0]).toBe('released')
    await (await disk.own(directory, () => {})).release()
  })

  test('ownership does not keep a process alive, and SIGTERM leaves nothing that stops the next', async () => {
    const directory = fresh()
    const [idle] = await start(directory, socket)
    idle.send('let go')
    expect((await once(idle, 'exit'))[0]).toBe(0)
    const [stopped] = await start(directory, socket)
    await end(stopped, 'SIGTERM')
    await (await disk.own(directory, () => {})).release()
  })

  test('of several that start at once after a kill, exactly one owns it', async () => {
    const directory = fresh()
    const [first] = await start(directory, socket)
    await end(first, 'SIGKILL')
    const answers = await Promise.all([1, 2, 3].map(() => start(directory, socket)))
    expect(answers.filter(([, message]) => message === 'owned')).toHaveLength(1)
    expect(answers.filter(([, message]) => message.startsWith('refused'))).toHaveLength(2)
  })
})

describe.concurrent('a lock from another place', () => {
  const disk = new NodeDisk({ staleMs: 2000 })
  const leave = (directory: string, facts: object): void => {
    fs.mkdirSync(path.join(directory, 'owner.lock'))
    const owner = {
      version: 1,
      pid: 4711,
      host: 'elsewhere',
      bootId: 'b',
      startedAt: '2026-01-01T00:00:00.000Z',
      command: 'varve serve',
    }
    fs.writeFileSync(path.join(directory, 'owner.json'), JSON.stringify({ ...owner, ...facts }))
  }

  test('that is still touched refuses, and names the owner', async () => {
    const directory = fresh()
    leave(directory, {})
    const touching = setInterval(() => fs.utimesSync(path.join(directory, 'owner.lock'), new Date(), new Date()), 300)
    await expect(disk.own(directory, () => {})).rejects.toThrow('is in use by pid 4711 (varve serve) on host elsewhere')
    clearInterval(touching)
  })

  test('that nobody touches is waited for until it is stale, and no longer', async () => {
    const directory = fresh()
    leave(directory, {})
    const startedMs = Date.now()
    const ownership = await disk.own(directory, () => {})
    expect(Date.now() - startedMs).toBeGreaterThan(1500)
    expect(Date.now() - startedMs).toBeLessThan(5000)
    await ownership.release()
  })

  test('from next year (the clock went back) is stale like any other', async () => {
    const directory = fresh()
    leave(directory, {})
    const nextYear = new Date(Date.now() + 365 * 86_400_000)
    fs.utimesSync(path.join(directory, 'owner.lock'), nextYear, nextYear)
    await (await disk.own(directory, () => {})).release()
  })

  test('with an owner file that cannot be read, or is newer, is no shortcut', async () => {
    const wait = async (text: string): Promise<void> => {
      const directory = fresh()
      leave(directory, {})
      fs.writeFileSync(path.join(directory, 'owner.json'), text)
      const startedMs = Date.now()
      const ownership = await disk.own(directory, () => {})
      expect(Date.now() - startedMs).toBeGreaterThan(1500)
      await ownership.release()
    }
    await Promise.all(['', '{', '{"version":2,"pid":1}'].map(wait))
  })
})

test('who loses the lock hears of it, and its release leaves the next owner alone', async () => {
  const directory = fresh()
  const reasons: string[] = []
  const ownership = await new NodeDisk({ staleMs: 2000 }).own(directory, reason => reasons.push(reason))
  fs.rmdirSync(path.join(directory, 'owner.lock'))
  fs.mkdirSync(path.join(directory, 'owner.lock'))
  fs.utimesSync(path.join(directory, 'owner.lock'), new Date(1), new Date(1))
  await sleep(1500)
  expect(reasons).toHaveLength(1)
  expect(reasons[0]).toContain('taken away')
  await ownership.release()
  expect(fs.existsSync(path.join(directory, 'owner.lock'))).toBe(true)
})

test('a directory whose path is too long for a socket can be owned', async () => {
  const directory = fresh()
  const deep = path.join(directory, 'd'.repeat(120))
  fs.mkdirSync(deep)
  const disk = new NodeDisk({ abstractSocket: false })
  const ownership = await disk.own(deep, () => {})
  await expect(disk.own(deep, () => {})).rejects.toThrow('is in use by pid')
  await ownership.release()
})

test('a socket file that is no socket of ours is not removed', async () => {
  const directory = fresh()
  fs.writeFileSync(path.join(directory, 'owner.sock'), 'mine')
  await expect(new NodeDisk({ abstractSocket: false }).own(directory, () => {})).rejects.toThrow('in the way')
  expect(fs.readFileSync(path.join(directory, 'owner.sock'), 'utf8')).toBe('mine')
})

test("whoever connects to the owner's socket is sent away and harms nothing", async () => {
  const directory = fresh()
  const disk = new NodeDisk({ abstractSocket: false })
  const ownership = await disk.own(directory, () => {})
  const socket = net.connect(path.join(directory, 'owner.sock'))
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await new Promise(resolve => socket.on('close', resolve))
  await ownership.release()
})
