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
// One runs at a time; requests that come meanwhile share the next one. Called by log-directory.ts.

import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** Steps 1 to 5. */
export type CheckpointWork = () => Promise<void>

/** Syncs of segments at once: the journal's own sync must find a free thread in the pool. */
const syncsAtOnce = 2

export class Checkpointer {
  readonly #work: CheckpointWork
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(work: CheckpointWork) {
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

/** A directory that may be renamed while it waits: that of a deleted topic. */
interface Place {
  readonly directory: string
}

/** What has to be synced before the manifest may speak of it. */
export class DirtyState {
  readonly #logs = new Set<DiskPartitionLog>()
  readonly #segments = new Set<Segment>()
  readonly #sealed = new Set<Segment>()
  readonly #directories = new Set<Place>()
  readonly #files: { place: Place; name: string }[] = []
  readonly #snapshots = new Set<DiskPartitionLog>()

  /** It may have batches that only the journal and the tail have. */
  addLog(log: DiskPartitionLog): void {
    this.#logs.add(log)
  }

  takeLogs(): DiskPartitionLog[] {
    const logs = [...this.#logs]
    this.#logs.clear()
    return logs
  }

  add(segment: Segment): void {
    this.#segments.add(segment)
  }

  addSealed(segment: Segment): void {
    this.#sealed.add(segment)
  }

  addDirectory(place: Place): void {
    this.#directories.add(place)
  }

  /** A small file whose bytes have to be durable before the manifest speaks of its partition. */
  addFile(place: Place, name: string): void {
    this.#files.push({ place, name })
  }

  addSnapshot(log: DiskPartitionLog): void {
    this.#snapshots.add(log)
  }

  /** Everything so far, and an empty state from here on. */
  take(): {
    segments: Segment[]
    sealed: Segment[]
    files: { place: Place; name: string }[]
    directories: Place[]
    snapshots: DiskPartitionLog[]
  } {
    const taken = {
      segments: [...this.#segments],
      sealed: [...this.#sealed],
      files: this.#files.splice(0),
      directories: [...this.#directories],
      snapshots: [...this.#snapshots],
    }
    this.#segments.clear()
    this.#sealed.clear()
    this.#directories.clear()
    this.#snapshots.clear()
    return taken
  }
}

/** Runs `work` over all items, a few at a time, and fails with the first failure. */
export async function eachAtOnce<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  atOnce = syncsAtOnce,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
