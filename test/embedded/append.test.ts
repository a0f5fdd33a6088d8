// append and appendMany: acks, order, sharing of batches, bounds, conflicts.

import { describe, expect, test } from 'vitest'
import { type KafkaError, open, text } from '../../src/index.ts'
import { batchBytesOf } from '../../src/records/index.ts'
import type { MemoryDirectory, MemoryPartition } from '../broker/memory-log.ts'
import { stateOf, tick } from '../broker/setup.ts'
import { collect, heldLog } from './setup.ts'

const texts = { key: text, value: text }

const partitionOf = (directory: MemoryDirectory, topic: string, partition = 0): MemoryPartition =>
  [...directory.partitions.values()].find(each => each.topic === topic && each.partition === partition)!

describe('acknowledgements', () => {
  test('come when the disk has the record, with its place', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    directory.hold()
    const ack = topic.append({ value: 'x', timestamp: 5 })
    expect(await stateOf(ack)).toBe('pending')
    directory.release()
    expect(await ack).toEqual({ topic: 'a', partition: 0, offset: 0, timestamp: 5 })
    expect((await topic.append({ value: 'y' })).offset).toBe(1)
  })

  test('of appendMany are in the order of the records, whatever their partitions', async () => {
    await using log = await open({ memory: true })
    const topic = await log.topic('a', { ...texts, partitions: 3 })
    const records = Array.from({ length: 300 }, (_, i) => ({ key: `k${i % 20}`, value: `${i}` }))
    const acks = await topic.appendMany(records)
    for (const [i, { partition, offset }] of acks.entries()) {
      const [read] = await collect(topic.read({ partition, from: offset, limit: 1 }))
      expect(read.value).toBe(`${i}`)
    }
  })

  test('of nothing are nothing', async () => {
    const { log } = await heldLog({ a: 1 })
    expect(await (await log.topic('a')).appendMany([])).toEqual([])
  })

  test('of what is no record are refused, before anything is written', async () => {
    const { log } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    for (const wrong of [undefined, null, 'text'] as unknown as { value: string }[]) {
      await expect(topic.append(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(topic.appendMany([{ value: 'x' }, wrong])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    await expect(topic.appendMany({} as [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await collect(topic.read())).toEqual([])
  })

  test('carry the log append time where the topic says so', async () => {
    const { log } = await heldLog({ a: 1 }, { settings: { 'message.timestamp.type': 'LogAppendTime' } })
    expect(await (await log.topic('a', texts)).append({ value: 'x' })).toMatchObject({ timestamp: 1234 })
  })
})

describe('appends that arrive together', () => {
  test('share one batch and one sync', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    const before = directory.groups
    const acks = await Promise.all(Array.from({ length: 100 }, (_, i) => topic.append({ value: `${i}` })))
    expect(acks.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(partitionOf(directory, 'a').batches.length).toBe(1)
    expect(directory.groups - before).toBe(1)
  })

  test('and later ones gather while that sync is under way, in order', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    directory.hold()
    const first = topic.append({ value: 'first' })
    await tick()
    await tick()
    const rest: Promise<unknown>[] = []
    for (let i = 0; i < 10; i++) {
      rest.push(topic.append({ value: `${i}` }))
      await tick()
    }
    expect(partitionOf(directory, 'a').batches.length).toBe(1)
    directory.release()
    await Promise.all([first, ...rest])
    expect(partitionOf(directory, 'a').batches.length).toBe(2)
    const values = (await collect(topic.read())).map(({ value }) => value)
    expect(values).toEqual(['first', ...Array.from({ length: 10 }, (_, i) => `${i}`)])
  })

  test('to many partitions share one sync', async () => {
    const { log, directory } = await heldLog({ a: 50 })
    const topic = await log.topic('a', texts)
    const before = directory.groups
    await topic.appendMany(Array.from({ length: 50 }, (_, partition) => ({ partition, value: 'x' })))
    expect(directory.groups - before).toBe(1)
  })

  test('fill batches up to max.message.bytes, never beyond', async () => {
    const { log, directory } = await heldLog({ a: 1 }, { settings: { 'max.message.bytes': '2000' } })
    const topic = await log.topic('a', texts)
    await topic.appendMany(Array.from({ length: 100 }, () => ({ value: 'v'.repeat(90) })))
    const sizes = partitionOf(directory, 'a').batches.map(batch => batchBytesOf(batch))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000)
    expect(sizes.length).toBeLessThan(20)
  })
})

describe('partitions', () => {
  test('a key goes where Java would send it; a partition given goes first', async () => {
    const { log } = await heldLog({ a: 10 })
    const topic = await log.topic('a', texts)
    // kafka-clients 4.3: Utils.toPositive(Utils.murmur2("foobar".getBytes())) % 10
    expect((await topic.append({ key: 'foobar' })).partition).toBe((-790332482 & 0x7fffffff) % 10)
    expect((await topic.append({ key: 'foobar', partition: 9 })).partition).toBe(9)
  })

  test('keyless records of one turn stay together; over time all partitions get some', async () => {
    const { log } = await heldLog({ a: 4 })
    const topic = await log.topic('a', texts)
    const seen = new Set<number>()
    for (let round = 0; round < 100; round++) {
      const acks = await Promise.all([topic.append({ value: 'x' }), topic.append({ value: 'y' })])
      expect(acks[0].partition).toBe(acks[1].partition)
      seen.add(acks[0].partition)
    }
    expect(seen.size).toBe(4)
  })

  test.each([-1, 4, 1.5, Number.NaN])('partition %d of four is refused', async partition => {
    const { log } = await heldLog({ a: 4 })
    await expect((await log.topic('a', texts)).append({ partition })).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      kafkaCode: 3,
    })
  })
})

describe('a bad record', () => {
  test('leaves nothing of its appendMany behind', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', {
      value: {
        encode: (value: string) => {
          if (value === 'bad') throw new Error('not this one')
          return value
        },
        decode: bytes => bytes.toString(),
      },
    })
    const cause = new Error('not this one')
    await expect(topic.appendMany([{ value: 'good' }, { value: 'bad' }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      retriable: false,
      cause,
    })
    expect(partitionOf(directory, 'a').nextOffset).toBe(0)
  })

  test.each([
    ['a timestamp that is none', { timestamp: 1.5 }],
    ['headers that are none', { headers: { a: 'b' } as never }],
    ['a header value that is none', { headers: [['a', 5]] as never }],
  ])('%s is refused', async (_, record) => {
    const { log } = await heldLog({ a: 1 })
    await expect((await log.topic('a')).append(record)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('one larger than the topic allows is refused, its neighbours are not', async () => {
    const { log } = await heldLog({ a: 1 }, { settings: { 'max.message.bytes': '1000' } })
    const topic = await log.topic('a', texts)
    const [small, large, other] = await Promise.allSettled([
      topic.append({ value: 'x' }),
      topic.append({ value: 'x'.repeat(2000) }),
      topic.append({ value: 'y' }),
    ])
    expect([small.status, large.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((large as PromiseRejectedResult).reason).toMatchObject({ code: 'MESSAGE_TOO_LARGE', kafkaCode: 10 })
  })
})

describe('expect', () => {
  test('one of two writers at the same offset wins, the other learns where the log is', async () => {
    const { log } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    const [one, two] = await Promise.allSettled([
      topic.append({ value: '1', partition: 0 }, { expect: { offset: 0 } }),
      topic.append({ value: '2', partition: 0 }, { expect: { offset: 0 } }),
    ])
    expect(one).toMatchObject({ status: 'fulfilled', value: { offset: 0 } })
    expect(two).toMatchObject({ status: 'rejected', reason: { code: 'OFFSET_CONFLICT', details: { nextOffset: 1 } } })
    expect((await collect(topic.read())).map(({ value }) => value)).toEqual(['1'])
  })

  test('all records of the call, or none; between others of the same turn', async () => {
    const { log } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    const [before, many, after] = await Promise.all([
      topic.append({ value: 'before' }),
      topic.appendMany(
        [
          { value: '1', partition: 0 },
          { value: '2', partition: 0 },
        ],
        { expect: { offset: 1 } },
      ),
      topic.append({ value: 'after' }),
    ])
    expect([before.offset, many.map(({ offset }) => offset), after.offset]).toEqual([0, [1, 2], 3])
  })

  test('needs one partition, and an offset', async () => {
    const { log } = await heldLog({ a: 4 })
    const topic = await log.topic('a', texts)
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(topic.append({ value: 'x' }, { expect: { offset: 0 } })).rejects.toMatchObject(refused)
    const two = [{ partition: 0 }, { partition: 1 }]
    await expect(topic.appendMany(two, { expect: { offset: 0 } })).rejects.toMatchObject(refused)
    await expect(topic.append({ partition: 0 }, { expect: { offset: -1 } })).rejects.toMatchObject(refused)
    expect((await topic.append({ key: 'k' }, { expect: { offset: 0 } })).offset).toBe(0)
  })
})

describe('the bound on bytes in flight', () => {
  const value = 'v'.repeat(1000)

  test("'wait': appends wait for room, in order, and the engine never holds more", async () => {
    const { log, directory } = await heldLog({ a: 1 }, { bufferBytesMax: 10_000 })
    const topic = await log.topic('a', texts)
    directory.hold()
    const acks = Array.from({ length: 30 }, (_, i) => topic.append({ key: `${i}`, value }))
    for (let i = 0; i < 10; i++) await tick()
    expect(partitionOf(directory, 'a').nextOffset).toBe(9)
    expect(await stateOf(Promise.race(acks))).toBe('pending')
    directory.release()
    expect((await Promise.all(acks)).map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, i) => i))
    expect((await collect(topic.read())).map(({ key }) => key)).toEqual(acks.map((_, i) => `${i}`))
  })

  test("'wait': one call larger than all of the room goes through in pieces", async () => {
    const { log } = await heldLog({ a: 1 }, { bufferBytesMax: 5000 })
    const topic = await log.topic('a', texts)
    const acks = await topic.appendMany(Array.from({ length: 100 }, () => ({ value })))
    expect(acks.map(({ offset }) => offset)).toEqual(acks.map((_, i) => i))
    expect((await topic.append({ value: 'v'.repeat(20_000) })).offset).toBe(100)
  })

  test("'error': BUFFER_EXHAUSTED, which may be tried again, and is accepted when there is room", async () => {
    const { log, directory } = await heldLog({ a: 1 }, { bufferBytesMax: 2500, whenFull: 'error' })
    const topic = await log.topic('a', texts)
    directory.hold()
    const accepted = [topic.append({ value }), topic.append({ value })]
    await expect(topic.append({ value })).rejects.toMatchObject({ code: 'BUFFER_EXHAUSTED', retriable: true })
    directory.release()
    await Promise.all(accepted)
    expect((await topic.append({ value })).offset).toBe(2)
  })

  test('an aborted signal ends the wait, and only its own', async () => {
    const { log, directory } = await heldLog({ a: 1 }, { bufferBytesMax: 1500 })
    const topic = await log.topic('a', texts)
    const stop = new AbortController()
    directory.hold()
    const first = topic.append({ value })
    const second = topic.append({ value }, { signal: stop.signal })
    const third = topic.append({ value: 'third' })
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await expect(topic.append({ value }, { signal: stop.signal })).rejects.toThrow('enough')
    directory.release()
    expect([(await first).offset, (await third).offset]).toEqual([0, 1])
  })
})

describe('trouble', () => {
  test('a failed disk is said to every append that it carried, and to later ones', async () => {
    const { log, directory } = await heldLog({ a: 1 })
    const topic = await log.topic('a', texts)
    directory.hold()
    const acks = [topic.append({ value: '1' }), topic.appendMany([{ value: '2' }, { value: '3' }])]
    await tick()
    await tick()
    directory.fail(new Error('EIO'))
    for (const ack of acks) await expect(ack).rejects.toMatchObject({ code: 'UNKNOWN_SERVER_ERROR' })
    await expect(topic.append({ value: '4' })).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR', kafkaCode: 56 })
  })

  test('a topic that was deleted takes no more', async () => {
    const { log } = await heldLog({ a: 1 })
    const topic = await log.topic('a')
    await log.deleteTopic('a')
    await log.topic('a')
    await expect(topic.append({})).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_ID' })
  })

  test('close: what was accepted, or waited for room, becomes durable; then nothing more is taken', async () => {
    const { log, directory } = await heldLog({ a: 1 }, { bufferBytesMax: 100 })
    const topic = await log.topic('a', texts)
    const acks = Array.from({ length: 20 }, (_, i) => topic.append({ value: `${i}` }))
    const closing = log.close()
    const late = topic.append({ value: 'late' })
    await expect(late).rejects.toMatchObject({ code: 'LOG_CLOSED' } satisfies Partial<KafkaError>)
    expect((await Promise.all(acks)).length).toBe(20)
    await closing
    expect(directory.isClosed).toBe(true)
    await expect(log.topics()).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })
})
