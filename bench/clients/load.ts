// One face for the load clients: librdkafka in C where it was built, Java's ProducerPerformance where its jars are, and bare
// sockets where there is nothing else. All give the same report. Called by scenarios.ts.

import { join } from 'node:path'
import { percentile } from '../numbers.ts'
import { runToEnd } from '../processes.ts'
import { rawConsume, rawProduce } from './raw.ts'

export type Client = 'librdkafka' | 'java' | 'raw'

export interface Load {
  readonly client: Client
  /** the C program; undefined where it was not built */
  readonly program: string | undefined
  readonly cores: string | undefined
}

export interface ProduceWork {
  readonly port: number
  readonly topic: string
  readonly records: number
  readonly valueBytes: number
  /** one record per request */
  readonly single: boolean
  readonly inFlightMax: number
  readonly keyed?: boolean
  /** further settings of librdkafka */
  readonly settings?: readonly string[]
}

export interface LoadReport {
  readonly client: string
  readonly records: number
  readonly valueBytes: number
  readonly seconds: number
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly errors: number
  /** of all values, whatever their order; '' where the client has none */
  readonly checksum: string
}

const batchBytes = 1_000_000

export function produce(load: Load, work: ProduceWork): Promise<LoadReport> {
  if (load.client === 'librdkafka' && load.program !== undefined) return produceLibrdkafka(load, work)
  return load.client === 'java' ? produceJava(load, work) : produceRaw(work)
}

/** Partition 0 from its start. `sleepMicros`: after every 1,000 records. */
export async function consume(
  load: Load,
  work: { port: number; topic: string; records: number; valueBytes: number; sleepMicros?: number },
): Promise<LoadReport> {
  const { port, topic, records, valueBytes } = work
  if (load.program !== undefined) {
    const args = ['consume', `127.0.0.1:${port}`, topic, `${records}`, `sleep_us_per_1000=${work.sleepMicros ?? 0}`]
    return JSON.parse(await runToEnd({ command: load.program, args, cores: load.cores }))
  }
  const start = performance.now()
  await rawConsume({ port, topic, nextOffset: records, verify: false })
  return report('raw', { records, valueBytes, seconds: (performance.now() - start) / 1000, latenciesMs: [], errors: 0 })
}

async function produceLibrdkafka({ program, cores }: Load, work: ProduceWork): Promise<LoadReport> {
  const settings = [`max.in.flight=${work.inFlightMax}`, `keyed=${work.keyed ? 1 : 0}`]
  if (work.single) settings.push('one=1')
  else settings.push('linger.ms=5', `batch.size=${batchBytes}`, 'batch.num.messages=1000000')
  const { port, topic, records, valueBytes } = work
  const args = [
    'produce',
    `127.0.0.1:${port}`,
    topic,
    `${records}`,
    `${valueBytes}`,
    ...settings,
    ...(work.settings ?? []),
  ]
  return JSON.parse(await runToEnd({ command: program!, args, cores }))
}

/** Idempotent, five in flight, 64 KiB batches: Java's defaults but for batch.size and linger.ms. */
async function produceJava({ cores }: Load, work: ProduceWork): Promise<LoadReport> {
  const libs = process.env['VARVE_BENCH_KAFKA_LIBS']
  if (libs === undefined)
    throw new Error('--client java needs VARVE_BENCH_KAFKA_LIBS, a folder with the jars of kafka-tools')
  const batching = work.single ? ['linger.ms=0', 'batch.size=0'] : ['linger.ms=5', 'batch.size=65536']
  const tool = [
    '-Xmx512m',
    '-cp',
    join(libs, '*'),
    'org.apache.kafka.tools.ProducerPerformance',
    '--bootstrap-server',
    `127.0.0.1:${work.port}`,
  ]
  const what = [
    '--topic',
    work.topic,
    '--num-records',
    `${work.records}`,
    '--record-size',
    `${work.valueBytes}`,
    '--throughput',
    '-1',
  ]
  const printed = await runToEnd({
    command: 'java',
    args: [...tool, ...what, '--command-property', 'acks=all', ...batching],
    cores,
  })
  const line = printed.trim().split('\n').at(-1)!
  const numbers =
    /^(\d+) records sent, ([\d.]+) records\/sec .* (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99.9th/.exec(
      line,
    )
  if (numbers === null) throw new Error(`ProducerPerformance printed: ${line}`)
  const [records, recordsPerSecond, p50Ms, , p99Ms, p999Ms] = numbers.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const seconds = records / recordsPerSecond
  const valueBytes = records * work.valueBytes
  const megabytesPerSecond = valueBytes / seconds / 1e6
  const errors = work.records - records
  return {
    client: 'java',
    records,
    valueBytes,
    seconds,
    recordsPerSecond,
    megabytesPerSecond,
    p50Ms,
    p99Ms,
    p999Ms,
    errors,
    checksum: '',
  }
}

async function produceRaw(work: ProduceWork): Promise<LoadReport> {
  const recordsPerRequest = work.single ? 1 : Math.max(1, Math.floor(batchBytes / (work.valueBytes + 10)))
  const requests = Math.ceil(work.records / recordsPerRequest)
  const records = requests * recordsPerRequest
  const { seconds, latenciesMs, errors } = await rawProduce({ ...work, requests, recordsPerRequest })
  return report('raw', { records, valueBytes: work.valueBytes, seconds, latenciesMs, errors })
}

function report(
  client: string,
  did: { records: number; valueBytes: number; seconds: number; latenciesMs: readonly number[]; errors: number },
): LoadReport {
  const { records, seconds, latenciesMs, errors } = did
  const valueBytes = records * did.valueBytes
  const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map(share => percentile(latenciesMs, share)) as [
    number,
    number,
    number,
  ]
  const rates = { recordsPerSecond: records / seconds, megabytesPerSecond: valueBytes / seconds / 1e6 }
  return { client, records, valueBytes, seconds, ...rates, p50Ms, p99Ms, p999Ms, errors, checksum: '' }
}
