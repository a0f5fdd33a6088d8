// A machine of its own: memory disk, virtual time, seeded chance and an in-memory network, all driven by one seed.
//
//   const sim = simulatedPlatform({ seed })
//   let platform = sim.boot()                          // what the process under test gets
//   const log = await sim.run(open('/data', platform)) // steps the scheduler until the promise settles
//   …
//   sim.crash()                                        // power cut: platform is dead, its timers and answers never come
//   platform = sim.boot()                              // the next process, on what the disk still has
//
//   1  nothing happens but in run(), advance() and runUntilIdle(): a promise of the simulated world that is awaited outside
//      of them waits for ever
//   2  the same seed and the same test give the same order of events: trace() says so in eight digits
//   3  what the real thread pool does (asynchronous zlib) is not simulated: run() waits 50 real ms for it when nothing else is
//      left, but its end has no fixed place among the events, so simulated code had better call the synchronous forms
//   4  a run that can go no further throws with the seed in its sentence
// Called by tests, and by users through varve/testing.

import { type CrashOptions, MemoryDisk, type MemoryDiskOptions } from './memory-disk.ts'
import { MemoryNetwork } from './memory-network.ts'
import type { Clock, Network, Platform } from './platform.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { Scheduler } from './simulated-scheduler.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly disk?: Pick<MemoryDiskOptions, 'capacityBytes' | 'onOperation'>
  /** The longest that a disk operation of the thread pool takes; most take far less. */
  readonly ioMsMax?: number
  /** The same for a packet. */
  readonly networkMsMax?: number
  /** Wall clock at the start, ms since 1970. */
  readonly startMs?: number
}

export interface RunOptions {
  /** Virtual time after which a promise that still waits is an error. */
  readonly limitMs?: number
}

const hour = 3_600_000
const idleTurnsMax = 50

export function simulatedPlatform(options: SimulationOptions): SimulatedPlatform {
  return new SimulatedPlatform(options)
}

/** Also a Platform itself: that of the process that runs now, for tests without crashes. */
export class SimulatedPlatform implements Platform {
  readonly seed: number
  /** The machine's disk, with crash(), fail(), flipBit()… */
  readonly disk: MemoryDisk
  /** For the test's own decisions. */
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly #scheduler: Scheduler
  readonly #crashDice: SeededRandom
  readonly #processDice: SeededRandom
  readonly #wall: { originMs: number }
  #life = 0
  #clock: Clock

  constructor({ seed, disk = {}, ioMsMax = 5, networkMsMax = 2, startMs = 1_795_000_000_000 }: SimulationOptions) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    // Streams of their own: a test that throws its dice once more does not change what a crash loses.
    this.#scheduler = new Scheduler(this.random.fork())
    this.#crashDice = this.random.fork()
    this.#processDice = this.random.fork()
    this.#wall = { originMs: startMs }
    this.disk = new MemoryDisk({
      ...disk,
      dice: this.random.fork(),
      io: end => void this.#scheduler.afterSomeTime(ioMsMax, end),
      nowMs: () => this.clock.now(),
      onOperation: (operation, path, position, bytes) => {
        this.#scheduler.noteText(operation)
        this.#scheduler.noteText(path)
        this.#scheduler.note(position)
        this.#scheduler.note(bytes)
        disk.onOperation?.(operation, path, position, bytes)
      },
    })
    this.network = new MemoryNetwork({
      dice: this.random.fork(),
      deliver: arrive => void this.#scheduler.afterSomeTime(networkMsMax, arrive),
    })
    this.#clock = this.#clockOfLife()
  }

  get clock(): Clock {
    return this.#clock
  }

  /** The platform of the process that starts now. After crash() or kill() its disk throws and its timers are gone. */
  boot(): Platform {
    const life = this.#life
    const network: Network = {
      listen: (address, accept) =>
        this.#life === life
          ? this.network.listen(address, accept)
          : Promise.reject(new Error('listen by a dead process')),
    }
    return { disk: this.disk.boot(), clock: this.#clock, random: this.#processDice.fork(), network }
  }

  /** Steps until `promise` settles. Throws if nothing is left to happen, or after an hour of virtual time. */
  async run<T>(promise: Promise<T>, { limitMs = hour }: RunOptions = {}): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    const untilMs = this.#scheduler.nowMs + limitMs
    let idleTurns = 0
    await turn()
    while (!isSettled) {
      idleTurns = this.#scheduler.step(untilMs) ? 0 : idleTurns + 1
      if (idleTurns > idleTurnsMax) throw new Error(this.#stuck())
      await (idleTurns === 0 ? turn() : realMs(1))
    }
    return promise
  }

  /** Lets `ms` of virtual time pass, with everything that happens in it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#scheduler.nowMs + ms
    await turn()
    while (this.#scheduler.step(untilMs)) await turn()
    this.#scheduler.nowMs = untilMs
  }

  /** Until nothing is left to happen. A timer that always sets the next one never lets it end: `limitMs` does. */
  async runUntilIdle({ limitMs = hour }: RunOptions = {}): Promise<void> {
    const untilMs = this.#scheduler.nowMs + limitMs
    await turn()
    while (this.#scheduler.step(untilMs)) await turn()
  }

  /** At most `count` events: to stop in the middle of something. Returns how many there were. */
  async step(count: number): Promise<number> {
    await turn()
    for (let done = 0; done < count; done++) {
      if (!this.#scheduler.step()) return done
      await turn()
    }
    return count
  }

  /** Power cut: the process and all that was not synced are gone; how much of it, the seed says. */
  crash(options: Partial<CrashOptions> = {}): void {
    this.#endLife()
    this.disk.crash({ random: this.#crashDice, ...options })
  }

  /** kill -9: the process is gone, the page cache is not. */
  kill(): void {
    this.#endLife()
    this.disk.kill()
  }

  /** Somebody sets the wall clock: forward, or back. */
  jumpWallClock(ms: number): void {
    this.#wall.originMs += ms
  }

  /** Virtual ms since the start. */
  get elapsedMs(): number {
    return this.#scheduler.nowMs
  }

  get eventCount(): number {
    return this.#scheduler.eventCount
  }

  /** A hash of everything that happened, in order. */
  trace(): string {
    return this.#scheduler.trace()
  }

  #endLife(): void {
    this.#life++
    this.#clock = this.#clockOfLife()
    this.network.kill()
  }

  #clockOfLife(): Clock {
    const life = this.#life
    return new SimulatedClock(this.#scheduler, this.#wall, () => this.#life === life)
  }

  #stuck(): string {
    const why = this.#scheduler.hasEvents ? 'it takes too long' : 'deadlock, nothing is left to happen'
    return `seed ${this.seed}: a promise still waits after ${Math.round(this.#scheduler.nowMs)} ms of virtual time and ${this.eventCount} events: ${why}`
  }
}

/** All promises that can settle do, and so do those that wait for them: one turn of the real event loop. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

const realMs = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
