// One data directory: its owner, its journal, its partitions, its checkpoints.
//
//   openLogDirectory   own it → manifest → journal scanned → recovering
//   recovering         openPartition() takes partitions over; finishRecovery() makes it all true → serving
//   serving            appends, reads, checkpoints, retention; a failed sync → failed (reads go on)
//   close()            drain → checkpoint → indexes, snapshots → clean mark → owner released
//
// Called by broker/; offline tools read the files without it. The contract is types.ts.

import { assert } from '../base/assert.ts'
import type { Settings } from '../base/config.ts'
import { DiskError, KafkaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { isInternalTopic } from '../base/names.ts'
import type { Clock, Disk, DiskFile, Ownership, Platform } from '../platform/platform.ts'
import { type CheckpointHost, Checkpoints, eachAtOnce, isDiskFull } from './checkpoint.ts'
import type { LogContext } from './context.ts'
import {
  clusterIdOf,
  isCleanlyStopped,
  removeCleanMark,
  writeCleanMark,
  writeOffsetCheckpoints,
} from './directory-files.ts'
import { DirectoryRecovery } from './directory-recovery.ts'
import { DiskSpace } from './disk-space.ts'
import { FilePool } from './file-pool.ts'
import { IndexCache } from './index-cache.ts'
import { Journal } from './journal.ts'
import { beginRing, type FoundJournal, makeJournal } from './journal-open.ts'
import { deletedDirectoryName, leaderEpochFile, partitionMetadataFile } from './layout.ts'
import { confirmManifest, ManifestWriter, type PartitionRow } from './manifest.ts'
import { makePartitionDirectory, nameOf, writeSmallFile } from './partition-directory.ts'
import { DiskPartitionLog, type PartitionIdentity } from './partition-log.ts'
import { confirmFile } from './sealed-file.ts'
import { Segment } from './segment.ts'
import { Tail } from './tail.ts'
import type { LogDirectory, RecoveryReport } from './types.ts'
import { WarmBlocks } from './warm-blocks.ts'

export interface LogDirectoryOptions {
  readonly settings: Settings
  readonly logger: Logger
  /** A sync failed or ownership was lost: appends are over for good. */
  readonly onFatal?: (error: Error) => void
}

export async function openLogDirectory(
  platform: Platform,
  path: string,
  options: LogDirectoryOptions,
): Promise<DiskLogDirectory> {
  const { disk, random } = platform
  await makeDurableDirectory(disk, path)
  let directory: DiskLogDirectory | undefined
  const ownership = await disk.own(path, reason =>
    directory?.fail(
      new KafkaError('DIRECTORY_IN_USE', { message: `ownership of the directory was lost: ${reason}`, path }),
    ),
  )
  let recovery: DirectoryRecovery | undefined
  try {
    recovery = new DirectoryRecovery(platform, path, isCleanlyStopped(disk, path))
    await confirmManifest(disk, path, recovery.manifestGeneration) // recovery removes what it does not name
    const clusterId = await clusterIdOf(disk, path, random)
    directory = new DiskLogDirectory(platform, path, clusterId, ownership, recovery, options)
    return directory
  } catch (error) {
    recovery?.abandon()
    await ownership.release()
    throw error
  }
}

export class DiskLogDirectory implements LogDirectory, LogContext, CheckpointHost {
  readonly path: string
  readonly clusterId: string
  readonly disk: Disk
  readonly clock: Clock
  readonly pool: FilePool
  readonly indexes = new IndexCache()
  readonly warm: WarmBlocks
  readonly tail: Tail
  failure: Error | undefined
  /** Reads that found corruption since the start, newest last; kept short. */
  readonly corruptions: { path: string; position: number; problem: string }[] = []
  readonly #platform: Platform
  readonly #settings: Settings
  readonly logger: Logger
  readonly #onFatal: ((error: Error) => void) | undefined
  readonly #ownership: Ownership
  readonly #space: DiskSpace
  readonly manifest: ManifestWriter
  readonly #checkpoints: Checkpoints
  readonly #logs = new Set<DiskPartitionLog>()
  #orphanRows: readonly PartitionRow[] = []
  #recovery: DirectoryRecovery | undefined
  #journal: Journal | undefined
  #journalFile: DiskFile | undefined
  /** Deleted, and the record that says so is on its way. */
  readonly #leavingLogs = new Set<DiskPartitionLog>()
  readonly #root: { readonly directory: string }
  #closing: Promise<void> | undefined

  constructor(
    platform: Platform,
    path: string,
    clusterId: string,
    ownership: Ownership,
    recovery: DirectoryRecovery,
    { settings, logger, onFatal }: LogDirectoryOptions,
  ) {
    this.#platform = platform
    this.path = path
    this.#root = { directory: path }
    this.clusterId = clusterId
    this.disk = platform.disk
    this.clock = platform.clock
    this.pool = new FilePool(platform.disk)
    this.warm = new WarmBlocks(platform.disk.cacheBytes)
    this.tail = new Tail(settings.number('varve.memory.tail.bytes'))
    this.#settings = settings
    this.logger = logger
    this.#onFatal = onFatal
    this.#ownership = ownership
    this.#recovery = recovery
    this.#space = new DiskSpace({
      disk: platform.disk,
      clock: platform.clock,
      root: path,
      reserveBytes: settings.number('varve.disk.reserve.bytes'),
      logger,
    })
    this.manifest = new ManifestWriter(platform.disk, path, recovery.manifestGeneration)
    this.#checkpoints = new Checkpoints(this, settings.number('varve.checkpoint.interval.ms'))
  }

  get journal(): Journal {
    assert(this.#journal !== undefined, 'nothing is appended before recovery has finished')
    return this.#journal
  }

  get logs(): ReadonlySet<DiskPartitionLog> {
    return this.#logs
  }

  get freeBytes(): number {
    return this.#space.freeBytes
  }

  get isDiskFull(): boolean {
    return this.#space.isFull
  }

  // -------------------------------------------------------------------------------------------------------- partitions

  openPartition({ settings, ...identity }: PartitionIdentity & { settings: Settings }): DiskPartitionLog {
    const log =
      this.#recovery === undefined
        ? this.#createPartition(identity, settings)
        : this.#recovery.recover(identity, settings, this)
    this.#logs.add(log)
    return log
  }

  #createPartition(identity: PartitionIdentity, settings: Settings): DiskPartitionLog {
    this.#checkOpen()
    const log = new DiskPartitionLog(identity, settings, this)
    assert(this.disk.stat(log.directory) === undefined, `the directory ${nameOf(log.directory)} is free`)
    try {
      makePartitionDirectory(this.disk, log.directory, identity.topicId)
      writeSmallFile(this.disk, `${log.directory}/${leaderEpochFile}`, log.epochs.encode())
      log.allSegments.push(Segment.create(0, log.segmentOptions))
    } catch (error) {
      this.#park(log)
      this.#checkpoints.doomLog(log)
      throw this.#creationFailed(log, error)
    }
    for (const name of [partitionMetadataFile, leaderEpochFile]) this.#checkpoints.dirty.addFile(log, name)
    this.#checkpoints.dirty.addDirectory(log)
    this.#checkpoints.dirty.addDirectory(this.#root)
    return log
  }

  #creationFailed({ topic, partition }: DiskPartitionLog, cause: unknown): KafkaError {
    const isFull = cause instanceof DiskError && cause.errno === 'ENOSPC'
    if (isFull) this.diskIsFull()
    return isFull
      ? new KafkaError('NOT_ENOUGH_REPLICAS', { message: 'the disk is full', cause, topic, partition })
      : new KafkaError('KAFKA_STORAGE_ERROR', { message: 'the partition could not be made', cause, topic, partition })
  }

  deletePartition(log: DiskPartitionLog): void {
    if (!this.#logs.delete(log)) return
    log.isDeleted = true
    this.#park(log)
    // Until the deletion's record is durable a power cut undoes it, so until then the manifest goes on naming the partition.
    this.#leavingLogs.add(log)
    const release = (): void => {
      this.#leavingLogs.delete(log)
      log.tail.clear()
      this.#checkpoints.doomLog(log)
      this.#checkpoints.within(1000)
    }
    this.journal.durable.then(release, () => {}) // a failed directory keeps everything
  }

  /** The name is free at once; the files go with a checkpoint that no longer names them. */
  #park(log: DiskPartitionLog): void {
    for (const segment of log.allSegments) this.pool.forget(segment.logPath)
    const parked = `${this.path}/${deletedDirectoryName(log.topic, log.partition, log.topicId)}`
    if (this.disk.stat(log.directory) !== undefined) this.disk.rename(log.directory, parked)
    log.directory = parked
    this.#checkpoints.dirty.addDirectory(this.#root)
    this.#checkpoints.dirty.addDirectory(log)
  }

  // ---------------------------------------------------------------------------------------------------------- recovery

  async finishRecovery({ isDeleted }: { isDeleted(topicId: string): boolean }): Promise<RecoveryReport> {
    const recovery = this.#recovery
    assert(recovery !== undefined, 'recovery ends once')
    try {
      const { orphanRows, files, directories, removals } = await recovery.settle(this.#logs, isDeleted)
      this.#orphanRows = orphanRows
      for (const log of this.#logs)
        for (const segment of log.allSegments) if (segment.isDirty) this.#checkpoints.dirty.add(segment)
      await eachAtOnce(this.disk, this.#checkpoints.dirty.take().segments, segment => segment.sync())
      for (const path of files) await confirmFile(this.disk, path)
      for (const path of directories) await this.disk.syncDirectory(path)
      const journal = recovery.journal ?? (await this.#makeJournal(recovery)) // before anything says that there is one
      await removeCleanMark(this.disk, this.path)
      const generation = await this.manifest.write(this.rows())
      await this.#openJournal(journal, generation)
      for (const path of removals) await this.disk.removeTree(path)
    } catch (error) {
      this.fail(error as Error)
      throw error
    }
    this.#recovery = undefined
    await this.#space.start()
    this.#checkpoints.arm()
    return recovery.report()
  }

  #makeJournal({ manifestGeneration }: DirectoryRecovery): Promise<FoundJournal> {
    const ringBytes = this.#settings.number('varve.journal.bytes')
    return makeJournal(this.disk, this.#platform.random, this.path, { ringBytes, manifestGeneration })
  }

  async #openJournal({ file, scan }: FoundJournal, manifestGeneration: number): Promise<void> {
    const { ringBytes } = scan.header
    const header = await beginRing(file, this.#platform.random, scan, { ringBytes, manifestGeneration })
    this.#journalFile = file
    this.#journal = new Journal({
      file,
      clock: this.clock,
      header,
      ringBytesMax: this.#settings.number('varve.journal.bytes.max'),
      directBytes: this.#settings.number('varve.journal.direct.bytes'),
      onPressure: () => void this.#checkpoints.request().catch(() => {}),
      onFailure: error => this.fail(error),
    })
  }

  // ----------------------------------------------------------------------------------------- what partitions ask (LogContext)

  checkAppendable(log: DiskPartitionLog, bytes: number): void {
    this.#checkOpen()
    if ((this.#space.isFull || this.#space.freeBytes < bytes) && !isInternalTopic(log.topic))
      throw new KafkaError('NOT_ENOUGH_REPLICAS', {
        message: 'the disk is nearly full: nothing is appended until there is room',
        freeBytes: this.#space.freeBytes,
      })
  }

  #checkOpen(): void {
    if (this.failure !== undefined)
      throw new KafkaError('KAFKA_STORAGE_ERROR', {
        message: 'appends have stopped: the directory failed',
        cause: this.failure,
      })
    if (this.#closing !== undefined) throw new KafkaError('LOG_CLOSED', { message: 'the log is closed' })
  }

  diskIsFull(): void {
    this.#space.freeBallast()
  }

  markDirty(log: DiskPartitionLog, segment: Segment): void {
    this.#checkpoints.markDirty(log, segment)
  }

  appended(log: DiskPartitionLog): void {
    this.#checkpoints.appended(log)
  }

  segmentRolled(log: DiskPartitionLog, sealed: Segment): void {
    this.#checkpoints.dirty.addSealed(sealed)
    this.#checkpoints.dirty.addDirectory(log)
    this.#checkpoints.writeCaches(log, sealed, { seal: true })
  }

  corruptionFound(log: DiskPartitionLog, segment: Segment, position: number, problem: string): void {
    const path = `${nameOf(log.directory)}/${nameOf(segment.logPath)}`
    if (this.corruptions.some(known => known.path === path && known.position === position)) return
    if (this.corruptions.length < 100) this.corruptions.push({ path, position, problem })
    this.logger.error('corruption found: nothing was changed, reads there fail', { path, position, problem })
  }

  // -------------------------------------------------------------------------------------------------------- checkpoints

  checkpoint(): Promise<void> {
    return this.#checkpoints.request()
  }

  /** What the manifest is to say (CheckpointHost). */
  rows(): PartitionRow[] {
    return [...[...this.#logs, ...this.#leavingLogs].map(log => log.row()), ...this.#orphanRows]
  }

  get isServing(): boolean {
    return this.#recovery === undefined
  }

  // ---------------------------------------------------------------------------------------------------------- retention

  async retain(): Promise<number> {
    this.#checkOpen()
    let bytes = 0
    for (const log of this.#logs)
      for (const segment of this.#forgottenBy(log)) {
        bytes += segment.bytes
        this.#checkpoints.doomSegment(segment, log.settings.number('file.delete.delay.ms'))
      }
    if (bytes > 0) await this.checkpoint()
    return bytes
  }

  /** One partition that cannot begin a new segment (a full disk) does not keep the others from making room. */
  #forgottenBy(log: DiskPartitionLog): Segment[] {
    try {
      return log.forget(this.clock.now())
    } catch (error) {
      this.logger.warn('retention of a partition failed; it is tried again', {
        path: log.directory,
        error: String(error),
      })
      return []
    }
  }

  // -------------------------------------------------------------------------------------------------------------- ends

  fail(error: Error): void {
    if (this.failure !== undefined) return
    this.failure = error
    this.logger.error('appends have stopped for good: a write or sync failed; what was durable can still be read', {
      error: String(error),
    })
    this.#journal?.fail(error)
    this.#onFatal?.(error)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      this.#checkpoints.stop()
      await this.#space.stop()
      if (this.#journal !== undefined && this.failure === undefined) await this.#stopCleanly(this.#journal)
    } finally {
      await this.#checkpoints.end() // it uses the files that are closed below
      await this.#journal?.close()
      this.#journalFile?.close()
      this.#recovery?.abandon()
      this.manifest.close()
      this.pool.close()
      await this.#ownership.release()
    }
  }

  /** Journal empty, files plain Kafka files, nothing left to walk or rebuild at the next start. */
  async #stopCleanly(journal: Journal): Promise<void> {
    for (const log of this.#logs) await log.configured
    await journal.close()
    const logs = [...this.#logs].filter(log => log.degraded === undefined)
    const touched = logs.filter(log => log.isTouched)
    for (let i = 0; i < touched.length; i++) {
      this.#leaveInOrder(touched[i] as DiskPartitionLog)
      if (i % 32 === 31) await new Promise<void>(resolve => this.clock.soon(resolve))
    }
    try {
      await this.checkpoint().catch(() => this.checkpoint()) // a full disk: once more, without the ballast
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.logger.warn('the disk is full: the journal keeps what the segments lack', { error: String(error) })
      return eachAtOnce(this.disk, this.#checkpoints.dirty.take().segments, segment => segment.sync()) // of topics that the journal does not have
    }
    await eachAtOnce(this.disk, touched, log => log.active.syncIndexes())
    await eachAtOnce(this.disk, touched, log => this.disk.syncDirectory(log.directory))
    if (journal.failure === undefined) await this.#markClean(logs)
  }

  #leaveInOrder(log: DiskPartitionLog): void {
    if (log.active.cutTorn()) this.markDirty(log, log.active)
    this.#checkpoints.writeCaches(log, log.active, { seal: true })
  }

  /** Without room for the mark the stop is as good, and the next start looks a little longer. */
  async #markClean(logs: readonly DiskPartitionLog[]): Promise<void> {
    try {
      await writeOffsetCheckpoints(this.disk, this.path, logs)
      await writeCleanMark(this.disk, this.path)
    } catch (error) {
      if (!(error instanceof DiskError) || error.errno !== 'ENOSPC') throw error
      this.logger.warn('the disk is full: the stop is not marked as clean', { error: String(error) })
    }
  }
}

/** Every directory that had to be made is named durably in its parent: without that a power cut takes all of it. */
async function makeDurableDirectory(disk: Disk, path: string): Promise<void> {
  const made: string[] = []
  for (let at = path; disk.stat(at) === undefined && at.length > 1; at = parentOf(at)) made.push(at)
  disk.makeDirectory(path)
  for (const name of made.reverse()) await disk.syncDirectory(parentOf(name))
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? '/' : '.'
}
