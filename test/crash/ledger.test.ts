// The judge itself: each way in which a log can lie is found, and its harmless neighbour is not.

import { expect, test } from 'vitest'
import { Ledger, type PartitionLedger, type ProducerKind, recordText } from './ledger.ts'

/** Each producer's records by number, as they lie in the log. */
function judged(
  log: string[],
  prepare: (partition: PartitionLedger) => void,
  kinds: Record<string, ProducerKind> = {},
): string[] {
  const ledger = new Ledger()
  const partition = ledger.partition('t', 0)
  for (const producer of ['a', 'b']) partition.send(producer, kinds[producer] ?? 'exact', 3)
  prepare(partition)
  log.forEach((id, offset) => {
    const [producer, number] = id.split(':')
    if (id !== '') partition.saw(offset, recordText(producer, Number(number)))
  })
  partition.judge(log.length)
  return ledger.problems
}

const nothing = (): void => {}
const ack = (first: number, count: number, baseOffset: number) => (partition: PartitionLedger) =>
  partition.acked({ producer: 'a', first, count, baseOffset })

test('interleaved producers, each in its own order, are fine', () => {
  expect(judged(['a:0', 'b:0', 'b:1', 'a:1', 'a:2'], ack(1, 2, 3))).toEqual([])
})

test('an acknowledged record that is missing, or somewhere else, is found', () => {
  expect(judged(['a:0'], ack(0, 2, 0))).toEqual(['t-0: acknowledged a:1 at offset 1, where there is nothing'])
  expect(judged(['a:0', 'b:0', 'a:1'], ack(1, 1, 1))).toEqual(['t-0: acknowledged a:1 at offset 1, where there is b:0'])
})

test('an acknowledged record that a follower saw, and that is gone after a crash, is found', () => {
  const before = (partition: PartitionLedger): void => {
    partition.saw(1, recordText('a', 1))
    ack(0, 2, 0)(partition)
  }
  expect(judged(['a:0'], before)).toEqual(['t-0: acknowledged a:1 at offset 1, where there is nothing'])
})

test('a repeat, a step back and a gap of an exact producer are found', () => {
  expect(judged(['a:0', 'a:0'], nothing)).toEqual(['t-0: offset 1 repeats or goes back: a:0 after 0'])
  expect(judged(['a:0', 'a:2', 'a:1'], nothing)).toHaveLength(2)
  expect(judged(['a:0', 'a:2'], nothing)).toEqual(['t-0: offset 1 has a:2, and 1 is missing'])
})

test('a producer that does not repeat may lose what was not acknowledged, and nothing may go back', () => {
  expect(judged(['a:0', 'a:2'], ack(2, 1, 1), { a: 'once' })).toEqual([])
  expect(judged(['a:2', 'a:0'], nothing, { a: 'once' })).toEqual(['t-0: offset 1 repeats or goes back: a:0 after 2'])
})

test('a hole, a record that nobody sent and a mangled one are found', () => {
  expect(judged(['a:0', '', 'a:1'], nothing)).toEqual(['t-0: offset 1 is missing'])
  expect(judged(['a:7'], nothing)[0]).toContain('holds what nobody sent')
  expect(judged([], partition => partition.saw(0, `${recordText('a', 0)}!`))[0]).toContain('is mangled')
})

test('what was read once may not change, and the high watermark may not go back', () => {
  expect(judged(['b:0'], partition => partition.saw(0, recordText('a', 0)))).toEqual([
    't-0: offset 0 was a:0 and is now b:0',
  ])
  expect(judged(['a:0'], partition => partition.sawHighWatermark(2))).toEqual([
    't-0: the high watermark went back from 2 to 1',
  ])
})

test('at the end an exact producer has everything', () => {
  const ledger = new Ledger()
  const partition = ledger.partition('t', 0)
  partition.send('a', 'exact', 2)
  partition.saw(0, recordText('a', 0))
  partition.judge(1)
  partition.judgeEnd()
  expect(ledger.problems).toEqual(['t-0: a sent 2 records and the last one found is 0'])
})
