// The checkpoint: what the journal promised becomes true in the segments themselves, and the ring's space is free again.
//
//   1 note the journal's point and every partition's durable end   (one synchronous stretch)
//   2 write what only the tail has into the segments; sync those, indexes of sealed ones, directories with new names
//   3 write the manifest, sync it
//   4 write the journal's header with the new tail, sync it; only now may the space be reused
//   5 let go of what the manifest no longer names: forgotten segments, deleted directories
//
// A crash between any two steps leaves the old tail with at least the old manifest: replay writes the same bytes again.
// A failure in 2 to 4 is final: nothing is synced again in hope, the ring stays as it is, appends stop for the directory.
// Only a write that finds the disk full is not: the journal and the tail have those bytes, and the next checkpoint tries again.
// One runs at a time; requests that come meanwhile share the next one. Owned by log-directory.ts.

import { KafkaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Clock, Disk, Timer } from '../platform/platform.ts'
import { DirtyState } from './dirty-state.ts'
import type { FilePool } from './file-pool.ts'
import type { Journal } from './journal.ts'
import { deletedSuffix } from './layout.ts'
import type { ManifestWriter, PartitionRow } from './manifest.ts'
import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** What a checkpoint sees of its directory. */
export interface CheckpointHost {
  readonly disk: Disk
  readonly clock: Clock
  readonly pool: FilePool
  readonly logger: Logger
  readonly journal: Journal
  readonly manifest: ManifestWriter
  readonly logs: ReadonlySet<DiskPartitionLog>
  /** False until recovery has ended. */
  readonly isServing: boolean
  readonly failure: Error | undefined
  rows(): PartitionRow[]
  fail(error: Error): void
}

/** Bytes appended to a partition after which a checkpoint also writes its producers and index, to keep recovery's walk short. */
const snapshotEveryBytes = 64 << 20
/** Segments written by a checkpoint before others get a turn: 32 small writes take 0.2 ms. */
const writesAtOnce = 32
const diskFullRetryMs = 1000

export class Checkpoints {
  readonly dirty = new DirtyState()
  readonly #host: CheckpointHost
  readonly #intervalMs: number
  readonly #runs = new OneAtATime(() => this.#run())
  /** Let go after the next checkpoint that begins from now on. */
  #doomedSegments: { segment: Segment; delayMs: number }[] = []
  #doomedLogs: DiskPartitionLog[] = []
  readonly #timers = new Set<Timer>()
  #timer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #isStopped = false

  constructor(host: CheckpointHost, intervalMs: number) {
    this.#host = host
    this.#intervalMs = intervalMs
  }

  /** A checkpoint that begins after this call. */
  request(): Promise<void> {
    return this.#runs.request()
  }

  /** Retention forgot it: its files go, `delayMs` after a checkpoint that no longer names it. */
  doomSegment(segment: Segment, delayMs: number): void {
    this.#doomedSegments.push({ segment, delayMs })
  }

  /** Deleted, and the record that says so is durable. */
  doomLog(log: DiskPartitionLog): void {
    this.#doomedLogs.push(log)
  }

  /** No more by the clock; the one that closes the directory may still be asked for. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Resolves when none runs. Nothing is removed later. */
  async end(): Promise<void> {
    await this.#runs.idle()
    for (const timer of this.#timers) timer.cancel()
  }

  markDirty(log: DiskPartitionLog, segment: Segment): void {
    this.dirty.add(segment)
    this.appended(log)
  }

  appended(log: DiskPartitionLog): void {
    this.dirty.addLog(log)
    if (log.bytesSinceSnapshot > snapshotEveryBytes) this.dirty.addSnapshot(log)
    const isInterval = log.durability === 'interval'
    if (!isInterval && this.#dueMs !== Number.POSITIVE_INFINITY) return // this runs on every append
    const withinMs = isInterval ? log.settings.number('flush.ms') : this.#intervalMs
    if (this.#host.clock.monotonic() + withinMs < this.#dueMs) this.within(withinMs)
  }

  /** At the latest in so many ms. */
  within(delayMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, this.#host.clock.monotonic() + delayMs)
    this.arm()
  }

  /** One timer; it looks again if the time that it was set for has moved. */
  arm(): void {
    if (this.#dueMs === Number.POSITIVE_INFINITY || !this.#host.isServing) return
    this.#timer?.cancel()
    this.#timer = this.#host.clock.after(Math.max(0, this.#dueMs - this.#host.clock.monotonic()), () => {
      if (this.#isStopped) return
      if (this.#host.clock.monotonic() < this.#dueMs) this.arm()
      else this.request().catch(() => {})
    })
  }

  /** Steps 1 to 5 of checkpoint.ts. */
  async #run(): Promise<void> {
    this.#checkHost()
    this.#dueMs = Number.POSITIVE_INFINITY
    const doomedSegments = this.#doomedSegments.splice(0)
    const doomedLogs = this.#doomedLogs.splice(0)
    const point = this.#host.journal.capture()
    const rows = this.#host.rows()
    const unnamed = [...this.#host.logs].map(log => log.active).filter(segment => !segment.isNamed)
    try {
      await this.#writeOutAll()
      const generation = await this.#syncAll(rows)
      for (const segment of unnamed) segment.isNamed = true
      await this.#host.journal.release(point, generation)
    } catch (error) {
      this.#doomedSegments.unshift(...doomedSegments)
      this.#doomedLogs.unshift(...doomedLogs)
      if (isDiskFull(error)) this.within(diskFullRetryMs)
      else this.#host.fail(error as Error)
      throw error
    }
    for (const { segment, delayMs } of doomedSegments) this.#letGo(segment, delayMs)
    for (const log of doomedLogs) await this.#removeDeleted(log)
  }

  #checkHost(): void {
    if (this.#host.failure !== undefined) throw this.#host.failure
  }

  async #writeOutAll(): Promise<void> {
    const logs = this.dirty.takeLogs()
    for (let i = 0; i < logs.length; i++) {
      try {
        ;(logs[i] as DiskPartitionLog).writeOut()
      } catch (error) {
        for (const log of logs.slice(i)) this.dirty.addLog(log)
        throw error
      }
      if (i % writesAtOnce === writesAtOnce - 1) await new Promise<void>(resolve => this.#host.clock.soon(resolve))
    }
  }

  /** The manifest's generation. */
  async #syncAll(rows: readonly PartitionRow[]): Promise<number> {
    const { segments, sealed, files, directories, snapshots } = this.dirty.take()
    for (const log of snapshots) this.#shortenWalk(log)
    await eachAtOnce(this.#host.disk, segments, segment => segment.sync())
    await eachAtOnce(this.#host.disk, sealed, segment => segment.syncIndexes())
    for (const segment of sealed) segment.dropIndexes()
    await eachAtOnce(this.#host.disk, files, ({ place, name }) =>
      syncFile(this.#host.disk, `${place.directory}/${name}`),
    )
    for (const { directory } of directories)
      if (this.#host.disk.stat(directory) !== undefined) await this.#host.disk.syncDirectory(directory)
    this.#checkHost() // a sync that failed elsewhere meanwhile may have been of bytes that these rows speak of
    return this.#host.manifest.write(rows)
  }

  #shortenWalk(log: DiskPartitionLog): void {
    if (!log.isDeleted) this.writeCaches(log, log.active, { seal: false })
  }

  /** Index and producers: without them the next start walks longer, so no failure of theirs matters. */
  writeCaches(log: DiskPartitionLog, segment: Segment, { seal }: { seal: boolean }): void {
    try {
      segment.flushIndexes({ seal })
      if (log.snapshotOffset !== log.nextOffset) log.writeProducerSnapshot()
    } catch (error) {
      this.#host.logger.warn('producers and index of a partition could not be written', {
        path: log.directory,
        error: String(error),
      })
    }
  }

  /** Renamed now, removed after file.delete.delay.ms: readers that hold it finish. */
  #letGo(segment: Segment, delayMs: number): void {
    try {
      segment.remove(deletedSuffix)
    } catch (error) {
      this.#host.logger.warn('a forgotten segment could not be renamed; the next start removes it', {
        path: segment.logPath,
        error: String(error),
      })
      return
    }
    const timer = this.#host.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      void segment.removeRenamed(deletedSuffix).catch(() => {}) // the next start removes it
    })
    this.#timers.add(timer)
  }

  async #removeDeleted(log: DiskPartitionLog): Promise<void> {
    for (const segment of log.allSegments) this.#host.pool.forget(segment.logPath)
    await this.#host.disk.removeTree(log.directory)
  }
}

/** One runs at a time; requests that come meanwhile share the next one. */
class OneAtATime {
  readonly #work: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** A checkpoint that begins after this call. */
  request(): Promise<void> {
    if (this.#next !== undefined) return this.#next // also between the end of one and the start of the next
    if (this.#running === undefined) return this.#start()
    this.#next = this.#running.catch(() => {}).then(() => this.#start())
    return this.#next
  }

  /** Resolves when none runs. */
  async idle(): Promise<void> {
    while (this.#next !== undefined || this.#running !== undefined) await (this.#next ?? this.#running)?.catch(() => {})
  }

  #start(): Promise<void> {
    this.#next = undefined
    const run = this.#work().finally(() => {
      if (this.#running === run) this.#running = undefined
    })
    this.#running = run
    run.catch(() => {}) // whoever asked hears of it; the directory has failed anyway
    return run
  }
}

/**
 * Syncs all items, as many at once as the disk likes (the file system's own commits are shared by those that wait together:
 * 1,000 segments with 6 at once instead of 2 halve what others wait), and fails with the first failure.
 */
export async function eachAtOnce<T>(
  { syncsAtOnce }: Disk,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T)
  }
  await Promise.all(Array.from({ length: Math.min(syncsAtOnce, items.length) }, worker))
}

/** Written into the page cache when its partition was made; gone if the topic was deleted since. */
async function syncFile(disk: Disk, path: string): Promise<void> {
  if (disk.stat(path) === undefined) return
  const file = disk.open(path, 'write')
  await file.sync().finally(() => file.close())
}

/** A write found no room. (A sync that says so is another matter: nobody knows what it has lost.) */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof KafkaError && error.code === 'NOT_ENOUGH_REPLICAS'
