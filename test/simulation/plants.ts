// Faults of ours, one line each, put between the log and the world or over one of its methods: what a tired programmer would
// write. Each must be found by the simulation. Nothing of this is in src/.
// Called by planted.test.ts.

import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import { DiskPartitionLog } from '../../src/log/partition-log.ts'
import { Segment } from '../../src/log/segment.ts'
import type { Disk, DiskFile, Platform } from '../../src/platform/platform.ts'
import type { Plant } from './world.ts'

const isJournal = (path: string): boolean => path.includes('varve-journal')

export const plants: Record<string, Plant> = {
  'acknowledged before the sync': {
    wrap: platform => withFiles(platform, file => (isJournal(file.path) ? { sync: async () => {} } : {})),
  },

  'new names are not synced': {
    wrap: platform => withDisk(platform, () => ({ syncDirectory: async () => {} })),
  },

  'a short write is taken for a whole one': {
    wrap: platform =>
      withFiles(platform, file => ({
        write: (buffers, position) => {
          try {
            file.write(buffers, position)
          } catch {}
        },
      })),
  },

  'a failed sync is tried again': {
    wrap: platform =>
      withFiles(platform, (file, disk) => ({
        sync: () => file.sync().catch(() => disk.open(file.path.replace('.tmp', ''), 'write').sync()),
      })),
  },

  'recovery compares and skips instead of rewriting': {
    patch: () =>
      over(
        Segment.prototype,
        'rewrite',
        rewrite =>
          function (this: Segment, batch, position) {
            const there = Buffer.alloc(batch.length)
            this.file().read(there, position)
            if (!there.equals(batch)) return rewrite.call(this, batch, position)
            this.writtenBytes = Math.max(this.writtenBytes, position + batch.length)
          },
      ),
  },

  'the manifest speaks of batches that only memory has': {
    patch: () => over(DiskPartitionLog.prototype, 'writeOut', () => () => {}),
  },

  'the ring is used again before its header is durable': {
    wrap: platform =>
      withFiles(platform, file => {
        if (!isJournal(file.path)) return {}
        let isHeader = false
        return {
          write: (buffers, position) => {
            isHeader = position < 8192
            file.write(buffers, position)
          },
          sync: async () => (isHeader ? undefined : file.sync()),
        }
      }),
  },

  'a checkpoint does not sync the segments': {
    patch: () => over(Segment.prototype, 'sync', () => async () => {}),
  },

  'a repeat is answered before the original is durable': {
    patch: () =>
      over(
        DiskPartitionLog.prototype,
        'append',
        append =>
          function (this: DiskPartitionLog, batch, options) {
            const result = append.call(this, batch, options)
            return result.duplicate ? { ...result, durable: Promise.resolve() } : result
          },
      ),
  },

  'the high watermark follows the log end': {
    patch: () =>
      over(
        DiskPartitionLog.prototype,
        'append',
        append =>
          function (this: DiskPartitionLog, batch, options) {
            const result = append.call(this, batch, options)
            this.durableTo(this.nextOffset, this.active.baseOffset, this.active.bytes)
            return result
          },
      ),
  },

  'a lost suffix does not raise the leader epoch': {
    patch: () => over(LeaderEpochs.prototype, 'begin', () => () => {}),
  },

  'producers are forgotten at a start': {
    patch: () =>
      over(
        DiskPartitionLog.prototype,
        'append',
        append =>
          function (this: DiskPartitionLog, batch, options) {
            if (!known.has(this)) this.producers.clear()
            known.add(this)
            return append.call(this, batch, options)
          },
      ),
  },
}

const known = new WeakSet<object>()

/** Puts `make(original)` in the method's place; returns what takes it away again. */
function over<T, K extends keyof T>(target: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = target[name]
  target[name] = make(original)
  return () => {
    target[name] = original
  }
}

function withDisk(platform: Platform, change: (disk: Disk) => Partial<Disk>): Platform {
  return { ...platform, disk: delegate(platform.disk, change(platform.disk)) }
}

function withFiles(platform: Platform, change: (file: DiskFile, disk: Disk) => Partial<DiskFile>): Platform {
  return withDisk(platform, disk => ({
    open: (path, mode) => {
      const file = disk.open(path, mode)
      return delegate(file, change(file, disk))
    },
  }))
}

/** `changes` where there are some, else the target's own. */
function delegate<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      const own = changes[name as keyof T] ?? target[name as keyof T]
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}
