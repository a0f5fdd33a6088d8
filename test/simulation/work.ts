// What a process under test is made to do, drawn from a weighted table: appends, repeats, reads, rolls, checkpoints, retention,
// topics that come, go and change, and faults of the disk.
// Called by storage.ts.

import { Settings } from '../../src/base/config.ts'
import { KafkaError } from '../../src/base/errors.ts'
import type { DiskLogDirectory } from '../../src/log/log-directory.ts'
import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import type { SimulatedPlatform } from '../../src/platform/simulated.ts'
import { BatchBuilder } from '../../src/records/build.ts'
import { must, PartitionModel } from './model.ts'
import { batchesOf, repeat } from './producers.ts'
import type { RegistryRecord } from './registry.ts'
import type { Partition, Topic } from './state.ts'
import { ringBytes } from './state.ts'
import { range, World } from './world.ts'

export class Work extends World {
  protected override operate(operation: Operation = this.dice.pick(workload)): void {
    try {
      this[operation]()
    } catch (error) {
      this.judge(error)
    }
  }

  append(): void {
    const target = this.pick()
    if (target !== undefined)
      this.send(target, this.recordCount(), this.dice.below(this.dice.chance(0.1) ? 20_000 : 120))
  }

  burst(): void {
    for (const partition of this.living()) this.send(partition, 1 + this.dice.below(3), this.dice.below(200))
  }

  oversized(): void {
    const target = this.pick()
    if (target === undefined) return
    const before = target.log.nextOffset
    this.attempt(() => this.send(target, 1, ringBytes))
    if (target.log.durability === 'fsync')
      must(target.log.nextOffset === before, 'a batch above a quarter of the ring is refused', {
        log: target.model.name,
      })
  }

  idempotent(): void {
    const target = this.pick()
    if (target === undefined) return
    const producerId = 1000 + this.dice.below(2)
    this.send(target, this.recordCount(), this.dice.below(60), producerId)
    if (this.dice.chance(0.2)) this.repeat() // before the first one is durable
  }

  repeat(): void {
    const target = this.pick()
    if (target === undefined) return
    const { log, model } = target
    const known = batchesOf(model, 1000 + this.dice.below(2)).filter(batch => batch.baseOffset >= log.logStartOffset)
    const batch = known.at(-1 - this.dice.below(7))
    if (batch === undefined) return
    const repeated = repeat(log, model, batch)
    if (repeated !== undefined) this.expectDurable(target, repeated)
  }

  roll(): void {
    const log = this.pick()?.log
    if (log !== undefined && log.active.bytes > 0) log.roll()
  }

  checkpoint(): void {
    const ends = [...this.partitions()].map(({ model, log: { highWatermark, logStartOffset } }) => ({
      model,
      highWatermark,
      logStartOffset,
    }))
    this.watch((this.directory as DiskLogDirectory).checkpoint(), () => {
      for (const { model, ...end } of ends) model.checkpointed(end)
    })
  }

  retain(): void {
    this.watch((this.directory as DiskLogDirectory).retain())
  }

  read(): void {
    const { log, model } = this.dice.pick([...this.partitions()])
    const end = log.highWatermark
    const offset = log.logStartOffset + this.dice.below(end - log.logStartOffset + 1)
    const life = this.life
    const reading = Promise.resolve(log.read({ offset, bytesMax: this.dice.pick([1, 500, 50_000]) }))
    this.watch(
      reading,
      ({ buffers }) => {
        if (life !== this.life || log.isDeleted) return
        const next = model.checkRead(offset, buffers, end)
        if (buffers.length > 0) this.held.push({ buffers, bytes: Buffer.concat(buffers) })
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
    const { log } = this.dice.pick([...this.partitions()])
    const offset = this.dice.chance(0.5) ? log.nextOffset + 1 : log.logStartOffset - 1
    try {
      log.read({ offset, bytesMax: 1 })
      must(false, 'an offset outside the log is refused', { offset })
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error
    }
  }

  create(): void {
    if (this.topics.size >= 4) return
    const name = this.dice.pick(['orders', 'payments', '__proto__'])
    for (const topic of this.topics.values()) if (topic.name === name && !topic.isDeleting) return
    const id = this.dice.bytes(16).toString('base64url')
    const settings: [string, string][] = [
      ['varve.durability', this.dice.pick(['fsync', 'fsync', 'interval', 'os'])],
      ['flush.ms', '50'],
      ['retention.bytes', this.dice.pick(['-1', '3000'])],
    ]
    const partitions = 1 + this.dice.below(2)
    const directory = this.directory as DiskLogDirectory
    const opened: DiskPartitionLog[] = []
    try {
      for (const partition of range(partitions))
        opened.push(this.openPartition(directory, { id, name, settings }, partition))
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
      this.register({ type: 'created', id, name, partitions, settings }, () => {
        topic.isThere = true
      })
      this.topics.set(id, topic)
    } catch (error) {
      for (const log of opened) directory.deletePartition(log)
      throw error
    }
  }

  remove(): void {
    const topic = this.pickTopic()
    if (topic === undefined) return
    this.register({ type: 'deleted', id: topic.id })
    topic.isDeleting = true
    for (const { log } of topic.partitions) this.directory?.deletePartition(log)
  }

  /** The registry's word follows on the way in, and goes before on the way out, so that no crash makes it a promise too much. */
  switchDurability(): void {
    const topic = this.pickTopic()
    if (topic === undefined || topic.isSwitching) return
    const durability = this.dice.pick(['fsync', 'interval', 'os'])
    const settings: [string, string][] = topic.settings.map(([name, value]) => [
      name,
      name === 'varve.durability' ? durability : value,
    ])
    const life = this.life
    const configure = (): void => {
      const all = new Settings(settings, this.settings)
      this.watch(Promise.all(topic.partitions.map(({ log }) => log.configure(all))), () => {
        if (life !== this.life) return
        topic.isSwitching = false
        if (topic.isDeleting || durability !== 'fsync') return
        for (const { model, log } of topic.partitions) {
          model.floor = Math.max(model.floor, log.highWatermark)
          model.isJournaled = true
        }
        this.attempt(() => this.register({ type: 'settings', id: topic.id, settings }))
      })
    }
    topic.isSwitching = true
    topic.settings = settings
    for (const { model } of topic.partitions) if (durability !== 'fsync') model.isJournaled = false
    if (durability === 'fsync') configure()
    else this.register({ type: 'settings', id: topic.id, settings }, () => !topic.isDeleting && this.attempt(configure))
  }

  wait(): void {
    const { sim } = this
    const ms = this.dice.pick([1, 20, 200, 2000])
    sim.clock.after(ms, () => {})
    this.watch(sim.advance(0))
    void ms
  }

  failSync(): void {
    if (this.isDisturbed) return
    this.isDisturbed = true
    this.mayFail = true
    this.armed.push(
      this.sim.disk.fail({
        on: 'sync',
        path: this.dice.pick([/varve-journal$/, /\.log$/, /varve-manifest/, /./]),
        nth: 1 + this.dice.below(4),
        hangs: this.dice.chance(0.3),
      }),
    )
  }

  failWrite(): void {
    if (this.isDisturbed) return
    this.isDisturbed = true
    const errno = this.dice.pick(['EIO', 'ENOSPC'])
    if (errno === 'ENOSPC') this.wasFull = true
    else this.mayFail = true // a checkpoint that cannot write is as bad as one that cannot sync
    this.armed.push(
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
    if (this.isDisturbed) return
    this.isDisturbed = true
    this.armed.push(this.sim.disk.fail({ on: 'read', path: /\.log$/, nth: 1 + this.dice.below(3) }))
  }

  fill(): void {
    if (this.isFull) {
      this.isFull = false
      this.sim.disk.capacityBytes = Number.POSITIVE_INFINITY
      return
    }
    this.isFull = true
    this.wasFull = true
    this.sim.disk.capacityBytes = usedBytes(this.sim) + this.dice.below(60_000)
  }

  protected register(record: RegistryRecord, then: () => void = () => {}): void {
    const builder = new BatchBuilder()
    builder.append({ value: JSON.stringify(record), timestampMs: this.sim.clock.now() })
    const { log, model } = this.registry
    model.takeBack(log, this.wasFull || this.isDisturbed)
    const batch = builder.build()
    const { baseOffset, nextOffset, durable } = log.append(batch, { origin: 'internal' })
    model.appended(batch, baseOffset, nextOffset, -1, -1)
    this.expectDurable(this.registry, { nextOffset, durable })
    this.watch(durable, then)
  }

  protected pick(): Partition | undefined {
    const living = this.living()
    return living.length === 0 ? undefined : this.dice.pick(living)
  }

  protected pickTopic(): Topic | undefined {
    const topics = [...this.topics.values()].filter(topic => topic.isThere && !topic.isDeleting)
    return topics.length === 0 ? undefined : this.dice.pick(topics)
  }

  protected recordCount(): number {
    return this.dice.chance(0.8) ? 1 + this.dice.below(3) : 1 + this.dice.below(30)
  }
}

/** What operate() draws from. */
export type Operation = (typeof workload)[number]

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

/** What the files take, in pages. */
function usedBytes({ disk }: SimulatedPlatform): number {
  let used = 0
  for (const path of disk.files()) used += Math.ceil((disk.stat(path)?.bytes ?? 0) / 4096) * 4096
  return used
}
