// Times within bounds and a topic's own codec: what is appended, and what is refused.

import { describe, expect, test } from 'vitest'
import type { Broker } from '../../src/broker/types.ts'
import {
  BatchBuilder,
  codecNames,
  codecOf,
  compress,
  producerIdOf,
  setBaseOffset,
  stampCrc,
} from '../../src/records/index.ts'
import { batchAt, brokerOver, valuesOf } from './setup.ts'

const hour = 3_600_000
const nowMs = Date.now()

async function topicWith(settings: Record<string, string>): Promise<Broker> {
  const { broker } = await brokerOver()
  const pairs = Object.entries(settings)
  await broker.createTopics([{ topic: 'a', partitions: 1, replicationFactor: 1, settings: pairs }])
  return broker
}

const append = async (broker: Broker, batch: Buffer) =>
  (await broker.produce({ acks: -1, partitions: [{ topic: 'a', partition: 0, batch }] }))[0]
const stored = async (broker: Broker): Promise<Buffer> => {
  const partitions = [{ topic: 'a', partition: 0, offset: 0, maxBytes: 1 << 20 }]
  return Buffer.concat((await broker.fetch({ maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, partitions }))[0].buffers)
}

function compressed(codec: number, values: string[], producer: object = {}): Buffer {
  const builder = new BatchBuilder()
  for (const value of values) builder.append({ value, timestampMs: nowMs })
  return builder.build({ codec, ...producer })
}

describe('times', () => {
  test('an hour ahead of the clock is taken, more is refused, and the answer says which records', async () => {
    const broker = await topicWith({})
    expect((await append(broker, batchAt([['x', nowMs + hour - 60_000]]))).error).toBeUndefined()
    const late = batchAt([
      ['x', nowMs],
      ['y', nowMs + hour + 60_000],
    ])
    const { error } = await append(broker, late)
    expect(error).toMatchObject({ code: 'INVALID_TIMESTAMP', details: { records: [1] } })
    expect((await append(broker, batchAt([['old', 0]]))).error).toBeUndefined()
  })

  test('a bound for the past is looked for in every record, compressed ones too', async () => {
    const broker = await topicWith({ 'message.timestamp.before.max.ms': String(hour) })
    const builder = new BatchBuilder()
    for (const timestampMs of [nowMs, nowMs - 2 * hour, -1]) builder.append({ value: 'x', timestampMs })
    const { error } = await append(broker, builder.build({ codec: 1 }))
    expect(error).toMatchObject({ code: 'INVALID_TIMESTAMP', details: { records: [1] } })
    expect((await append(broker, batchAt([['x', nowMs - hour + 60_000]]))).error).toBeUndefined()
  })

  test('with LogAppendTime no time is refused; a change takes effect at once', async () => {
    const broker = await topicWith({ 'message.timestamp.type': 'LogAppendTime' })
    const late = () => batchAt([['x', nowMs + 9 * hour]])
    expect((await append(broker, late())).error).toBeUndefined()
    await broker.alterTopic({ topic: 'a' }, new Map([['message.timestamp.type', 'CreateTime']]))
    expect((await append(broker, late())).error?.code).toBe('INVALID_TIMESTAMP')
    await broker.alterBroker('node', [
      { name: 'log.message.timestamp.after.max.ms', operation: 'set', value: String(99 * hour) },
    ])
    expect((await append(broker, late())).error).toBeUndefined()
  })
})

describe('compression.type', () => {
  const names = codecNames.filter(name => name !== 'zstd')
  const cases = names.flatMap(from => names.map(to => [from, to] as const))

  test.each(cases)('%s into %s: the same records under the other codec', async (from, to) => {
    const broker = await topicWith({ 'compression.type': to === 'none' ? 'uncompressed' : to })
    const values = ['one', 'two', 'three'.repeat(100)]
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
    expect((await append(broker, compressed(codecNames.indexOf(from), values, producer))).error).toBeUndefined()
    const batch = await stored(broker)
    expect([codecNames[codecOf(batch)], producerIdOf(batch)]).toEqual([to, 7])
    expect(valuesOf([batch])).toEqual(values)
  })

  test("a level is the codec's own", async () => {
    const values = Array.from({ length: 400 }, (_, i) => `${(i * 7919) % 1009} and ${(i * 31) % 97} and so on`)
    const sizeAt = async (level: string): Promise<number> => {
      const broker = await topicWith({ 'compression.type': 'gzip', 'compression.gzip.level': level })
      await append(broker, compressed(0, values))
      return (await stored(broker)).length
    }
    expect(await sizeAt('1')).toBeGreaterThan(await sizeAt('9'))
    expect(await sizeAt('-1')).toBe(await sizeAt('6'))
    const { broker } = await brokerOver()
    const settings = [['compression.gzip.level', '0']] as const
    const [{ error }] = await broker.createTopics([{ topic: 'b', partitions: 1, replicationFactor: 1, settings }])
    expect(error?.code).toBe('INVALID_CONFIG')
  })

  test('a codec that cannot be written here is refused when it is chosen, by everybody who can choose', async () => {
    const isWritable = await Promise.resolve()
      .then(() => compress(4, Buffer.alloc(1)))
      .then(
        () => true,
        () => false,
      )
    const broker = await topicWith({})
    const outcome = (promise: Promise<unknown>) =>
      promise.then(
        () => undefined,
        error => error.code,
      )
    const chosen = [
      outcome(broker.alterTopic({ topic: 'a' }, new Map([['compression.type', 'zstd']]))),
      outcome(broker.alterBroker('node', [{ name: 'compression.type', operation: 'set', value: 'zstd' }])),
      broker
        .createTopics([{ topic: 'b', partitions: 1, replicationFactor: 1, settings: [['compression.type', 'zstd']] }])
        .then(([{ error }]) => error?.code),
    ]
    const expected = isWritable ? undefined : 'INVALID_CONFIG'
    expect(await Promise.all(chosen)).toEqual([expected, expected, expected])
    if (isWritable) expect((await append(broker, compressed(1, ['x']))).error).toBeUndefined()
    if (isWritable) expect(codecOf(await stored(broker))).toBe(4)
  })

  test('a damaged batch is refused for what it is, not mended', async () => {
    const broker = await topicWith({ 'compression.type': 'gzip' })
    const batch = compressed(0, ['x'])
    batch[batch.length - 1] ^= 1
    expect((await append(broker, batch)).error?.code).toBe('CORRUPT_MESSAGE')
    const torn = compressed(2, ['x'.repeat(100)])
    torn.fill(0xff, 61)
    stampCrc(torn)
    expect((await append(broker, torn)).error?.code).toBe('CORRUPT_MESSAGE')
    const moved = compressed(0, ['x'])
    setBaseOffset(moved, 0, 5)
    expect((await append(broker, moved)).error?.code).toBe('INVALID_RECORD')
    expect((await append(broker, Buffer.alloc(3))).error).toBeDefined()
  })
})
