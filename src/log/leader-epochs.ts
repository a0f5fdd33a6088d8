// Which leader epoch began at which offset. One node leads for ever, so there is epoch 0, and one more for each time that
// the tail of a partition which had opted out of fsync was cut (offsets there may have been given out twice).
// File: Kafka's leader-epoch-checkpoint (text: `0`, a count, then `epoch startOffset` lines). Called by partition-log.ts.

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export class LeaderEpochs {
  #starts: EpochStart[]

  constructor(starts: readonly EpochStart[] = []) {
    this.#starts = starts.length > 0 ? [...starts] : [{ epoch: 0, startOffset: 0 }]
  }

  get latest(): number {
    return (this.#starts.at(-1) as EpochStart).epoch
  }

  begin(epoch: number, startOffset: number): void {
    this.#starts = [...this.#starts.filter(start => start.startOffset < startOffset), { epoch, startOffset }]
  }

  epochOf(offset: number): number {
    return this.#starts.findLast(start => start.startOffset <= offset)?.epoch ?? (this.#starts[0] as EpochStart).epoch
  }

  /** Kafka's OffsetForLeaderEpoch: the largest epoch ≤ the one asked for, and the offset at which the next one began. */
  endOf(epoch: number, nextOffset: number): { leaderEpoch: number; endOffset: number } {
    const index = this.#starts.findLastIndex(start => start.epoch <= epoch)
    if (index < 0 || epoch > this.latest) return { leaderEpoch: -1, endOffset: -1 }
    return {
      leaderEpoch: (this.#starts[index] as EpochStart).epoch,
      endOffset: this.#starts[index + 1]?.startOffset ?? nextOffset,
    }
  }

  encode(): Buffer {
    const lines = this.#starts.map(({ epoch, startOffset }) => `${epoch} ${startOffset}\n`)
    return Buffer.from(`0\n${lines.length}\n${lines.join('')}`)
  }

  /** undefined if the text is not such a file. */
  static decode(text: string): LeaderEpochs | undefined {
    const [version, count, ...lines] = text.trimEnd().split('\n')
    if (version !== '0' || Number(count) !== lines.length) return undefined
    const starts = lines
      .map(line => /^(\d+) (\d+)$/.exec(line))
      .map(match => ({ epoch: Number(match?.[1]), startOffset: Number(match?.[2]) }))
    return starts.every(start => Number.isSafeInteger(start.epoch) && Number.isSafeInteger(start.startOffset))
      ? new LeaderEpochs(starts)
      : undefined
  }
}
