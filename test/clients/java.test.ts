// Apache Kafka's Java clients against `varve serve`, unchanged: the newest, and a 3.x that many still run.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partitionForKey } from '../../src/broker/partitioner.ts'
import { BrokerProcess, freePort, freshDirectory } from '../crash/broker-process.ts'
import { java as runJava } from './java.ts'
import * as needs from './needs.ts'
import { createTopic, produceRaw, storedCodecs } from './raw.ts'

const versions = ['java-newest', 'java-3'] as const
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe.each(versions)('%s', version => {
  const isSkipped = needs.missing(needs.jars(version))
  let broker: BrokerProcess
  beforeAll(async () => {
    if (!isSkipped) broker = await BrokerProcess.start({ directory: freshDirectory(version), port: await freePort() })
  })
  afterAll(async () => {
    await broker?.kill()
  })

  const java = (command: string, ...args: string[]): Promise<string[][]> =>
    runJava(version, command, broker.address, ...args)
  const rowsOf = (facts: string[][], name: string): string[][] =>
    facts.filter(fact => fact[0] === name).map(fact => fact.slice(1))

  describe.skipIf(isSkipped)('producer and consumer', () => {
    const rows = [...codecs.map(codec => ['all', codec] as const), ['1', 'lz4'] as const, ['0', 'none'] as const]
    test.each(rows)(
      'acks=%s, %s: offsets as acknowledged, keys where the library puts them, all of it back',
      async (acks, codec) => {
        const topic = `java-${acks}-${codec}`
        const partitions = 3
        await createTopic(broker.port, topic, partitions)
        const made = await java('produce', topic, '1000', `acks=${acks}`, `compression.type=${codec}`, 'linger.ms=20')
        expect(rowsOf(made, 'failed')).toEqual([])
        const acked = rowsOf(made, 'acked')
        expect(acked).toHaveLength(1000)
        for (const [partition, , , key] of acked)
          if (key !== 'null') expect(Number(partition)).toBe(partitionForKey(Buffer.from(key), partitions))

        const read = await java('consume', topic, 'isolation.level=read_committed')
        const records = rowsOf(read, 'record')
        expect(records).toHaveLength(1000)
        const places = records.map(([partition, offset, timestamp, , , key]) =>
          [partition, offset, timestamp, key].join(),
        )
        if (acks !== '0') expect(new Set(places)).toEqual(new Set(acked.map(fact => fact.join())))
        const numbers = records.map(record => Number(/number=(\d+),none=null$/.exec(record[7])?.[1]))
        expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
        records.forEach(([, , timestamp, type, epoch, key, value], i) => {
          const number = numbers[i]
          expect([Number(timestamp), type, epoch]).toEqual([1_700_000_000_000 + number, 'CreateTime', '0'])
          expect(key).toBe(number % 10 === 9 ? 'null' : `key-${number}`)
          expect(value === 'null').toBe(number % 50 === 49)
        })
        expect(await storedCodecs(broker.port, topic, 0)).toEqual(new Set([codecs.indexOf(codec)]))
      },
    )

    test('an idempotent producer and one that is not both keep their order', async () => {
      await createTopic(broker.port, 'ordered', 1)
      await java('produce', 'ordered', '500', 'batch.size=200')
      await java(
        'produce',
        'ordered',
        '500',
        'enable.idempotence=false',
        'batch.size=200',
        'max.in.flight.requests.per.connection=1',
      )
      const numbers = rowsOf(await java('consume', 'ordered'), 'record').map(record =>
        Number(/number=(\d+)/.exec(record[7])?.[1]),
      )
      const once = Array.from({ length: 500 }, (_, i) => i)
      expect(numbers).toEqual([...once, ...once])
    })

    test('a broker-stamped topic carries the time of its append', async () => {
      await createTopic(broker.port, 'stamped', 1, { 'message.timestamp.type': 'LogAppendTime' })
      const acked = rowsOf(await java('produce', 'stamped', '10'), 'acked')
      const records = rowsOf(await java('consume', 'stamped'), 'record')
      for (const [, , timestamp, type] of records) {
        expect(type).toBe('LogAppendTime')
        expect(Date.now() - Number(timestamp)).toBeLessThan(60_000)
      }
      expect(acked.map(fact => fact[2])).toEqual(records.map(record => record[2]))
    })

    test('seekToBeginning, seekToEnd, seek, offsetsForTimes, and a place beyond the end', async () => {
      await createTopic(broker.port, 'places', 1, { 'segment.bytes': '2048' })
      for (let i = 0; i < 30; i++)
        await produceRaw(
          broker.port,
          'places',
          0,
          [0, 1, 2].map(j => ({ value: `${i}`.padEnd(50), timestampMs: 1_000 + 30 * i + 10 * j })),
        )
      const facts = await java('positions', 'places', '1455', 'auto.offset.reset=none')
      expect(facts).toEqual([
        ['seekToBeginning', '0'],
        ['seekToEnd', '90'],
        ['beginningOffsets', '0'],
        ['endOffsets', '90'],
        ['offsetsForTimes', '46', '1460', 'true'],
        ['offsetsForTimes beyond', 'null'],
        ['seek', '46'],
        ['currentLag', 'true'],
        ['beyond the end', 'OffsetOutOfRangeException'],
      ])
    })
  })

  test.skipIf(isSkipped)(
    'admin: create, describe, list, offsets by every name, delete, and each refusal by its name',
    async () => {
      const facts = new Map(
        (await java('admin', 'made')).map(([name, ...rest]) => [
          name === 'offset' ? `offset ${rest.shift()}` : name,
          rest,
        ]),
      )
      expect(facts.get('created')?.slice(0, 3)).toEqual(['3', '1', '4096'])
      facts.delete('created')
      facts.delete('listed')
      expect([...facts].map(([name, rest]) => `${name}: ${rest.join(' ')}`)).toEqual([
        'cluster: 22 1 1',
        'again: TopicExistsException',
        'bad name: InvalidTopicException',
        'bad config: InvalidConfigurationException',
        'three replicas: InvalidReplicationFactorException',
        'no partitions: InvalidPartitionsException',
        'defaults: none',
        'only validated: none',
        'described: 3 true false 1 1',
        'by id: made',
        'not there: UnknownTopicOrPartitionException',
        'offset earliest: 0 -1',
        'offset latest: 5 -1',
        'offset max timestamp: 1 1009',
        'offset 1006: 1 1009',
        'offset 1010: -1 -1',
        'offset earliest local: 0 -1',
        'offset latest tiered: -1 -1',
        'deleted: true',
        'deleted again: UnknownTopicOrPartitionException',
      ])
    },
  )

  test.skipIf(isSkipped)('a transactional producer is refused at once, by name, for good', async () => {
    const [refused, took] = await java('transaction', 'made')
    expect(refused.slice(0, 3)).toEqual(['refused', 'TransactionalIdAuthorizationException', 'false'])
    expect(took).toEqual(['took', 'seconds'])
  })
})
