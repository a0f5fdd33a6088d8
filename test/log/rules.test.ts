// The pure parts of log/: Kafka's rules as tables.

import { describe, expect, test } from 'vitest'
import type { KafkaError } from '../../src/base/errors.ts'
import { crc32c } from '../../src/bytes/crc32c.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import { decodeSnapshot, decodeWindow, encodeSnapshot, encodeWindow } from '../../src/log/producer-snapshot.ts'
import { ProducerState } from '../../src/log/producer-state.ts'
import { type RetentionRules, segmentsToForget } from '../../src/log/retention.ts'
import { OffsetIndex, TimeIndex } from '../../src/log/sparse-index.ts'
import { setBaseOffset } from '../../src/records/batch.ts'
import { batchOf } from './helpers.ts'

describe('idempotent producers (5.3)', () => {
  const send = (state: ProducerState, epoch: number, baseSequence: number, records: number, offset: number) => {
    const batch = batchOf(Array(records).fill('v'), { producerId: 9, producerEpoch: epoch, baseSequence })
    setBaseOffset(batch, 0, offset)
    try {
      const original = state.check(batch)
      if (original !== undefined) return `repeat of ${original.lastOffset - original.offsetDelta}`
      state.apply(batch)
      return 'taken'
    } catch (error) {
      return (error as KafkaError).code
    }
  }
  /** epoch, first sequence, records → outcome; offsets count up by what was taken. */
  const histories: Record<string, [epoch: number, sequence: number, records: number, outcome: string][]> = {
    'an unknown producer may begin anywhere': [
      [3, 17, 2, 'taken'],
      [3, 19, 1, 'taken'],
    ],
    'a gap is refused': [
      [0, 0, 2, 'taken'],
      [0, 3, 1, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
      [0, 2, 1, 'taken'],
    ],
    'each of the last five is recognised, the sixth is not': [
      [0, 0, 1, 'taken'],
      [0, 1, 1, 'taken'],
      [0, 2, 1, 'taken'],
      [0, 3, 1, 'taken'],
      [0, 4, 1, 'taken'],
      [0, 5, 1, 'taken'],
      [0, 0, 1, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
      [0, 1, 1, 'repeat of 1'],
      [0, 5, 1, 'repeat of 5'],
      [0, 6, 1, 'taken'],
    ],
    'a repeat has the same first and last sequence': [
      [0, 0, 3, 'taken'],
      [0, 0, 2, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
      [0, 0, 3, 'repeat of 0'],
    ],
    'an older epoch is fenced': [
      [2, 0, 1, 'taken'],
      [1, 1, 1, 'INVALID_PRODUCER_EPOCH'],
    ],
    'a newer epoch begins at 0': [
      [1, 5, 1, 'taken'],
      [2, 6, 1, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
      [2, 0, 1, 'taken'],
      [1, 6, 1, 'INVALID_PRODUCER_EPOCH'],
    ],
    'sequences begin again behind 2^31 - 1': [
      [0, 0x7fff_fffe, 2, 'taken'],
      [0, 0, 1, 'taken'],
      [0, 0x7fff_fffe, 2, 'repeat of 0'],
    ],
    'a batch across the end of the numbers': [
      [0, 0x7fff_ffff, 3, 'taken'],
      [0, 2, 1, 'taken'],
    ],
  }
  for (const [name, history] of Object.entries(histories))
    test(name, () => {
      const state = new ProducerState()
      let offset = 0
      const outcomes = history.map(([epoch, sequence, records]) => {
        const outcome = send(state, epoch, sequence, records, offset)
        if (outcome === 'taken') offset += records
        return outcome
      })
      expect(outcomes).toEqual(history.map(([, , , outcome]) => outcome))
    })

  test('a producer is forgotten when its last record is too old', () => {
    const state = new ProducerState()
    send(state, 0, 0, 1, 0)
    state.expire(1_000)
    expect(state.size).toBe(1)
    state.expire(1_001)
    expect(state.size).toBe(0)
  })

  test('the snapshot is Kafka’s file, byte for byte, and the window keeps all five', () => {
    const state = new ProducerState()
    for (let i = 0; i < 7; i++) send(state, 4, 2 * i, 2, 100 + 2 * i)
    const bytes = encodeSnapshot(state)
    expect(bytes.toString('hex')).toBe(
      '0001' +
        bytes.toString('hex', 2, 6) +
        '00000001' +
        '0000000000000009' +
        '0004' +
        '0000000d' +
        '0000000000000071' +
        '00000001' +
        '00000000000003e8' +
        'ffffffff' +
        'ffffffffffffffff',
    )
    expect(bytes.readUInt32BE(2)).toBe(crc32c(bytes.subarray(6)))
    expect([...(decodeSnapshot(bytes) as ProducerState).entries()][0]?.[1].batches).toEqual([
      { firstSequence: 12, lastSequence: 13, lastOffset: 113, offsetDelta: 1, timestamp: 1000 },
    ])
    expect([...(decodeWindow(encodeWindow(state), 'window') as ProducerState).entries()]).toEqual([...state.entries()])
    for (let at = 0; at < bytes.length; at++) {
      const rotten = Buffer.from(bytes)
      rotten[at] = (rotten[at] as number) ^ 4
      expect(decodeSnapshot(rotten)).toBeUndefined()
    }
  })
})

describe('retention (5.9)', () => {
  const segments = [
    { baseOffset: 0, nextOffset: 10, bytes: 100, maxTimestamp: 1_000 },
    { baseOffset: 10, nextOffset: 20, bytes: 100, maxTimestamp: 5_000 },
    { baseOffset: 20, nextOffset: 30, bytes: 100, maxTimestamp: 2_000 },
    { baseOffset: 30, nextOffset: 40, bytes: 100, maxTimestamp: 9_000 },
  ]
  const rules: RetentionRules = {
    nowMs: 10_000,
    retentionMs: -1,
    retentionBytes: -1,
    logStartOffset: 0,
    highWatermark: 40,
    deletes: true,
  }
  const table: Record<string, [Partial<RetentionRules>, forgotten: number]> = {
    'nothing without limits': [{}, 0],
    'too old, and it stops at the first that stays': [{ retentionMs: 8_000 }, 1],
    'exactly as old as allowed stays': [{ retentionMs: 9_000 }, 0],
    'a younger one in front keeps older ones behind it': [{ retentionMs: 6_000 }, 1],
    'all of them are too old': [{ retentionMs: 0 }, 4],
    'size: only whole segments above the limit': [{ retentionBytes: 250 }, 1],
    'size: the log may stay one segment above': [{ retentionBytes: 301 }, 0],
    'size: exactly': [{ retentionBytes: 200 }, 2],
    'size 0 takes all': [{ retentionBytes: 0 }, 4],
    'nothing at or above the high watermark': [{ retentionBytes: 0, highWatermark: 25 }, 2],
    'below the log start, whatever the policy': [{ deletes: false, logStartOffset: 20, retentionMs: 0 }, 2],
    'compact only: neither time nor size': [{ deletes: false, retentionMs: 0, retentionBytes: 0 }, 0],
  }
  for (const [name, [changes, forgotten]] of Object.entries(table))
    test(name, () => expect(segmentsToForget(segments, { ...rules, ...changes })).toBe(forgotten))

  test('an empty segment never goes', () => {
    expect(
      segmentsToForget([{ baseOffset: 5, nextOffset: 5, bytes: 0, maxTimestamp: -1 }], { ...rules, retentionMs: 0 }),
    ).toBe(0)
  })
})

describe('leader epochs', () => {
  test('each offset has the epoch that began at or before it, and an epoch ends where the next begins', () => {
    const epochs = new LeaderEpochs()
    epochs.begin(2, 10)
    epochs.begin(5, 30)
    expect([0, 9, 10, 29, 30, 99].map(offset => epochs.epochOf(offset))).toEqual([0, 0, 2, 2, 5, 5])
    expect([0, 1, 2, 4, 5, 6].map(epoch => epochs.endOf(epoch, 50))).toEqual([
      { leaderEpoch: 0, endOffset: 10 },
      { leaderEpoch: 0, endOffset: 10 },
      { leaderEpoch: 2, endOffset: 30 },
      { leaderEpoch: 2, endOffset: 30 },
      { leaderEpoch: 5, endOffset: 50 },
      { leaderEpoch: -1, endOffset: -1 },
    ])
  })

  test('an epoch that got no record gives its place to the next', () => {
    const epochs = new LeaderEpochs()
    epochs.begin(1, 10)
    epochs.begin(2, 10)
    expect(epochs.encode().toString()).toBe('0\n2\n0 0\n2 10\n')
    expect(LeaderEpochs.decode(epochs.encode().toString())?.encode()).toEqual(epochs.encode())
  })

  test.each(['', '1\n1\n0 0\n', '0\n2\n0 0\n', '0\n1\n0 x\n', '0\n1\n-1 0\n'])('%j is no such file', text => {
    expect(LeaderEpochs.decode(text)).toBeUndefined()
  })
})

describe('sparse indexes', () => {
  test('a position at or before every offset, the nearest entry', () => {
    const index = new OffsetIndex(80)
    for (const [offset, position] of [
      [9, 0],
      [19, 500],
      [39, 900],
    ] as const)
      index.add(offset, position)
    expect([0, 8, 9, 18, 19, 38, 39, 1000].map(offset => index.positionBefore(offset))).toEqual([
      0, 0, 0, 0, 500, 500, 900, 900,
    ])
  })

  test('full when the next entry would not fit, the time index one earlier', () => {
    const offsets = new OffsetIndex(20)
    offsets.add(1, 1)
    expect(offsets.isFull).toBe(false)
    offsets.add(2, 2)
    expect(offsets.isFull).toBe(true)
    const times = new TimeIndex(36)
    times.addIfLater(1, 1)
    expect(times.isFull).toBe(false)
    times.addIfLater(2, 2)
    expect(times.isFull).toBe(true)
    times.addIfLater(3, 3) // the roll's own
    times.addIfLater(4, 4)
    expect(times.count).toBe(3)
  })

  test('only the part of a file that can be true is kept', () => {
    const index = new OffsetIndex(800)
    const bytes = Buffer.alloc(32)
    for (const [i, value] of [5, 100, 9, 200, 9, 300, 20, 400].entries()) bytes.writeInt32BE(value, 4 * i)
    index.load(bytes)
    expect(index.soundEntries(1000)).toBe(2) // keys rise strictly
    expect(index.soundEntries(200)).toBe(1) // and point into the log
  })
})
