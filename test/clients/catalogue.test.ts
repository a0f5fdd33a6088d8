// The Debian package catalogue, some 60,000 real records: in through kcat, out through the library, Java, kcat and
// `varve consume`, with the same SHA-256 per partition, before and after a kill -9.

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { partitionForKey } from '../../src/broker/partitioner.ts'
import { open } from '../../src/index.ts'
import { BrokerProcess, freePort, freshDirectory } from '../crash/broker-process.ts'
import { run, varve } from '../crash/command.ts'
import { java } from './java.ts'
import * as needs from './needs.ts'
import { createTopic } from './raw.ts'

const isSkipped = needs.missing(needs.catalogue(), needs.kcat(), needs.jars('java-newest'))
const topic = 'packages'
const partitions = 6

interface Digest {
  readonly records: number
  readonly sha256: string
}

let input: Buffer
let expected: Digest[]
const directory = freshDirectory('catalogue')
let port: number

beforeAll(async () => {
  if (isSkipped) return
  port = await freePort()
  const dump = String((await run('apt-cache', ['dumpavail'])).stdout)
  const lines = linesOf(dump)
  input = Buffer.from(lines.map(([key, value]) => `${key}\t${value}\n`).join(''))
  expected = digestsOf(lines)
})

/** One line per package: its name as the key, its stanza as the value with the line breaks written out. */
function linesOf(dump: string): [key: string, value: string][] {
  return dump
    .split('\n\n')
    .filter(stanza => stanza.startsWith('Package: '))
    .map(stanza => [
      stanza.slice('Package: '.length, stanza.indexOf('\n')),
      stanza.trimEnd().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t'),
    ])
}

function digestsOf(lines: [key: string, value: string][]): Digest[] {
  const hashes = Array.from({ length: partitions }, () => ({ records: 0, hash: createHash('sha256') }))
  for (const [key, value] of lines) {
    const row = hashes[partitionForKey(Buffer.from(key), partitions)]
    row.records += 1
    row.hash.update(`${key}\t${value}\n`)
  }
  return hashes.map(({ records, hash }) => ({ records, sha256: hash.digest('hex') }))
}

const start = (): Promise<BrokerProcess> =>
  BrokerProcess.start({ directory, port, settings: { 'log.segment.bytes': String(4 << 20) } })

function kcatProduce(to: string, ...more: string[]) {
  const args = ['-P', '-b', `127.0.0.1:${port}`, '-t', to, '-K', '\t', '-X', 'enable.idempotence=true']
  return run('kcat', [...args, '-X', 'topic.partitioner=murmur2_random', ...more], { input })
}

const ofLines = (bytes: Buffer): Digest => ({
  records: bytes.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0),
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

const eachPartition = async (read: (partition: number) => Promise<Digest>): Promise<Digest[]> => {
  const digests: Digest[] = []
  for (let partition = 0; partition < partitions; partition++) digests.push(await read(partition))
  return digests
}

const throughKcat = (from = topic): Promise<Digest[]> =>
  eachPartition(async partition => {
    const args = ['-C', '-q', '-e', '-b', `127.0.0.1:${port}`, '-t', from, '-p', String(partition), '-f', '%k\t%s\n']
    return ofLines((await run('kcat', args)).stdout)
  })

const throughVarveConsume = (): Promise<Digest[]> =>
  eachPartition(async partition => {
    const { code, stdout, stderr } = await varve([
      'consume',
      topic,
      '--dir',
      directory,
      '-p',
      String(partition),
      '-f',
      '%k\\t%v\\n',
      '--raw',
    ])
    expect(code, stderr).toBe(0)
    return ofLines(stdout)
  })

async function throughJava(): Promise<Digest[]> {
  const facts = await java('java-newest', 'digest', `127.0.0.1:${port}`, topic)
  const rows = facts.filter(([name]) => name === 'digest').sort((a, b) => Number(a[1]) - Number(b[1]))
  return rows.map(([, , records, sha256]) => ({ records: Number(records), sha256 }))
}

async function throughTheLibrary(): Promise<Digest[]> {
  await using log = await open(directory)
  const packages = await log.topic(topic, { create: false })
  return await eachPartition(async partition => {
    const hash = createHash('sha256')
    let count = 0
    for await (const { records } of packages.read({ partition }).batches())
      for (const { key, value } of records) {
        hash
          .update(key as Uint8Array)
          .update('\t')
          .update(value as Uint8Array)
          .update('\n')
        count += 1
      }
    return { records: count, sha256: hash.digest('hex') }
  })
}

describe.skipIf(isSkipped)('the Debian package catalogue', () => {
  test('goes in through kcat', async () => {
    const broker = await start()
    await createTopic(port, topic, partitions)
    const startedMs = performance.now()
    const { code, stderr } = await kcatProduce(topic)
    expect(code, stderr).toBe(0)
    const seconds = (performance.now() - startedMs) / 1000
    const records = expected.reduce((sum, digest) => sum + digest.records, 0)
    console.log(
      `${records} packages, ${(input.length / 1e6).toFixed(1)} MB, in through kcat in ${seconds.toFixed(1)} s`,
    )
    expect(await throughKcat()).toEqual(expected)
    expect(await throughJava()).toEqual(expected)
    expect(await broker.kill('SIGTERM')).toBe(0)
  })

  test('is the same through the library and varve consume after a clean stop', async () => {
    expect(await throughTheLibrary()).toEqual(expected)
    expect(await throughVarveConsume()).toEqual(expected)
  })

  test('is the same through all of them after a kill -9 in the middle of more', async () => {
    const first = await start()
    // One record per request, one request at a time: some 20 s of work, so the kill comes in the middle on any machine.
    const slowly = ['-X', 'batch.num.messages=1', '-X', 'max.in.flight=1', '-X', 'message.timeout.ms=2000']
    const more = kcatProduce('more', ...slowly)
    await new Promise(resolve => setTimeout(resolve, 700))
    await first.kill()
    expect((await more).code).not.toBe(0)
    expect(await throughTheLibrary()).toEqual(expected)
    const second = await start()
    expect(await throughJava()).toEqual(expected)
    expect(await throughKcat()).toEqual(expected)
    await second.kill()
    expect(await throughVarveConsume()).toEqual(expected)
    console.log(
      expected.map(({ records, sha256 }, i) => `${topic}-${i}: ${records} records, SHA-256 ${sha256}`).join('\n'),
    )
  })

  test('goes into a library that listens, and comes out of it while it is there, with every codec', async () => {
    const own = freshDirectory('catalogue-listen')
    await using log = await open(own)
    const listening = await log.listen({ kafka: port })
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      const packages = await log.topic(codec, { partitions })
      expect((await kcatProduce(codec, '-z', codec)).code).toBe(0)
      const found = await eachPartition(async partition => {
        const hash = createHash('sha256')
        let count = 0
        for await (const { key, value } of packages.read({ partition })) {
          hash
            .update(key as Uint8Array)
            .update('\t')
            .update(value as Uint8Array)
            .update('\n')
          count += 1
        }
        return { records: count, sha256: hash.digest('hex') }
      })
      expect(found, codec).toEqual(expected)
      expect(await throughKcat(codec)).toEqual(expected)
    }
    await listening.close()
  })
})
