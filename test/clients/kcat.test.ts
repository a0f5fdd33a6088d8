// kcat (librdkafka) against `varve serve`, unchanged.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partitionForKey } from '../../src/broker/partitioner.ts'
import { BrokerProcess, freePort, freshDirectory } from '../crash/broker-process.ts'
import { run } from '../crash/command.ts'
import * as needs from './needs.ts'
import { createTopic, produceRaw, storedCodecs } from './raw.ts'

const isSkipped = needs.missing(needs.kcat())

let broker: BrokerProcess
beforeAll(async () => {
  if (isSkipped) return
  broker = await BrokerProcess.start({ directory: freshDirectory('kcat'), port: await freePort() })
})
afterAll(async () => {
  await broker?.kill()
})

async function kcat(args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run('kcat', ['-b', broker.address, ...args], { input, timeoutMs: 30_000 })
  if (code !== 0) throw new Error(`kcat ${args.join(' ')}: exit ${code}\n${stderr}`)
  return String(stdout)
}

const consume = (topic: string, ...args: string[]): Promise<string[]> =>
  kcat(['-C', '-q', '-e', '-t', topic, ...args]).then(linesOf)
const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
const lines = (count: number, prefix = ''): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe.skipIf(isSkipped)('produce', () => {
  describe.each(['0', '1', 'all'])('with acks=%s', acks => {
    test.each(codecs)('and %s: what goes in comes out, stored as it was compressed', async codec => {
      const topic = `acks-${acks}-${codec}`
      const sent = lines(500, 'a line that compresses well, well, well ')
      await createTopic(broker.port, topic, 1)
      await kcat(['-P', '-t', topic, '-z', codec, '-X', `acks=${acks}`, '-X', 'linger.ms=50'], sent.join('\n'))
      expect(await consume(topic)).toEqual(sent)
      expect(await storedCodecs(broker.port, topic, 0)).toEqual(new Set([codecs.indexOf(codec)]))
    })
  })

  test('a topic that is not there is made', async () => {
    await kcat(['-P', '-t', 'made-by-kcat'], 'hello')
    expect(await consume('made-by-kcat')).toEqual(['hello'])
  })

  test('idempotent: 20,000 records in order, each once, in many batches', async () => {
    const sent = lines(20_000)
    await kcat(
      ['-P', '-t', 'idempotent', '-X', 'enable.idempotence=true', '-X', 'batch.num.messages=100'],
      sent.join('\n'),
    )
    expect(await consume('idempotent')).toEqual(sent)
  })

  test('keys, headers, empty values and tombstones', async () => {
    const args = ['-P', '-t', 'shapes', '-K', ':', '-Z', '-H', 'trace=abc', '-H', 'empty=', '-H', 'trace=again']
    await kcat(args, 'k1:v1\nk2:\n:no key\nk1:with:colon')
    // %S is -1 for a tombstone, %K for a record without a key
    const found = await consume('shapes', '-f', '%k|%K|%s|%S|%h\n')
    const headers = 'trace=abc,empty=,trace=again'
    expect(found).toEqual([
      `k1|2|v1|2|${headers}`,
      `k2|2||-1|${headers}`,
      `|-1|no key|6|${headers}`,
      `k1|2|with:colon|10|${headers}`,
    ])
  })

  test('with the murmur2 partitioner keys go where the library puts them', async () => {
    await createTopic(broker.port, 'keyed', 7)
    const sent = lines(300, 'key-').map(key => `${key}:v`)
    await kcat(['-P', '-t', 'keyed', '-K', ':', '-X', 'topic.partitioner=murmur2_random'], sent.join('\n'))
    const found = await consume('keyed', '-f', '%k %p\n')
    expect(found).toHaveLength(300)
    for (const line of found) {
      const [key, partition] = line.split(' ')
      expect(`${key} ${partitionForKey(Buffer.from(key), 7)}`).toBe(`${key} ${partition}`)
    }
  })

  test('a transactional producer is refused by name, for good', async () => {
    const producing = kcat(['-P', '-t', 'transactional', '-X', 'transactional.id=one'], 'never')
    await expect(producing).rejects.toThrow(
      /TRANSACTIONAL_ID_AUTHORIZATION_FAILED|Transactional Id authorization failed/i,
    )
  })

  test('a partition by number, and one that is not there', async () => {
    await createTopic(broker.port, 'numbered', 3)
    await kcat(['-P', '-t', 'numbered', '-p', '2'], 'two')
    expect(await consume('numbered', '-f', '%p:%o:%s\n')).toEqual(['2:0:two'])
    await expect(kcat(['-P', '-t', 'numbered', '-p', '3'], 'three')).rejects.toThrow(/Unknown partition/)
  })

  test('900 kB in one record pass; 2 MB are refused by the broker by name', async () => {
    const large = 'x'.repeat(900_000)
    await kcat(['-P', '-t', 'large'], large)
    expect((await consume('large'))[0].length).toBe(900_000)
    const tooLarge = kcat(['-P', '-t', 'large', '-D', '\x01', '-X', 'message.max.bytes=4000000'], 'y'.repeat(2_000_000))
    await expect(tooLarge).rejects.toThrow(/Message size too large/)
  })
})

describe.skipIf(isSkipped)('metadata and offsets', () => {
  const startMs = 1_700_000_000_000

  beforeAll(async () => {
    await createTopic(broker.port, 'timed', 1, { 'segment.bytes': '4096', 'retention.ms': '-1' })
    for (let batch = 0; batch < 20; batch++)
      await produceRaw(
        broker.port,
        'timed',
        0,
        lines(10).map((_, i) => ({
          value: `v${batch * 10 + i}`.padEnd(100),
          timestampMs: startMs + (batch * 10 + i) * 1000,
        })),
      )
  })

  const at = (...args: string[]): Promise<number[]> =>
    consume('timed', ...args, '-f', '%o\n').then(found => found.map(Number))
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

  test('-L shows the broker at the address that was dialled, and every partition with a leader', async () => {
    const found = JSON.parse(await kcat(['-L', '-J']))
    expect(found.brokers).toEqual([{ id: 1, name: broker.address }])
    expect(found.controllerid).toBe(1)
    const timed = found.topics.find((topic: { topic: string }) => topic.topic === 'timed')
    expect(timed.partitions).toEqual([{ partition: 0, leader: 1, replicas: [{ id: 1 }], isrs: [{ id: 1 }] }])
  })

  test('-L of a topic that is not there', async () => {
    const found = JSON.parse(await kcat(['-L', '-J', '-t', 'nowhere', '-X', 'allow.auto.create.topics=false']))
    expect(found.topics[0]).toMatchObject({ topic: 'nowhere' })
  })

  test('-Q answers by timestamp, and for the start and the end', async () => {
    const query = async (timestamp: number): Promise<string> =>
      (await kcat(['-Q', '-t', `timed:0:${timestamp}`])).trim()
    expect(await query(startMs + 57_000)).toBe('timed [0] offset 57')
    expect(await query(startMs + 57_001)).toBe('timed [0] offset 58')
    expect(await query(startMs - 1)).toBe('timed [0] offset 0')
    expect(await query(startMs + 199_001)).toMatch(/offset -1/)
    expect(await query(-2)).toBe('timed [0] offset 0')
    expect(await query(-1)).toBe('timed [0] offset 200')
  })

  test('-o beginning, end, a number, the last ten, between two times', async () => {
    expect(await at('-o', 'beginning')).toEqual(range(0, 200))
    expect(await at('-o', 'end')).toEqual([])
    expect(await at('-o', '123')).toEqual(range(123, 200))
    expect(await at('-o', '-10')).toEqual(range(190, 200))
    expect(await at('-o', '195', '-c', '2')).toEqual([195, 196])
    expect(await at('-o', `s@${startMs + 50_000}`, '-o', `e@${startMs + 60_000}`)).toEqual(range(50, 60))
    expect(await at('-o', `s@${startMs + 190_500}`)).toEqual(range(191, 200))
  })

  test('a consumer at the end gets what comes, at once', async () => {
    await kcat(['-P', '-t', 'live'], 'before')
    const args = ['-b', broker.address, '-C', '-q', '-u', '-t', 'live', '-o', 'end', '-c', '3', '-f', '%o:%s\n']
    const following = run('kcat', args, { timeoutMs: 20_000 })
    await new Promise(resolve => setTimeout(resolve, 1_500))
    const startedMs = performance.now()
    await kcat(['-P', '-t', 'live'], 'one\ntwo\nthree')
    expect(String((await following).stdout)).toBe('1:one\n2:two\n3:three\n')
    expect(performance.now() - startedMs).toBeLessThan(3_000)
  })

  test('an offset beyond the end goes where auto.offset.reset says', async () => {
    expect(await at('-o', '5000', '-X', 'auto.offset.reset=earliest')).toEqual(range(0, 200))
  })
})
