// Readers for the crash suites: one that reads a partition up to its high watermark, one that follows while others write.
// What they see goes into the ledger.

import { zeroUuid } from '../../src/base/names.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { readRecords } from '../../src/records/read.ts'
import type { Ledger, PartitionLedger } from './ledger.ts'
import type { Target } from './producers.ts'
import { Wire } from './wire.ts'

const fetchVersion = 12

interface Position extends Target {
  offset: number
  highWatermark: number
}

interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly records: readonly { readonly offset: number; readonly value: string }[]
}

export async function fetchOnce(
  wire: Wire,
  positions: readonly (Target & { offset: number })[],
  { maxWaitMs = 0, bytesMax = 1 << 20 }: { maxWaitMs?: number; bytesMax?: number } = {},
): Promise<Fetched[]> {
  const { responses } = await wire.ask(apis.fetch, fetchVersion, {
    maxWaitMs,
    minBytes: 1,
    maxBytes: 8 << 20,
    replicaId: -1,
    topics: positions.map(({ topic, partition, offset }) => ({
      topic,
      topicId: zeroUuid,
      partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: bytesMax }],
    })),
  })
  return responses.flatMap(({ topic, partitions }, i) =>
    partitions.map(({ partitionIndex, errorCode, highWatermark, records }) => ({
      topic,
      partition: partitionIndex,
      errorCode,
      highWatermark,
      records: recordsOf(records, positions[i].offset),
    })),
  )
}

/** Reads from `from` to the high watermark and judges. Returns the high watermark. */
export async function readPartition(wire: Wire, ledger: PartitionLedger, from: number): Promise<number> {
  const { topic, partition } = ledger
  let offset = from
  for (;;) {
    const [{ errorCode, highWatermark, records }] = await fetchOnce(wire, [{ topic, partition, offset }])
    if (errorCode !== 0) throw new Error(`fetch of ${topic}-${partition} at ${offset}: error ${errorCode}`)
    for (const record of records) {
      if (record.offset !== offset)
        throw new Error(`${topic}-${partition} has ${record.offset} where ${offset} was due`)
      ledger.saw(record.offset, record.value)
      offset += 1
    }
    if (offset < highWatermark) continue
    ledger.judge(highWatermark)
    return highWatermark
  }
}

/** Follows all targets until the connection goes or stop() is called; goes on next time where it was. */
export class Follower {
  readonly #ledger: Ledger
  readonly #positions: Position[]
  #isStopping = false
  records = 0

  constructor(ledger: Ledger, targets: readonly Target[]) {
    this.#ledger = ledger
    this.#positions = targets.map(target => ({ ...target, offset: 0, highWatermark: 0 }))
  }

  async run(port: number): Promise<void> {
    this.#isStopping = false
    const wire = await Wire.connect(port).catch(() => undefined)
    if (wire === undefined) return
    try {
      while (wire.isOpen && !this.#isStopping) await this.#step(wire)
    } catch {
      // The broker is gone.
    } finally {
      wire.destroy()
    }
  }

  stop(): void {
    this.#isStopping = true
  }

  async #step(wire: Wire): Promise<void> {
    const fetched = await fetchOnce(wire, this.#positions, { maxWaitMs: 50 })
    if (this.#ledger.isDeaf) return
    fetched.forEach((answer, i) => {
      this.#take(answer, this.#positions[i])
    })
  }

  #take({ topic, partition, errorCode, highWatermark, records }: Fetched, position: Position): void {
    const ledger = this.#ledger.partition(topic, partition)
    const problem = (text: string): void => this.#ledger.problem(`${topic}-${partition}: a follower ${text}`)
    if (errorCode !== 0) return problem(`was refused: error ${errorCode}`)
    if (highWatermark < position.highWatermark)
      problem(`saw the high watermark go back from ${position.highWatermark} to ${highWatermark}`)
    position.highWatermark = highWatermark
    ledger.sawHighWatermark(highWatermark)
    for (const { offset, value } of records) {
      if (offset !== position.offset) problem(`at ${position.offset} was handed ${offset}`)
      if (offset >= highWatermark) problem(`was handed ${offset}, and ${highWatermark} is the high watermark`)
      ledger.saw(offset, value)
      position.offset = offset + 1
      this.records += 1
    }
  }
}

function recordsOf(bytes: Buffer | null, from: number): { offset: number; value: string }[] {
  const records: { offset: number; value: string }[] = []
  if (bytes === null) return records
  for (let at = 0; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    for (const { offset, value } of readRecords(bytes.subarray(at, end)))
      if (offset >= from) records.push({ offset, value: String(value) })
    at = end
  }
  return records
}
