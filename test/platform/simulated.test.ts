// One seed drives disk, time, chance and network.

import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/platform/seeded-random.ts'
import { simulatedPlatform } from '../../src/platform/simulated.ts'

describe('time', () => {
  test('is virtual: an hour passes in no time, timers fire in order, each once', async () => {
    const sim = simulatedPlatform({ seed: 1 })
    const fired: number[] = []
    const { clock } = sim
    for (const ms of [3_600_000, 10, 500]) clock.after(ms, () => fired.push(ms))
    const cancelled = clock.after(20, () => fired.push(-1))
    cancelled.cancel()
    const wall = clock.now()
    const monotonic = clock.monotonic()
    await sim.advance(499)
    expect(fired).toEqual([10])
    await sim.advance(3_600_000)
    expect(fired).toEqual([10, 500, 3_600_000])
    expect(clock.now() - wall).toBe(3_600_499)
    expect(clock.monotonic() - monotonic).toBe(3_600_499)
  })
  test('soon fires after the promises of now and before any later timer', async () => {
    const sim = simulatedPlatform({ seed: 1 })
    const order: string[] = []
    sim.clock.after(1, () => order.push('timer'))
    sim.clock.soon(() => {
      order.push('soon')
      Promise.resolve().then(() => order.push('promise of soon'))
      sim.clock.soon(() => order.push('soon after soon'))
    })
    Promise.resolve().then(() => order.push('promise'))
    await sim.runUntilIdle()
    expect(order).toEqual(['promise', 'soon', 'promise of soon', 'soon after soon', 'timer'])
  })
  test('on the wall may jump, and the monotonic clock does not follow', () => {
    const sim = simulatedPlatform({ seed: 1, startMs: 5000 })
    const monotonic = sim.clock.monotonic()
    sim.jumpWallClock(-1000)
    expect(sim.clock.now()).toBe(4000)
    expect(sim.clock.monotonic()).toBe(monotonic)
  })
})

describe('run', () => {
  test('steps until the promise settles, and passes its result or error on', async () => {
    const sim = simulatedPlatform({ seed: 1 })
    const file = sim.disk.open('/a', 'create')
    await sim.run(file.sync())
    expect(await sim.run(Promise.resolve(5))).toBe(5)
    await expect(sim.run(Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  })
  test('throws with the seed when nothing is left to happen, or only for ever', async () => {
    const sim = simulatedPlatform({ seed: 4711 })
    await expect(sim.run(new Promise(() => {}))).rejects.toThrow(/seed 4711.*deadlock/)
    const again = (): void => void sim.clock.after(1000, again)
    again()
    await expect(sim.run(new Promise(() => {}))).rejects.toThrow(/seed 4711.*too long/)
  })
  test('waits a little for what the real thread pool still does', async () => {
    const sim = simulatedPlatform({ seed: 1 })
    expect(await sim.run(promisify(deflate)('x'.repeat(100_000)))).toBeInstanceOf(Buffer)
  })
  test('operations that overlap end in any order', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 50; seed++) {
      const sim = simulatedPlatform({ seed })
      const order: string[] = []
      await sim.run(
        Promise.all(
          ['a', 'b', 'c'].map(name =>
            sim.disk
              .open(`/${name}`, 'create')
              .sync()
              .then(() => order.push(name)),
          ),
        ),
      )
      orders.add(order.join(''))
    }
    expect(orders.size).toBe(6)
  })
})

describe('a process that ended', () => {
  test.each(['kill', 'crash'] as const)('by %s has no disk, no timers and no answers', async how => {
    const sim = simulatedPlatform({ seed: 1 })
    const old = sim.boot()
    let happened = ''
    old.clock.after(10, () => {
      happened += 'timer '
    })
    const file = old.disk.open('/a', 'create')
    file.sync().finally(() => {
      happened += 'sync '
    })
    sim[how]()
    old.clock.soon(() => {
      happened += 'soon '
    })
    const next = sim.boot()
    next.clock.after(20, () => {
      happened += 'next '
    })
    await sim.runUntilIdle()
    expect(happened).toBe('next ')
    expect(() => old.disk.list('/')).toThrow(/dead process/)
    await expect(old.network.listen({ host: 'x', port: 1 }, () => {})).rejects.toThrow(/dead process/)
  })
  test('leaves its clients with a reset', async () => {
    const sim = simulatedPlatform({ seed: 1 })
    const errors: unknown[] = []
    let heardByDead = 0
    await sim.boot().network.listen({ host: 'x', port: 9092 }, connection => {
      connection.handler = { data() {}, drained() {}, closed: () => heardByDead++ }
    })
    const client = await sim.network.connect({ host: 'x', port: 9092 })
    client.handler = { data() {}, drained() {}, closed: error => errors.push(error) }
    await sim.runUntilIdle()
    sim.kill()
    await sim.runUntilIdle()
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
    expect(heardByDead).toBe(0)
    await expect(sim.network.connect({ host: 'x', port: 9092 })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

test('what a client writes before it was accepted arrives, in chunks of any size', async () => {
  let chunks = 0
  for (let seed = 1; seed <= 50; seed++) {
    const sim = simulatedPlatform({ seed })
    const heard: Buffer[] = []
    await sim.network.listen({ host: 'x', port: 1 }, connection => {
      connection.handler = { data: chunk => heard.push(chunk), drained() {}, closed() {} }
    })
    const client = await sim.network.connect({ host: 'x', port: 1 })
    for (const text of ['one ', 'two ', 'three']) client.write([Buffer.from(text)])
    await sim.runUntilIdle()
    expect(Buffer.concat(heard).toString()).toBe('one two three')
    chunks += heard.length
  }
  expect(chunks).toBeGreaterThan(60)
})

test('the same seed gives the same run, another seed another', async () => {
  expect(await story(7)).toEqual(await story(7))
  expect((await story(7)).trace).not.toBe((await story(8)).trace)
})

/** A bit of everything, twice interrupted. */
async function story(seed: number): Promise<{ trace: string; files: string; heard: string }> {
  const sim = simulatedPlatform({ seed })
  let heard = ''
  for (let round = 0; round < 3; round++) {
    const { disk, clock, random, network } = sim.boot()
    await network.listen({ host: 'x', port: 1 }, connection => {
      const data = (chunk: Buffer): void => {
        heard += `${chunk.length} `
      }
      connection.handler = { data, drained() {}, closed() {} }
    })
    const client = await sim.network.connect({ host: 'x', port: 1 })
    const work = async (name: string): Promise<void> => {
      const path = `/${name}${round}`
      const file = disk.open(path, 'create')
      for (let i = 0; i < 5; i++) {
        file.write([random.bytes(700)], i * 700)
        client.write([Buffer.alloc(1 + sim.random.below(5000))])
        await file.sync()
        await new Promise<void>(resolve => clock.after(random.below(5), resolve))
      }
      await disk.syncDirectory('/')
    }
    for (const name of ['a', 'b', 'c']) work(name).catch(() => {})
    await sim.step(sim.random.below(60))
    sim.crash({ hostile: true })
  }
  const files = sim.disk.files().map(path => `${path} ${sim.disk.peek(path).toString('base64')}`)
  return { trace: sim.trace(), files: files.join('\n'), heard }
}

describe('seeded chance', () => {
  test('is the same on every machine', () => {
    const random = new SeededRandom(42)
    expect([
      random.below(1000),
      random.below(1000),
      random.bytes(5).toString('hex'),
      random.below(2 ** 40),
    ]).toMatchInlineSnapshot(`
      [
        430,
        983,
        "c78f1607d9",
        37139909585,
      ]
    `)
  })
  test('stays below its limit, reaches every value, and is about even', () => {
    const random = new SeededRandom(1)
    const counts = new Array(10).fill(0)
    for (let i = 0; i < 10_000; i++) counts[random.below(10)]++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
    for (let i = 0; i < 1000; i++) {
      const large = random.below(2 ** 50)
      expect(Number.isSafeInteger(large) && large >= 0 && large < 2 ** 50).toBe(true)
    }
  })
  test('forks are streams of their own', () => {
    const a = new SeededRandom(9)
    const b = new SeededRandom(9)
    const fork = a.fork()
    b.fork().bytes(1000)
    expect(a.below(1e9)).toBe(b.below(1e9))
    expect(fork.below(1e9)).not.toBe(a.below(1e9))
  })
})
