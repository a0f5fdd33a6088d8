// What a checkpoint has to write and sync before the manifest may speak of it: filled by partitions, emptied by checkpoint.ts.

import type { DiskPartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

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
