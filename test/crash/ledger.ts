// What was sent, what was acknowledged and what anyone has read, and every way in which the log could contradict it.
//   1  a record is known by its producer and that producer's own number in the partition, and carries text made from both
//   2  what was read once at an offset is there for ever: a second reading must say the same
//   3  problems are collected, not thrown: the test shows them all
// Fed by producers.ts and readers.ts; judged by kill.test.ts and power-cut.test.ts.

/**
 * once: sent once, never again, so it may be lost if it was not acknowledged. exact: repeated with its sequence until it is
 * acknowledged, so it is there exactly once. mute: acks 0. foreign: someone else's client; `exact` without our bookkeeping.
 */
export type ProducerKind = 'once' | 'exact' | 'mute' | 'foreign'

export interface AckedBatch {
  readonly producer: string
  readonly first: number
  readonly count: number
  readonly baseOffset: number
}

interface Progress {
  readonly kind: ProducerKind
  /** Highest number that was handed out. */
  sent: number
  /** Highest number that was found in the log. */
  found: number
}

const problemsMax = 20

export class Ledger {
  readonly problems: string[] = []
  /**
   * From the moment when a power cut is ordered: a sync that races with it may succeed and hold nothing, so what is
   * acknowledged or seen from then on is no claim. Producers keep such batches as unacknowledged.
   */
  isDeaf = false
  readonly #partitions = new Map<string, PartitionLedger>()

  partition(topic: string, partition: number): PartitionLedger {
    const name = `${topic}-${partition}`
    let found = this.#partitions.get(name)
    if (found === undefined) {
      found = new PartitionLedger(topic, partition, problem => this.problem(`${name}: ${problem}`))
      this.#partitions.set(name, found)
    }
    return found
  }

  get partitions(): PartitionLedger[] {
    return [...this.#partitions.values()]
  }

  problem(text: string): void {
    if (this.problems.length < problemsMax) this.problems.push(text)
  }

  get totals(): { records: number; acked: number; unacked: number } {
    const sum = (of: (partition: PartitionLedger) => number): number =>
      this.partitions.reduce((total, partition) => total + of(partition), 0)
    const records = sum(partition => partition.verifiedTo)
    const acked = sum(partition => partition.ackedRecords)
    return { records, acked, unacked: records - acked }
  }
}

export class PartitionLedger {
  readonly topic: string
  readonly partition: number
  readonly #problem: (text: string) => void
  /** By offset: `producer:number`. */
  readonly #content: string[] = []
  readonly #producers = new Map<string, Progress>()
  #pending: AckedBatch[] = []
  #highWatermark = 0
  ackedRecords = 0
  /** Order and repeats have been judged below this offset. */
  verifiedTo = 0

  constructor(topic: string, partition: number, problem: (text: string) => void) {
    this.topic = topic
    this.partition = partition
    this.#problem = problem
  }

  /** Numbers for `count` more records of this producer; returns the first. */
  send(producer: string, kind: ProducerKind, count: number): number {
    const progress = this.#progressOf(producer, kind)
    const first = progress.sent + 1
    progress.sent += count
    return first
  }

  acked(batch: AckedBatch): void {
    this.ackedRecords += batch.count
    this.#pending.push(batch)
  }

  /** A follower's sighting. Two followers' answers may cross on their way here, so only judge() looks for a step back. */
  sawHighWatermark(highWatermark: number): void {
    this.#highWatermark = Math.max(this.#highWatermark, highWatermark)
  }

  /** Any reader's sighting of a record. */
  saw(offset: number, value: string): void {
    const [producer, number] = value.split(':', 2)
    const id = `${producer}:${number}`
    const progress = this.#producers.get(producer)
    const isKnown = progress !== undefined && Number(number) >= 0
    if (!isKnown || (progress.kind !== 'foreign' && Number(number) > progress.sent))
      return this.#problem(`offset ${offset} holds what nobody sent: ${value.slice(0, 60)}`)
    if (progress.kind !== 'foreign' && value !== recordText(producer, Number(number)))
      return this.#problem(`offset ${offset} is mangled: ${value.slice(0, 60)}`)
    const before = this.#content[offset]
    if (before !== undefined && before !== id) return this.#problem(`offset ${offset} was ${before} and is now ${id}`)
    this.#content[offset] = id
  }

  /** After a reading up to the high watermark, each offset once: nothing may be missing, repeated or out of order. */
  judge(highWatermark: number): void {
    if (highWatermark < this.#highWatermark)
      this.#problem(`the high watermark went back from ${this.#highWatermark} to ${highWatermark}`)
    this.#highWatermark = highWatermark
    this.verifiedTo = Math.min(this.verifiedTo, highWatermark)
    for (; this.verifiedTo < highWatermark; this.verifiedTo++) this.#judgeOne(this.verifiedTo)
    const pending = this.#pending
    this.#pending = pending.filter(batch => this.#isStillToCome(batch, highWatermark))
    for (const batch of pending) if (!this.#pending.includes(batch)) this.#judgeAcked(batch)
  }

  /** Foreign clients go on while we read: what they were told since is judged next time. */
  #isStillToCome({ producer, baseOffset, count }: AckedBatch, highWatermark: number): boolean {
    return this.#producers.get(producer)?.kind === 'foreign' && baseOffset + count > highWatermark
  }

  #judgeAcked({ producer, first, count, baseOffset }: AckedBatch): void {
    for (let i = 0; i < count; i++) {
      const offset = baseOffset + i
      // What followers saw before a crash is in the content too: below the high watermark it was just read again.
      const found = (offset < this.verifiedTo ? this.#content[offset] : undefined) ?? 'nothing'
      if (found === `${producer}:${first + i}`) continue
      return this.#problem(`acknowledged ${producer}:${first + i} at offset ${offset}, where there is ${found}`)
    }
  }

  /** At the very end, when every `exact` producer has its acknowledgements. */
  judgeEnd(): void {
    for (const batch of this.#pending) this.#judgeAcked(batch)
    for (const [producer, { kind, sent, found }] of this.#producers)
      if ((kind === 'exact' || kind === 'foreign') && found !== sent)
        this.#problem(`${producer} sent ${sent + 1} records and the last one found is ${found}`)
  }

  #judgeOne(offset: number): void {
    const id = this.#content[offset]
    if (id === undefined) return this.#problem(`offset ${offset} is missing`)
    const [producer, number] = id.split(':')
    const progress = this.#producers.get(producer) as Progress
    const step = Number(number) - progress.found
    const isExact = progress.kind === 'exact' || progress.kind === 'foreign'
    if (step <= 0) this.#problem(`offset ${offset} repeats or goes back: ${id} after ${progress.found}`)
    else if (step > 1 && isExact) this.#problem(`offset ${offset} has ${id}, and ${progress.found + 1} is missing`)
    progress.found = Math.max(progress.found, Number(number))
  }

  #progressOf(producer: string, kind: ProducerKind): Progress {
    let progress = this.#producers.get(producer)
    if (progress === undefined) {
      progress = { kind, sent: -1, found: -1 }
      this.#producers.set(producer, progress)
    }
    return progress
  }
}

/**
 * The text of a record: mostly small, now and then so large that its batch goes straight to its segment (256 KiB; one in any
 * thousand, so no batch has two). Always the same for the same name and number.
 */
export function recordText(producer: string, number: number): string {
  const spread = Math.imul(number + producer.length, 0x9e3779b1) >>> 0
  const bytes = number % 1_000 === 400 ? 300_000 : spread % 1_200
  return `${producer}:${number}:`.padEnd(bytes, 'varve and silt ')
}
