// The two indexes of a segment against its log, while the log is walked. Called by inspect-partition.ts.
//   after a clean stop, and for what a segment holds: a wrong entry is a problem
//   after a crash, entries behind the log's end were written too early: a note, a start drops them

import type { VerifyContext } from './inspect-verify.ts'
import { offsetFileName, segmentSuffixes } from './layout.ts'
import { readWhole } from './sealed-file.ts'
import { OffsetIndex, TimeIndex } from './sparse-index.ts'

export class IndexCheck {
  readonly #context: VerifyContext
  readonly #baseOffset: number
  readonly #offsetPath: string
  readonly #timePath: string
  readonly #offsets: OffsetIndex
  readonly #times: TimeIndex
  readonly #wrong = new Map<string, string>()
  #offsetEntry = 0
  #timeEntry = 0
  #maxTimestamp = -1
  /** Behind damage the largest timestamp is not known for certain. */
  #isComplete = true

  constructor(context: VerifyContext, partition: string, baseOffset: number) {
    this.#context = context
    this.#baseOffset = baseOffset
    this.#offsetPath = `${partition}/${offsetFileName(baseOffset, segmentSuffixes.index)}`
    this.#timePath = `${partition}/${offsetFileName(baseOffset, segmentSuffixes.timeIndex)}`
    this.#offsets = new OffsetIndex(0)
    this.#times = new TimeIndex(0)
    this.#offsets.load(this.#bytesOf(this.#offsetPath, this.#offsets.entryBytes))
    this.#times.load(this.#bytesOf(this.#timePath, this.#times.entryBytes))
    context.counts.indexEntries += this.#offsets.count + this.#times.count
  }

  /** Each batch of the segment, in order. */
  visit(position: number, lastOffset: number, maxTimestamp: number): void {
    this.#maxTimestamp = Math.max(this.#maxTimestamp, maxTimestamp)
    this.#visitOffsets(position, lastOffset - this.#baseOffset)
    if (this.#isComplete) this.#visitTimes(lastOffset - this.#baseOffset)
  }

  #visitOffsets(position: number, relativeOffset: number): void {
    const index = this.#offsets
    const entry = this.#offsetEntry
    if (entry >= index.count || index.position(entry) > position) return
    if (index.position(entry) < position)
      this.#isWrong(this.#offsetPath, `entry ${entry} points to byte ${index.position(entry)}, where no batch begins`)
    else if (index.relativeOffset(entry) !== relativeOffset)
      this.#isWrong(
        this.#offsetPath,
        `entry ${entry} says offset ${this.#baseOffset + index.relativeOffset(entry)}, the batch ends at ${this.#baseOffset + relativeOffset}`,
      )
    while (this.#offsetEntry < index.count && index.position(this.#offsetEntry) <= position) this.#offsetEntry++
  }

  #visitTimes(relativeOffset: number): void {
    const index = this.#times
    const entry = this.#timeEntry
    if (entry >= index.count || index.relativeOffset(entry) > relativeOffset) return
    if (index.relativeOffset(entry) < relativeOffset)
      this.#isWrong(
        this.#timePath,
        `entry ${entry} names offset ${this.#baseOffset + index.relativeOffset(entry)}, which ends no batch`,
      )
    else if (index.timestamp(entry) !== this.#maxTimestamp)
      this.#isWrong(
        this.#timePath,
        `entry ${entry} says ${index.timestamp(entry)}, the largest timestamp there is ${this.#maxTimestamp}`,
      )
    while (this.#timeEntry < index.count && index.relativeOffset(this.#timeEntry) <= relativeOffset) this.#timeEntry++
  }

  /** A batch that does not verify: what the indexes say about it is not looked at. */
  passOver(position: number): void {
    while (this.#offsetEntry < this.#offsets.count && this.#offsets.position(this.#offsetEntry) <= position)
      this.#offsetEntry++
    this.#isComplete = false
  }

  /** The log has been walked to its end. */
  finish({ isCut }: { isCut: boolean }): void {
    const { isClean } = this.#context
    const beyond = [
      [this.#offsetPath, this.#offsets.count - this.#offsetEntry],
      [this.#timePath, this.#isComplete ? this.#times.count - this.#timeEntry : 0],
    ] as const
    for (const [path, count] of beyond) {
      if (count === 0) continue
      const finding = `${count} entries lie behind the end of the log`
      if (isClean && !isCut) this.#context.problem(path, finding)
      else this.#context.note(path, `${finding}: a start drops them`)
    }
    for (const [path, finding] of this.#wrong) this.#context.problem(path, finding)
  }

  /** The first one is told. */
  #isWrong(path: string, finding: string): void {
    if (!this.#wrong.has(path)) this.#wrong.set(path, finding)
  }

  #bytesOf(path: string, entryBytes: number): Buffer {
    const bytes = readWhole(this.#context.disk, `${this.#context.root}/${path}`) ?? Buffer.alloc(0)
    if (bytes.length % entryBytes !== 0) this.#isWrong(path, `${bytes.length % entryBytes} bytes behind its last entry`)
    return bytes
  }
}
