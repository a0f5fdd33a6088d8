// One seed of the storage simulation: a data directory on a simulated machine, random work on several topics, random
// faults, power cuts and kills at any moment (during recovery too, several deep), and after each start every promise of the
// design's section 4 against a model (model.ts, producers.ts).
//   SEED=81723 npm test -- simulation        repeats one seed
//   SEEDS=20000 npm run simulate             runs many
// Called by storage.test.ts, planted.test.ts and run.ts.

import { type SettingName, Settings } from '../../src/base/config.ts'
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
import { readRecords } from '../../src/records/read.ts'
import { Broken, must, PartitionModel } from './model.ts'
import { batchesOf, nextSequence, repeat } from './producers.ts'

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

/** What `#operate` picks from. */
export type Operation = (typeof workload)[number]

/**
 * A fixed piece of work on a quiet machine, the power cut at one operation of the disk (1 is the first; none if missing), then
 * a start, and every promise. Resolves with the number of operations that the work took.
 */
export async function runScript(seed: number, script: readonly Operation[], cutAt?: number): Promise<number> {
  const world = new World(seed, {}, cutAt)
  try {
    return await world.follow(script)
  } catch (error) {
    throw new Broken(`seed ${seed}, power cut at operation ${cutAt}: ${(error as Error).message}`, { cause: error })
  }
}

export interface SimulateOptions {
  readonly plant?: Plant
  /** Lives of the process. */
  readonly livesMax?: number
}

/** Throws with the line that repeats it if a promise is broken. */
export async function simulate(seed: number, { plant = {}, livesMax = 5 }: SimulateOptions = {}): Promise<Outcome> {
  const world = new World(seed, plant)
  try {
    const lives = 2 + world.dice.below(livesMax - 1)
    for (let life = 0; life < lives; life++) await world.live()
    await world.start()
    return world.outcome
  } catch (error) {
    const found = error instanceof Error ? error : new Error(String(error))
    throw new Broken(`SEED=${seed} npm test -- simulation   ${found.message}`, { cause: found })
  }
}

const root = '/data'
const ringBytes = 256 << 10

/** The table's smallest ring would hardly ever come round. */
class SmallSettings extends Settings {
  override number(name: SettingName): number {
    return name === 'varve.journal.bytes' ? ringBytes : super.number(name)
  }
}

interface Partition {
  readonly model: PartitionModel
  log: DiskPartitionLog
}

interface Topic {
  readonly id: string
  readonly name: string
  settings: [string, string][]
  partitions: Partition[]
  /** The record that creates it is durable. */
  isThere: boolean
  isDeleting: boolean
  isSwitching: boolean
}

type RegistryRecord =
  | { type: 'created'; id: string; name: string; partitions: number; settings: [string, string][] }
  | { type: 'deleted'; id: string }
  | { type: 'settings'; id: string; settings: [string, string][] }

interface Started {
  readonly directory: DiskLogDirectory
  readonly registry: DiskPartitionLog
  readonly state: ReturnType<typeof replay>
  readonly logs: Map<string, DiskPartitionLog[]>
  readonly report: RecoveryReport
}

class World {
  readonly sim: SimulatedPlatform
  readonly dice: SeededRandom
  readonly #plant: Plant
  readonly #settings: Settings
  readonly #registry: Partition
  #topics = new Map<string, Topic>()
  #directory: DiskLogDirectory | undefined
  /** Grows with every end of a process: what an earlier one still says does not count. */
  #life = 0
  #isPowerCut = false
  #isCleanlyClosed = false
  /** Something was made to fail in this life: errors are expected, and the directory may have failed. */
  #isDisturbed = false
  #isFull = false
  /** In this life: appends may be refused for a while after there is room again. */
  #wasFull = false
  #isClosing = false
  #mayFail = false
  #broken: unknown
  #counter = 0
  #starts = 0
  #appends = 0

  readonly #cutAt: number | undefined
  #operations = 0
  /** The power is gone: nothing that the process still does reaches the disk, or counts. */
  #isCut = false

  constructor(seed: number, plant: Plant, cutAt?: number) {
    this.#cutAt = cutAt
    this.sim = simulatedPlatform({ seed, disk: { onOperation: (_, path) => this.#count(path) } })
    this.dice = this.sim.random.fork()
    this.#plant = plant
    this.#settings = new SmallSettings([
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
    this.#registry = { model: new PartitionModel('registry', true), log: undefined as unknown as DiskPartitionLog }
  }

  get outcome(): Outcome {
    return { trace: this.sim.trace(), starts: this.#starts, appends: this.#appends, events: this.sim.eventCount }
  }

  #count(path: string): void {
    this.#operations += 1
    if (this.#operations === this.#cutAt) this.#isCut = true
    if (this.#isCut) throw new DiskError('the power is cut', { path, errno: 'EIO' })
  }

  async follow(script: readonly Operation[]): Promise<number> {
    try {
      await this.#check(await this.sim.run(this.#open()))
      for (const operation of script) {
        this.#operate(operation)
        await this.sim.step(this.dice.below(12))
        this.#look()
      }
      await this.#drain()
      if (this.dice.chance(0.5)) await this.sim.run((this.#directory as DiskLogDirectory).close())
    } catch (error) {
      if (!this.#isCut) throw error
    }
    const operations = this.#operations
    this.#isCut = false
    this.#die()
    await this.start()
    return operations
  }

  // ------------------------------------------------------------------------------------------------------------- a life

  async live(): Promise<void> {
    await this.start()
    const operations = 5 + this.dice.below(60)
    for (let i = 0; i < operations; i++) {
      this.#operate()
      if (this.dice.chance(0.7)) await this.sim.step(this.dice.below(this.dice.chance(0.3) ? 60 : 6))
      this.#look()
      if (this.#mayFail && this.#directory?.failure !== undefined && this.dice.chance(0.3)) break
    }
    await this.#end()
  }

  /** Crashes on the way are part of it; resolves when a start went through and everything was checked. */
  async start(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const opening = this.#open()
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
      if (started !== undefined) return this.#check(started)
      if (failure !== undefined) throw failure
      this.#isCleanlyClosed = false
      this.#die()
    }
  }

  async #open(): Promise<Started> {
    this.#starts += 1
    const booted = this.sim.boot()
    const platform = this.#plant.wrap?.(booted) ?? booted
    const options: LogDirectoryOptions = { settings: this.#settings, logger: silentLogger }
    const directory = await openLogDirectory(platform, root, options)
    const registry = directory.openPartition({
      topic: registryTopic,
      topicId: registryTopicId,
      partition: 0,
      settings: this.#settings,
    })
    const state = replay(await recordsOf(registry))
    const logs = new Map<string, DiskPartitionLog[]>()
    for (const { id, name, partitions, settings } of state.topics.values())
      logs.set(
        id,
        range(partitions).map(partition => this.#openPartition(directory, { id, name, settings }, partition)),
      )
    const report = await directory.finishRecovery({ isDeleted: id => state.deleted.has(id) })
    return { directory, registry, state, logs, report }
  }

  #openPartition(
    directory: DiskLogDirectory,
    { id, name, settings }: { id: string; name: string; settings: [string, string][] },
    partition: number,
  ): DiskPartitionLog {
    return directory.openPartition({
      topic: name,
      topicId: id,
      partition,
      settings: new Settings(settings, this.#settings),
    })
  }

  async #check({ directory, registry, state, logs, report }: Started): Promise<void> {
    const passage = { isPowerCut: this.#isPowerCut }
    must(report.problems.length === 0, 'without corruption recovery reports no problem', { problems: report.problems })
    if (this.#isCleanlyClosed)
      must(
        report.clean && report.groupsReplayed === 0 && report.bytesQuarantined === 0,
        'after a clean stop nothing is replayed',
        {
          report,
        },
      )
    this.#directory = directory
    this.#registry.log = registry
    this.#registry.model.recovered(registry, passage)
    await this.#readAll(this.#registry)
    for (const topic of [...this.#topics.values()]) if (!state.topics.has(topic.id)) this.#topics.delete(topic.id)
    for (const { id, name, settings } of state.topics.values()) {
      const topic = this.#topics.get(id)
      must(topic !== undefined, 'the registry names only topics that were created', { name })
      topic.isThere = true
      topic.isDeleting = false
      topic.isSwitching = false
      topic.settings = settings
      for (const [i, partition] of topic.partitions.entries()) {
        partition.log = (logs.get(id) as DiskPartitionLog[])[i] as DiskPartitionLog
        partition.model.recovered(partition.log, passage)
        partition.model.isJournaled = partition.log.durability === 'fsync'
        await this.#readAll(partition)
      }
    }
    this.#checkDirectories(state)
    this.#isPowerCut = false
    this.#isCleanlyClosed = false
    this.#isDisturbed = false
    this.#mayFail = false
    this.#wasFull = false
    this.#isClosing = false
    this.#look()
  }

  async #readAll({ log, model }: Partition): Promise<void> {
    const end = log.highWatermark
    for (let offset = log.logStartOffset; offset < end; ) {
      const { buffers } = await this.sim.run(Promise.resolve(log.read({ offset, bytesMax: 20_000 })))
      const next = model.checkRead(offset, buffers, end)
      must(next > offset, 'a read below the high watermark returns something', { log: model.name, offset, end })
      offset = next
    }
  }

  /** A deleted topic's files are gone, and no name is there that nobody claims. */
  #checkDirectories(state: ReturnType<typeof replay>): void {
    const expected = new Set([`${registryTopic}-0`, 'quarantine'])
    for (const { name, partitions } of state.topics.values())
      for (const partition of range(partitions)) expected.add(`${name}-${partition}`)
    for (const name of this.sim.disk.list(root)) {
      const isDirectory = this.sim.disk.stat(`${root}/${name}`)?.isDirectory === true
      must(!isDirectory || expected.has(name), 'deleted topics stay deleted', { directory: name })
    }
  }

  async #end(): Promise<void> {
    const way = this.dice.below(10)
    if (way < 2 && !this.#isDisturbed) return this.#close()
    if (way === 2) {
      this.#isClosing = true
      const closing = this.#directory?.close().catch(() => {})
      await this.sim.step(this.dice.below(50))
      void closing
    } else if (way === 3 && !this.#isDisturbed) await this.#drain()
    else if (way === 5 && !this.#mayFail) await this.#goOn()
    else if (way === 4) await this.sim.advance(this.dice.below(300))
    this.#look()
    this.#die()
  }

  /** What readers got in this life. */
  #held: { buffers: readonly Buffer[]; bytes: Buffer }[] = []

  #die(): void {
    for (const { buffers, bytes } of this.#held)
      must(Buffer.concat(buffers).equals(bytes), 'what a reader holds does not change under its hands')
    this.#held = []
    this.#life += 1
    this.#isFull = false
    this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
    if (this.dice.chance(0.7)) {
      this.#isPowerCut = true
      this.sim.crash({ hostile: this.dice.chance(0.2) })
    } else this.sim.kill()
    this.#disarm()
    if (this.#broken !== undefined) throw this.#broken
  }

  /** Everything that was appended becomes durable, and is answered. */
  async #drain(): Promise<void> {
    const { journal } = this.#directory as DiskLogDirectory
    do await this.sim.run(journal.durable)
    while (!journal.isIdle) // what was durable let something else be appended
    this.#look()
    for (const { log, model } of this.#partitions())
      if (model.isJournaled)
        must(log.highWatermark === log.nextOffset, 'once idle, all is durable', { log: model.name })
  }

  /** A second after there is room again, appends are taken, and become durable. */
  async #goOn(): Promise<void> {
    this.#isFull = false
    this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
    this.#disarm()
    await this.sim.advance(2500)
    for (const partition of this.#living()) this.#append(partition, 1, 10)
    await this.#drain()
  }

  async #close(): Promise<void> {
    this.#isClosing = true
    await this.sim.run((this.#directory as DiskLogDirectory).close())
    this.#look()
    this.#isCleanlyClosed = this.sim.disk.stat(`${root}/.kafka_cleanshutdown`) !== undefined
    must(this.#isCleanlyClosed || this.#wasFull, 'a clean stop is marked', {})
    if (this.#isCleanlyClosed)
      for (const { model } of this.#partitions())
        model.checkpointed({ highWatermark: model.written, logStartOffset: model.startMax })
    this.#die()
  }

  /** The promises that hold at every moment. */
  #look(): void {
    if (this.#isCut) return
    if (this.#broken !== undefined) throw this.#broken
    for (const { log, model } of this.#partitions()) {
      model.takeBack(log, this.#wasFull || this.#isDisturbed)
      model.look(log)
    }
    if (!this.#mayFail)
      must(this.#directory?.failure === undefined, 'nothing fails without a failed sync', {
        failure: String(this.#directory?.failure),
      })
  }

  *#partitions(): Generator<Partition> {
    yield this.#registry
    for (const topic of this.#topics.values()) if (!topic.isDeleting) yield* topic.partitions
  }

  // --------------------------------------------------------------------------------------------------------------- work

  #operate(operation: Operation = this.dice.pick(workload)): void {
    try {
      this[operation]()
    } catch (error) {
      this.#judge(error)
    }
  }

  /** Which errors may come at all, and when. */
  #judge(error: unknown): void {
    if (this.#isCut) return
    if (error instanceof Broken) throw error
    const code = error instanceof KafkaError ? error.code : error instanceof DiskError ? error.errno : undefined
    const isExpected =
      code === 'RECORD_LIST_TOO_LARGE' ||
      code === 'MESSAGE_TOO_LARGE' ||
      (code === 'NOT_ENOUGH_REPLICAS' && this.#wasFull) ||
      (code === 'KAFKA_STORAGE_ERROR' && this.#isDisturbed) ||
      (code === 'EIO' && this.#isDisturbed) ||
      (code === 'LOG_CLOSED' && this.#isClosing)
    if (!isExpected) throw error
  }

  append(): void {
    const target = this.#pick()
    if (target !== undefined)
      this.#append(target, this.#recordCount(), this.dice.below(this.dice.chance(0.1) ? 20_000 : 120))
  }

  burst(): void {
    for (const partition of this.#living()) this.#append(partition, 1 + this.dice.below(3), this.dice.below(200))
  }

  oversized(): void {
    const target = this.#pick()
    if (target === undefined) return
    const before = target.log.nextOffset
    this.#try(() => this.#append(target, 1, ringBytes))
    if (target.log.durability === 'fsync')
      must(target.log.nextOffset === before, 'a batch above a quarter of the ring is refused', {
        log: target.model.name,
      })
  }

  idempotent(): void {
    const target = this.#pick()
    if (target === undefined) return
    const producerId = 1000 + this.dice.below(2)
    this.#append(target, this.#recordCount(), this.dice.below(60), producerId)
    if (this.dice.chance(0.2)) this.repeat() // before the first one is durable
  }

  repeat(): void {
    const target = this.#pick()
    if (target === undefined) return
    const { log, model } = target
    const known = batchesOf(model, 1000 + this.dice.below(2)).filter(batch => batch.baseOffset >= log.logStartOffset)
    const batch = known.at(-1 - this.dice.below(7))
    if (batch === undefined) return
    const repeated = repeat(log, model, batch)
    if (repeated !== undefined) this.#await(target, repeated)
  }

  roll(): void {
    const log = this.#pick()?.log
    if (log !== undefined && log.active.bytes > 0) log.roll()
  }

  checkpoint(): void {
    const ends = [...this.#partitions()].map(({ model, log: { highWatermark, logStartOffset } }) => ({
      model,
      highWatermark,
      logStartOffset,
    }))
    this.#watch((this.#directory as DiskLogDirectory).checkpoint(), () => {
      for (const { model, ...end } of ends) model.checkpointed(end)
    })
  }

  retain(): void {
    this.#watch((this.#directory as DiskLogDirectory).retain())
  }

  read(): void {
    const { log, model } = this.dice.pick([...this.#partitions()])
    const end = log.highWatermark
    const offset = log.logStartOffset + this.dice.below(end - log.logStartOffset + 1)
    const life = this.#life
    const reading = Promise.resolve(log.read({ offset, bytesMax: this.dice.pick([1, 500, 50_000]) }))
    this.#watch(
      reading,
      ({ buffers }) => {
        if (life !== this.#life || log.isDeleted) return
        const next = model.checkRead(offset, buffers, end)
        if (buffers.length > 0) this.#held.push({ buffers, bytes: Buffer.concat(buffers) })
        must(next > offset || offset === end, 'a read below the high watermark returns something', {
          log: model.name,
          offset,
          end,
        })
      },
      log,
    )
  }

  readOutside(): void {
    const { log } = this.dice.pick([...this.#partitions()])
    const offset = this.dice.chance(0.5) ? log.nextOffset + 1 : log.logStartOffset - 1
    try {
      log.read({ offset, bytesMax: 1 })
      must(false, 'an offset outside the log is refused', { offset })
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error
    }
  }

  create(): void {
    if (this.#topics.size >= 4) return
    const name = this.dice.pick(['orders', 'payments', '__proto__'])
    for (const topic of this.#topics.values()) if (topic.name === name && !topic.isDeleting) return
    const id = this.dice.bytes(16).toString('base64url')
    const settings: [string, string][] = [
      ['varve.durability', this.dice.pick(['fsync', 'fsync', 'interval', 'os'])],
      ['flush.ms', '50'],
      ['retention.bytes', this.dice.pick(['-1', '3000'])],
    ]
    const partitions = 1 + this.dice.below(2)
    const directory = this.#directory as DiskLogDirectory
    const opened: DiskPartitionLog[] = []
    try {
      for (const partition of range(partitions))
        opened.push(this.#openPartition(directory, { id, name, settings }, partition))
      const topic: Topic = {
        id,
        name,
        settings,
        partitions: opened.map((log, i) => ({
          log,
          model: new PartitionModel(`${name}-${i}`, log.durability === 'fsync'),
        })),
        isThere: false,
        isDeleting: false,
        isSwitching: false,
      }
      this.#register({ type: 'created', id, name, partitions, settings }, () => {
        topic.isThere = true
      })
      this.#topics.set(id, topic)
    } catch (error) {
      for (const log of opened) directory.deletePartition(log)
      throw error
    }
  }

  remove(): void {
    const topic = this.#pickTopic()
    if (topic === undefined) return
    this.#register({ type: 'deleted', id: topic.id })
    topic.isDeleting = true
    for (const { log } of topic.partitions) this.#directory?.deletePartition(log)
  }

  /** The registry's word follows on the way in, and goes before on the way out, so that no crash makes it a promise too much. */
  switchDurability(): void {
    const topic = this.#pickTopic()
    if (topic === undefined || topic.isSwitching) return
    const durability = this.dice.pick(['fsync', 'interval', 'os'])
    const settings: [string, string][] = topic.settings.map(([name, value]) => [
      name,
      name === 'varve.durability' ? durability : value,
    ])
    const life = this.#life
    const configure = (): void => {
      const all = new Settings(settings, this.#settings)
      this.#watch(Promise.all(topic.partitions.map(({ log }) => log.configure(all))), () => {
        if (life !== this.#life) return
        topic.isSwitching = false
        if (topic.isDeleting || durability !== 'fsync') return
        for (const { model, log } of topic.partitions) {
          model.floor = Math.max(model.floor, log.highWatermark)
          model.isJournaled = true
        }
        this.#try(() => this.#register({ type: 'settings', id: topic.id, settings }))
      })
    }
    topic.isSwitching = true
    topic.settings = settings
    for (const { model } of topic.partitions) if (durability !== 'fsync') model.isJournaled = false
    if (durability === 'fsync') configure()
    else this.#register({ type: 'settings', id: topic.id, settings }, () => !topic.isDeleting && this.#try(configure))
  }

  wait(): void {
    const { sim } = this
    const ms = this.dice.pick([1, 20, 200, 2000])
    sim.clock.after(ms, () => {})
    this.#watch(sim.advance(0))
    void ms
  }

  failSync(): void {
    if (this.#isDisturbed) return
    this.#isDisturbed = true
    this.#mayFail = true
    this.#armed.push(
      this.sim.disk.fail({
        on: 'sync',
        path: this.dice.pick([/varve-journal$/, /\.log$/, /varve-manifest/, /./]),
        nth: 1 + this.dice.below(4),
        hangs: this.dice.chance(0.3),
      }),
    )
  }

  failWrite(): void {
    if (this.#isDisturbed) return
    this.#isDisturbed = true
    const errno = this.dice.pick(['EIO', 'ENOSPC'])
    if (errno === 'ENOSPC') this.#wasFull = true
    else this.#mayFail = true // a checkpoint that cannot write is as bad as one that cannot sync
    this.#armed.push(
      this.sim.disk.fail({
        on: 'write',
        path: /\.log$/,
        nth: 1 + this.dice.below(3),
        errno,
        bytesWritten: this.dice.below(60),
      }),
    )
  }

  failRead(): void {
    if (this.#isDisturbed) return
    this.#isDisturbed = true
    this.#armed.push(this.sim.disk.fail({ on: 'read', path: /\.log$/, nth: 1 + this.dice.below(3) }))
  }

  #armed: { disarm(): void }[] = []

  #disarm(): void {
    for (const fault of this.#armed) fault.disarm()
    this.#armed = []
  }

  fill(): void {
    if (this.#isFull) {
      this.#isFull = false
      this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
      return
    }
    this.#isFull = true
    this.#wasFull = true
    this.sim.disk.capacityBytes = usedBytes(this.sim) + this.dice.below(60_000)
  }

  // ------------------------------------------------------------------------------------------------------------ helpers

  #append(target: Partition, records: number, valueBytes: number, producerId = -1): void {
    const { log, model } = target
    model.takeBack(log, this.#wasFull || this.#isDisturbed)
    const builder = new BatchBuilder()
    for (let i = 0; i < records; i++)
      builder.append({
        value: `${this.#counter++}${'.'.repeat(valueBytes)}`,
        timestampMs: this.sim.clock.now() - this.dice.below(500),
      })
    const baseSequence = producerId < 0 ? -1 : nextSequence(model, producerId)
    const batch = builder.build(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence })
    const result = log.append(batch, { origin: 'client' })
    must(!result.duplicate, 'a new batch is no duplicate', { log: model.name, producerId, baseSequence })
    this.#appends += 1
    model.appended(batch, result.baseOffset, result.nextOffset, producerId, baseSequence)
    this.#await(target, result)
  }

  /** Acknowledged means: below the high watermark, now and for ever. */
  #await({ log, model }: Partition, { nextOffset, durable }: { nextOffset: number; durable: Promise<void> }): void {
    const { isJournaled } = model
    this.#watch(
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

  #register(record: RegistryRecord, then: () => void = () => {}): void {
    const builder = new BatchBuilder()
    builder.append({ value: JSON.stringify(record), timestampMs: this.sim.clock.now() })
    const { log, model } = this.#registry
    model.takeBack(log, this.#wasFull || this.#isDisturbed)
    const batch = builder.build()
    const { baseOffset, nextOffset, durable } = log.append(batch, { origin: 'internal' })
    model.appended(batch, baseOffset, nextOffset, -1, -1)
    this.#await(this.#registry, { nextOffset, durable })
    this.#watch(durable, then)
  }

  /** Runs `then` if the promise resolves within this life; a rejection has to be one that may come. */
  #watch<T>(promise: Promise<T>, then: (value: T) => void = () => {}, log?: DiskPartitionLog): void {
    const life = this.#life
    promise
      .then(
        value => {
          if (life === this.#life && !this.#isCut) then(value)
        },
        error => {
          if (life !== this.#life || log?.isDeleted) return
          if (error instanceof KafkaError && error.code === 'OFFSET_OUT_OF_RANGE') return // retention was faster
          this.#judge(error)
        },
      )
      .catch(error => {
        if (life === this.#life) this.#broken ??= error
      })
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#judge(error)
    }
  }

  #living(): Partition[] {
    return [...this.#topics.values()]
      .filter(topic => topic.isThere && !topic.isDeleting)
      .flatMap(topic => topic.partitions)
  }

  #pick(): Partition | undefined {
    const living = this.#living()
    return living.length === 0 ? undefined : this.dice.pick(living)
  }

  #pickTopic(): Topic | undefined {
    const topics = [...this.#topics.values()].filter(topic => topic.isThere && !topic.isDeleting)
    return topics.length === 0 ? undefined : this.dice.pick(topics)
  }

  #recordCount(): number {
    return this.dice.chance(0.8) ? 1 + this.dice.below(3) : 1 + this.dice.below(30)
  }
}

const workload = weighted({
  append: 30,
  burst: 6,
  oversized: 1,
  idempotent: 12,
  repeat: 8,
  roll: 2,
  checkpoint: 5,
  retain: 3,
  read: 12,
  readOutside: 1,
  create: 6,
  remove: 2,
  switchDurability: 2,
  wait: 3,
  failSync: 0.6,
  failWrite: 0.6,
  failRead: 0.4,
  fill: 1,
})

function weighted<T extends string>(weights: Record<T, number>): T[] {
  return Object.entries<number>(weights).flatMap(([name, weight]) => Array<T>(weight * 5).fill(name as T))
}

function replay(records: readonly RegistryRecord[]) {
  const topics = new Map<string, { id: string; name: string; partitions: number; settings: [string, string][] }>()
  const deleted = new Set<string>()
  for (const record of records)
    if (record.type === 'created') topics.set(record.id, { ...record })
    else if (record.type === 'deleted') {
      topics.delete(record.id)
      deleted.add(record.id)
    } else {
      const topic = topics.get(record.id)
      if (topic !== undefined) topic.settings = record.settings
    }
  return { topics, deleted }
}

async function recordsOf(log: DiskPartitionLog): Promise<RegistryRecord[]> {
  const records: RegistryRecord[] = []
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { buffers } = await log.read({ offset, bytesMax: 1 << 16 })
    for (const buffer of buffers)
      for (const record of readRecords(buffer)) {
        if (record.offset >= offset) records.push(JSON.parse(String(record.value)))
        offset = Math.max(offset, record.offset + 1)
      }
  }
  return records
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** What the files take, in pages. */
function usedBytes({ disk }: SimulatedPlatform): number {
  let used = 0
  for (const path of disk.files()) used += Math.ceil((disk.stat(path)?.bytes ?? 0) / 4096) * 4096
  return used
}
