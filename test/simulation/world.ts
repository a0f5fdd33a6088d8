// The machine, the process that runs on it, and what the model knows of both: starts (cut short at times), the checks after
// each of them, the ways in which a process ends, and what work.ts needs to append and to wait.
// Extended by work.ts.

import { Settings } from '../../src/base/config.ts'
import { DiskError, KafkaError } from '../../src/base/errors.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { registryTopic, registryTopicId } from '../../src/base/names.ts'
import { type DiskLogDirectory, type LogDirectoryOptions, openLogDirectory } from '../../src/log/log-directory.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import type { RecoveryReport } from '../../src/log/types.ts'
import type { Platform } from '../../src/platform/platform.ts'
import type { SeededRandom } from '../../src/platform/seeded-random.ts'
import { type SimulatedPlatform, simulatedPlatform } from '../../src/platform/simulated.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { Broken, must, PartitionModel } from './model.ts'
import { nextSequence } from './producers.ts'
import { recordsOf, replay } from './registry.ts'
import { type Partition, SmallSettings, type Topic } from './state.ts'

export const root = '/data'

interface Started {
  readonly directory: DiskLogDirectory
  readonly registry: DiskPartitionLog
  readonly state: ReturnType<typeof replay>
  readonly logs: Map<string, DiskPartitionLog[]>
  readonly report: RecoveryReport
}

/** A fault of ours, put between the log and the world: planted.test.ts. */
export interface Plant {
  wrap?(platform: Platform): Platform
  /** Changes the code itself; the caller calls what it returns in the end. */
  patch?(): () => void
}

export interface Outcome {
  readonly trace: string
  readonly starts: number
  readonly appends: number
  readonly events: number
}

export abstract class World {
  readonly sim: SimulatedPlatform
  readonly dice: SeededRandom
  protected readonly plant: Plant
  protected readonly settings: Settings
  protected readonly registry: Partition
  protected topics = new Map<string, Topic>()
  protected directory: DiskLogDirectory | undefined
  /** Grows with every end of a process: what an earlier one still says does not count. */
  protected life = 0
  protected isPowerCut = false
  protected isCleanlyClosed = false
  /** Something was made to fail in this life: errors are expected, and the directory may have failed. */
  protected isDisturbed = false
  protected isFull = false
  /** In this life: appends may be refused for a while after there is room again. */
  protected wasFull = false
  protected isClosing = false
  protected mayFail = false
  protected broken: unknown
  protected counter = 0
  protected starts = 0
  protected appends = 0

  protected readonly cutAt: number | undefined
  protected operations = 0
  /** The power is gone: nothing that the process still does reaches the disk, or counts. */
  protected isCut = false

  constructor(seed: number, plant: Plant, cutAt?: number) {
    this.cutAt = cutAt
    this.sim = simulatedPlatform({ seed, disk: { onOperation: (_, path) => this.count(path) } })
    this.dice = this.sim.random.fork()
    this.plant = plant
    this.settings = new SmallSettings([
      ['varve.journal.bytes.max', String(1 << 20)],
      ['varve.journal.direct.bytes', this.dice.pick(['1', '300', '5000', '262144'])],
      ['varve.disk.reserve.bytes', this.dice.chance(0.8) ? '0' : '100000'],
      ['varve.checkpoint.interval.ms', this.dice.pick(['10', '200', '30000'])],
      ['varve.memory.tail.bytes', this.dice.pick(['0', '5000', '8388608'])],
      ['varve.journal.direct.bytes', this.dice.pick(['1', '200', '262144'])],
      ['segment.bytes', this.dice.pick(['1024', '4096', '100000'])],
      ['index.interval.bytes', this.dice.pick(['0', '300', '4096'])],
      ['segment.index.bytes', this.dice.pick(['48', '120', '10485760'])],
      ['file.delete.delay.ms', this.dice.pick(['0', '100', '60000'])],
    ])
    this.registry = { model: new PartitionModel('registry', true), log: undefined as unknown as DiskPartitionLog }
  }

  /** One piece of work, drawn if none is named. Errors go to judge(). */
  protected abstract operate(operation?: string): void

  get outcome(): Outcome {
    return { trace: this.sim.trace(), starts: this.starts, appends: this.appends, events: this.sim.eventCount }
  }

  protected count(path: string): void {
    this.operations += 1
    if (this.operations === this.cutAt) this.isCut = true
    if (this.isCut) throw new DiskError('the power is cut', { path, errno: 'EIO' })
  }

  async follow(script: readonly string[]): Promise<number> {
    try {
      await this.check(await this.sim.run(this.open()))
      for (const operation of script) {
        this.operate(operation)
        await this.sim.step(this.dice.below(12))
        this.look()
      }
      await this.drain()
      if (this.dice.chance(0.5)) await this.sim.run((this.directory as DiskLogDirectory).close())
    } catch (error) {
      if (!this.isCut) throw error
    }
    const operations = this.operations
    this.isCut = false
    this.die()
    await this.start()
    return operations
  }

  // ------------------------------------------------------------------------------------------------------------- a life

  async live(): Promise<void> {
    await this.start()
    const operations = 5 + this.dice.below(60)
    for (let i = 0; i < operations; i++) {
      this.operate()
      if (this.dice.chance(0.7)) await this.sim.step(this.dice.below(this.dice.chance(0.3) ? 60 : 6))
      this.look()
      if (this.mayFail && this.directory?.failure !== undefined && this.dice.chance(0.3)) break
    }
    await this.end()
  }

  /** Crashes on the way are part of it; resolves when a start went through and everything was checked. */
  async start(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const opening = this.open()
      let started: Started | undefined
      let failure: unknown
      opening.then(
        value => {
          started = value
        },
        error => {
          failure = error
        },
      )
      if (attempt < 4 && this.dice.chance(0.25)) await this.sim.step(1 + this.dice.below(60))
      else await this.sim.run(opening.catch(() => {}))
      if (started !== undefined) return this.check(started)
      if (failure !== undefined) throw failure
      this.isCleanlyClosed = false
      this.die()
    }
  }

  protected async open(): Promise<Started> {
    this.starts += 1
    const booted = this.sim.boot()
    const platform = this.plant.wrap?.(booted) ?? booted
    const options: LogDirectoryOptions = { settings: this.settings, logger: silentLogger }
    const directory = await openLogDirectory(platform, root, options)
    const registry = directory.openPartition({
      topic: registryTopic,
      topicId: registryTopicId,
      partition: 0,
      settings: this.settings,
    })
    const state = replay(await recordsOf(registry))
    const logs = new Map<string, DiskPartitionLog[]>()
    for (const { id, name, partitions, settings } of state.topics.values())
      logs.set(
        id,
        range(partitions).map(partition => this.openPartition(directory, { id, name, settings }, partition)),
      )
    const report = await directory.finishRecovery({ isDeleted: id => state.deleted.has(id) })
    return { directory, registry, state, logs, report }
  }

  protected openPartition(
    directory: DiskLogDirectory,
    { id, name, settings }: { id: string; name: string; settings: [string, string][] },
    partition: number,
  ): DiskPartitionLog {
    return directory.openPartition({
      topic: name,
      topicId: id,
      partition,
      settings: new Settings(settings, this.settings),
    })
  }

  protected async check({ directory, registry, state, logs, report }: Started): Promise<void> {
    const passage = { isPowerCut: this.isPowerCut }
    must(report.problems.length === 0, 'without corruption recovery reports no problem', { problems: report.problems })
    if (this.isCleanlyClosed)
      must(
        report.clean && report.groupsReplayed === 0 && report.bytesQuarantined === 0,
        'after a clean stop nothing is replayed',
        {
          report,
        },
      )
    this.directory = directory
    this.registry.log = registry
    this.registry.model.recovered(registry, passage)
    await this.readAll(this.registry)
    for (const topic of [...this.topics.values()]) if (!state.topics.has(topic.id)) this.topics.delete(topic.id)
    for (const { id, name, settings } of state.topics.values()) {
      const topic = this.topics.get(id)
      must(topic !== undefined, 'the registry names only topics that were created', { name })
      topic.isThere = true
      topic.isDeleting = false
      topic.isSwitching = false
      topic.settings = settings
      for (const [i, partition] of topic.partitions.entries()) {
        partition.log = (logs.get(id) as DiskPartitionLog[])[i] as DiskPartitionLog
        partition.model.recovered(partition.log, passage)
        partition.model.isJournaled = partition.log.durability === 'fsync'
        await this.readAll(partition)
      }
    }
    this.checkDirectories(state)
    this.isPowerCut = false
    this.isCleanlyClosed = false
    this.isDisturbed = false
    this.mayFail = false
    this.wasFull = false
    this.isClosing = false
    this.look()
  }

  protected async readAll({ log, model }: Partition): Promise<void> {
    const end = log.highWatermark
    for (let offset = log.logStartOffset; offset < end; ) {
      const { buffers } = await this.sim.run(Promise.resolve(log.read({ offset, bytesMax: 20_000 })))
      const next = model.checkRead(offset, buffers, end)
      must(next > offset, 'a read below the high watermark returns something', { log: model.name, offset, end })
      offset = next
    }
  }

  /** A deleted topic's files are gone, and no name is there that nobody claims. */
  protected checkDirectories(state: ReturnType<typeof replay>): void {
    const expected = new Set([`${registryTopic}-0`, 'quarantine'])
    for (const { name, partitions } of state.topics.values())
      for (const partition of range(partitions)) expected.add(`${name}-${partition}`)
    for (const name of this.sim.disk.list(root)) {
      const isDirectory = this.sim.disk.stat(`${root}/${name}`)?.isDirectory === true
      must(!isDirectory || expected.has(name), 'deleted topics stay deleted', { directory: name })
    }
  }

  protected async end(): Promise<void> {
    const way = this.dice.below(10)
    if (way < 2 && !this.isDisturbed) return this.close()
    if (way === 2) {
      this.isClosing = true
      const closing = this.directory?.close().catch(() => {})
      await this.sim.step(this.dice.below(50))
      void closing
    } else if (way === 3 && !this.isDisturbed) await this.drain()
    else if (way === 5 && !this.mayFail) await this.goOn()
    else if (way === 4) await this.sim.advance(this.dice.below(300))
    this.look()
    this.die()
  }

  /** What readers got in this life. */
  protected held: { buffers: readonly Buffer[]; bytes: Buffer }[] = []

  protected die(): void {
    for (const { buffers, bytes } of this.held)
      must(Buffer.concat(buffers).equals(bytes), 'what a reader holds does not change under its hands')
    this.held = []
    this.life += 1
    this.isFull = false
    this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
    if (this.dice.chance(0.7)) {
      this.isPowerCut = true
      this.sim.crash({ hostile: this.dice.chance(0.2) })
    } else this.sim.kill()
    this.disarm()
    if (this.broken !== undefined) throw this.broken
  }

  /** Everything that was appended becomes durable, and is answered. */
  protected async drain(): Promise<void> {
    const { journal } = this.directory as DiskLogDirectory
    do await this.sim.run(journal.durable)
    while (!journal.isIdle) // what was durable let something else be appended
    this.look()
    for (const { log, model } of this.partitions())
      if (model.isJournaled)
        must(log.highWatermark === log.nextOffset, 'once idle, all is durable', { log: model.name })
  }

  /** A second after there is room again, appends are taken, and become durable. */
  protected async goOn(): Promise<void> {
    this.isFull = false
    this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
    this.disarm()
    await this.sim.advance(2500)
    for (const partition of this.living()) this.send(partition, 1, 10)
    await this.drain()
  }

  protected async close(): Promise<void> {
    this.isClosing = true
    await this.sim.run((this.directory as DiskLogDirectory).close())
    this.look()
    this.isCleanlyClosed = this.sim.disk.stat(`${root}/.kafka_cleanshutdown`) !== undefined
    must(this.isCleanlyClosed || this.wasFull, 'a clean stop is marked', {})
    if (this.isCleanlyClosed)
      for (const { model } of this.partitions())
        model.checkpointed({ highWatermark: model.written, logStartOffset: model.startMax })
    this.die()
  }

  /** The promises that hold at every moment. */
  protected look(): void {
    if (this.isCut) return
    if (this.broken !== undefined) throw this.broken
    for (const { log, model } of this.partitions()) {
      model.takeBack(log, this.wasFull || this.isDisturbed)
      model.look(log)
    }
    if (!this.mayFail)
      must(this.directory?.failure === undefined, 'nothing fails without a failed sync', {
        failure: String(this.directory?.failure),
      })
  }

  protected *partitions(): Generator<Partition> {
    yield this.registry
    for (const topic of this.topics.values()) if (!topic.isDeleting) yield* topic.partitions
  }

  /** Which errors may come at all, and when. */
  protected judge(error: unknown): void {
    if (this.isCut) return
    if (error instanceof Broken) throw error
    const code = error instanceof KafkaError ? error.code : error instanceof DiskError ? error.errno : undefined
    const isExpected =
      code === 'RECORD_LIST_TOO_LARGE' ||
      code === 'MESSAGE_TOO_LARGE' ||
      (code === 'NOT_ENOUGH_REPLICAS' && this.wasFull) ||
      (code === 'KAFKA_STORAGE_ERROR' && this.isDisturbed) ||
      (code === 'EIO' && this.isDisturbed) ||
      (code === 'LOG_CLOSED' && this.isClosing)
    if (!isExpected) throw error
  }

  protected armed: { disarm(): void }[] = []

  protected disarm(): void {
    for (const fault of this.armed) fault.disarm()
    this.armed = []
  }

  // ------------------------------------------------------------------------------------------------------------ helpers

  protected send(target: Partition, records: number, valueBytes: number, producerId = -1): void {
    const { log, model } = target
    model.takeBack(log, this.wasFull || this.isDisturbed)
    const builder = new BatchBuilder()
    for (let i = 0; i < records; i++)
      builder.append({
        value: `${this.counter++}${'.'.repeat(valueBytes)}`,
        timestampMs: this.sim.clock.now() - this.dice.below(500),
      })
    const baseSequence = producerId < 0 ? -1 : nextSequence(model, producerId)
    const batch = builder.build(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence })
    const result = log.append(batch, { origin: 'client' })
    must(!result.duplicate, 'a new batch is no duplicate', { log: model.name, producerId, baseSequence })
    this.appends += 1
    model.appended(batch, result.baseOffset, result.nextOffset, producerId, baseSequence)
    this.expectDurable(target, result)
  }

  /** Acknowledged means: below the high watermark, now and for ever. */
  protected expectDurable(
    { log, model }: Partition,
    { nextOffset, durable }: { nextOffset: number; durable: Promise<void> },
  ): void {
    const { isJournaled } = model
    this.watch(
      durable,
      () => {
        must(log.highWatermark >= nextOffset, 'an acknowledged batch is below the high watermark', {
          log: model.name,
          nextOffset,
        })
        if (isJournaled) model.floor = Math.max(model.floor, nextOffset)
      },
      log,
    )
  }

  /** Runs `then` if the promise resolves within this life; a rejection has to be one that may come. */
  protected watch<T>(promise: Promise<T>, then: (value: T) => void = () => {}, log?: DiskPartitionLog): void {
    const life = this.life
    promise
      .then(
        value => {
          if (life === this.life && !this.isCut) then(value)
        },
        error => {
          if (life !== this.life || log?.isDeleted) return
          if (error instanceof KafkaError && error.code === 'OFFSET_OUT_OF_RANGE') return // retention was faster
          this.judge(error)
        },
      )
      .catch(error => {
        if (life === this.life) this.broken ??= error
      })
  }

  protected attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.judge(error)
    }
  }

  protected living(): Partition[] {
    return [...this.topics.values()]
      .filter(topic => topic.isThere && !topic.isDeleting)
      .flatMap(topic => topic.partitions)
  }
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
