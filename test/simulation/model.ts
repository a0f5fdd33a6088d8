// What one partition must be, whatever happened to its disk: every batch that was ever appended, byte for byte, and the
// offsets between which a recovered log may end and begin.
//   1  floor ≤ what is there after any crash ≤ written; what is there is a prefix, batch by batch
//   2  after recovery the model forgets what was lost: from then on the log may not lose anything else
// Called by storage.ts.

import type { DiskPartitionLog } from '../../src/log/partition-log.ts'
import { baseOffsetOf, batchBytesOf } from '../../src/records/batch.ts'

export class Broken extends Error {}

export function must(condition: unknown, promise: string, facts: Record<string, unknown> = {}): asserts condition {
  if (!condition) throw new Broken(`${promise} ${JSON.stringify(facts)}`)
}

export interface ModelBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly bytes: Buffer
  readonly producerId: number
  readonly baseSequence: number
}

/** What happened between two successful starts. */
export interface Passage {
  /** The page cache was lost. */
  readonly isPowerCut: boolean
}

export class PartitionModel {
  readonly name: string
  batches: ModelBatch[] = []
  /** A power cut takes nothing below it. */
  floor = 0
  /** One past the last offset that was given out. */
  written = 0
  /** Log starts that a recovered log may have. */
  startMin = 0
  startMax = 0
  leaderEpoch = 0
  highWatermark = 0
  /** False: opted out of fsync, or on the way in or out. */
  isJournaled: boolean

  constructor(name: string, isJournaled: boolean) {
    this.name = name
    this.isJournaled = isJournaled
  }

  appended(batch: Buffer, baseOffset: number, nextOffset: number, producerId: number, baseSequence: number): void {
    must(baseOffset === this.written, 'offsets are given out without gaps', {
      log: this.name,
      baseOffset,
      written: this.written,
    })
    this.batches.push({ baseOffset, nextOffset, bytes: Buffer.from(batch), producerId, baseSequence })
    this.written = nextOffset
  }

  /** A group that could not be written to its segments never happened: its offsets are given out again. */
  takeBack(log: DiskPartitionLog, mayFail: boolean): void {
    if (log.nextOffset >= this.written) return
    must(mayFail, 'nothing is taken back without a failed write', this.#facts(log))
    must(
      log.nextOffset >= this.floor && log.nextOffset >= this.highWatermark,
      'what is durable is not taken back',
      this.#facts(log),
    )
    this.#cut(log.nextOffset)
  }

  #cut(end: number): void {
    must(
      end === 0 || end === this.written || this.batches.some(batch => batch.nextOffset === end),
      'a batch is whole or absent',
      { log: this.name, end, written: this.written },
    )
    this.batches = this.batches.filter(batch => batch.nextOffset <= end)
    this.written = end
  }

  /** Everything that can be seen at any moment of a life. */
  look(log: DiskPartitionLog): void {
    must(log.highWatermark >= this.highWatermark, 'the high watermark never goes back', this.#facts(log))
    must(log.nextOffset === this.written, 'the log end is what was given out', this.#facts(log))
    must(log.highWatermark <= log.nextOffset, 'the high watermark is not beyond the end', this.#facts(log))
    must(log.logStartOffset >= this.startMax, 'the log start never goes back while the process lives', this.#facts(log))
    must(log.degraded === undefined, 'nothing is degraded without corruption', { reason: log.degraded?.reason })
    this.highWatermark = log.highWatermark
    this.startMax = Math.max(this.startMax, log.logStartOffset)
    if (this.isJournaled) this.floor = Math.max(this.floor, log.highWatermark)
  }

  /** A checkpoint that began with these ends is done. */
  checkpointed({ highWatermark, logStartOffset }: { highWatermark: number; logStartOffset: number }): void {
    this.floor = Math.max(this.floor, highWatermark)
    this.startMin = Math.max(this.startMin, logStartOffset)
  }

  /** After a start: ends first; storage.ts then reads everything. */
  recovered(log: DiskPartitionLog, { isPowerCut }: Passage): void {
    const end = log.nextOffset
    const facts = { ...this.#facts(log), isPowerCut }
    must(log.degraded === undefined, 'nothing is degraded without corruption', {
      ...facts,
      reason: log.degraded?.reason,
    })
    must(log.highWatermark === end, 'after recovery everything that is there is durable', facts)
    must(end >= this.floor, 'what was acknowledged or could be read is there', facts)
    must(end <= this.written, 'nothing is there that was not appended', facts)
    if (!this.isJournaled && !isPowerCut)
      must(end >= this.highWatermark, 'a kill takes nothing that could be read', facts)
    if (!this.isJournaled && end < this.highWatermark)
      must(log.leaderEpoch > this.leaderEpoch, 'a lost suffix raises the leader epoch', {
        ...facts,
        epoch: this.leaderEpoch,
      })
    must(log.leaderEpoch >= this.leaderEpoch, 'the leader epoch never goes back', facts)
    must(
      log.logStartOffset >= this.startMin && log.logStartOffset <= this.startMax,
      'the log start is a checkpointed one or newer',
      facts,
    )
    this.#cut(end)
    this.floor = end
    this.highWatermark = end
    this.startMin = log.logStartOffset
    this.startMax = log.logStartOffset
    this.leaderEpoch = log.leaderEpoch
  }

  /** Whole batches, from the one that holds `offset`, none at or above `end`, byte for byte what was appended. */
  checkRead(offset: number, buffers: readonly Buffer[], end: number): number {
    let index = this.indexOf(offset)
    let nextOffset = offset
    for (const buffer of buffers)
      for (let at = 0; at < buffer.length; ) {
        const bytes = batchBytesOf(buffer, at)
        const expected = this.batches[index++]
        const facts = { log: this.name, offset, found: baseOffsetOf(buffer, at), expected: expected?.baseOffset, end }
        must(expected?.bytes.equals(buffer.subarray(at, at + bytes)), 'a read returns what was appended', facts)
        must(expected.nextOffset <= end, 'nothing at or above the high watermark is read', facts)
        nextOffset = expected.nextOffset
        at += bytes
      }
    return nextOffset
  }

  indexOf(offset: number): number {
    let low = 0
    let high = this.batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.batches[middle] as ModelBatch).nextOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #facts(log: DiskPartitionLog): Record<string, unknown> {
    const { highWatermark, nextOffset, logStartOffset, durability } = log
    const { floor, written, startMin, startMax } = this
    return {
      log: this.name,
      found: { highWatermark, nextOffset, logStartOffset, durability, epoch: log.leaderEpoch },
      model: { floor, written, startMin, startMax, highWatermark: this.highWatermark },
    }
  }
}
