// What is measured: one function per scenario, each on a broker that was started for it on an empty directory. Called by run.ts.
// CPU is taken a second after the work, so that what a broker puts off counts as well.

import { setTimeout as sleep } from 'node:timers/promises'
import { consume, type Load, type LoadReport, type ProduceWork, produce } from './clients/load.ts'
import { slowReaders } from './clients/raw.ts'
import { median } from './numbers.ts'
import type { Running } from './processes.ts'
import type { StartOptions, Target } from './targets.ts'

/** Whatever a scenario measures; the table shows the columns that are there. */
export interface Measured {
  recordsPerSecond?: number
  megabytesPerSecond?: number
  p50Ms?: number
  p99Ms?: number
  cpuSecondsPerGigabyte?: number
  cpuSecondsPerMillion?: number
  rssPeakMegabytes?: number
  rssAfterMegabytes?: number
  startMs?: number
}

export interface Context {
  readonly target: Target
  readonly load: Load
  /** path of the library that delays syncs; undefined where it was not built */
  readonly slowSync: string | undefined
  /** 1 for the numbers that count; below it, less work: to see that everything runs */
  readonly scale: number
  readonly brokerCores: string | undefined
  /** an empty directory, gone afterwards */
  inDirectory<T>(work: (dir: string) => Promise<T>): Promise<T>
}

export interface Scenario {
  readonly name: string
  /** what the issue asks for, in its words */
  readonly goal: string
  /** targets that it means something for; undefined: all */
  readonly targets?: readonly string[]
  run(context: Context): Promise<Measured>
}

const topic = 'bench'
const slowSyncMs = 50
const settleMs = 1000
/** Of one record beside its value: length, attributes, deltas, key and value lengths, headers. */
const recordOverheadBytes = 12

export const scenarios: readonly Scenario[] = [
  producing('produce-100', 'at least 0.8 of the floor', {
    records: 5_000_000,
    valueBytes: 100,
    single: false,
    inFlightMax: 5,
  }),
  producing('produce-1000', 'at least 0.8 of the floor, or within 10 % of its CPU seconds per GB', {
    records: 1_000_000,
    valueBytes: 1000,
    single: false,
    inFlightMax: 5,
  }),
  producing('single-1000', 'one record per request, 1,000 in flight: at least 0.7 of the floor', {
    records: 400_000,
    valueBytes: 100,
    single: true,
    inFlightMax: 1000,
  }),
  producing('single-5', 'one record per request, 5 in flight: at least 0.7 of the floor', {
    records: 50_000,
    valueBytes: 100,
    single: true,
    inFlightMax: 5,
  }),
  { name: 'consume-100', goal: 'by assign: at least 0.8 of the floor', run: consuming },
  { name: 'slow-consumer', goal: 'resident memory under 150 MB', targets: ['varve'], run: slowConsumer },
  { name: 'slow-disk', goal: 'resident memory under 150 MB', targets: ['varve'], run: slowDisk },
  { name: 'idle', goal: 'resident memory under 80 MB', run: idle },
  { name: 'start', goal: 'to the first answered request under 400 ms', targets: ['varve', 'floor'], run: start },
]

type Work = Omit<ProduceWork, 'port' | 'topic'>

function producing(name: string, goal: string, work: Work): Scenario {
  const run = (context: Context) =>
    onBroker(context, { bytesExpected: bytesOf(work) }, async broker => {
      const scaled = { ...work, records: Math.ceil(work.records * context.scale) }
      return metered(broker, () => produce(context.load, { ...scaled, port: broker.port, topic }))
    })
  return { name, goal, run }
}

async function consuming(context: Context): Promise<Measured> {
  const work = { records: Math.ceil(5_000_000 * context.scale), valueBytes: 100, single: false, inFlightMax: 5 }
  return onBroker(context, { bytesExpected: bytesOf(work) }, async broker => {
    const produced = await produce(context.load, { ...work, port: broker.port, topic })
    await sleep(settleMs)
    return metered(broker, async () => {
      const consumed = await consume(context.load, { ...work, records: produced.records, port: broker.port, topic })
      if (produced.checksum !== '' && consumed.checksum !== produced.checksum)
        throw new Error(`${context.target.name} gave other records than it got`)
      return consumed
    })
  })
}

/** Producers at full speed, a consumer that sleeps, and fifty connections that ask for gigabytes and hardly read. */
async function slowConsumer(context: Context): Promise<Measured> {
  const work = { records: Math.ceil(4_000_000 * context.scale), valueBytes: 100, single: false, inFlightMax: 1_000_000 }
  return onBroker(context, { bytesExpected: 2 * bytesOf(work) }, async broker => {
    const at = { port: broker.port, topic }
    await produce(context.load, { ...work, ...at })
    const stop = await slowReaders({ ...at, connections: 50, requests: 50 })
    const slow = consume(context.load, { ...at, records: work.records / 2, valueBytes: 100, sleepMicros: 2000 })
    const measured = await metered(broker, () => produce(context.load, { ...work, ...at }))
    await slow
    stop()
    return { ...measured, rssPeakMegabytes: broker.rssPeakMegabytes(), rssAfterMegabytes: await rssLater(broker) }
  })
}

/** Three producers without a bound on what is in flight, and a disk that takes 50 ms longer for every sync. */
async function slowDisk(context: Context): Promise<Measured> {
  if (context.slowSync === undefined) throw new Error('the slow disk was not built')
  const env = { LD_PRELOAD: context.slowSync, SLOW_SYNC_MS: String(slowSyncMs) }
  const work = { records: Math.ceil(300_000 * context.scale), valueBytes: 1000, single: false, inFlightMax: 1_000_000 }
  return onBroker(context, { bytesExpected: 3 * bytesOf(work), env }, async broker => {
    // The floor has room for one producer only.
    const topics = context.target.name.startsWith('floor') ? [topic] : [topic, `${topic}-2`, `${topic}-3`]
    const measured = await metered(broker, async () => {
      const reports = await Promise.all(
        topics.map(name => produce(context.load, { ...work, port: broker.port, topic: name })),
      )
      return together(reports)
    })
    return { ...measured, rssAfterMegabytes: await rssLater(broker) }
  })
}

async function idle(context: Context): Promise<Measured> {
  return onBroker(context, { bytesExpected: 0 }, async broker => {
    await sleep(5000 * context.scale)
    return { rssAfterMegabytes: broker.rssMegabytes(), rssPeakMegabytes: broker.rssPeakMegabytes() }
  })
}

async function start(context: Context): Promise<Measured> {
  const took: number[] = []
  for (let time = 0; time < Math.ceil(5 * context.scale); time++)
    await onBroker(context, { bytesExpected: 0 }, async broker => {
      took.push(broker.startMs)
      return {}
    })
  return { startMs: median(took) }
}

function bytesOf(work: Work): number {
  return work.records * (work.valueBytes + (work.single ? 80 : recordOverheadBytes))
}

async function onBroker<T>(
  context: Context,
  options: Pick<StartOptions, 'bytesExpected' | 'env'>,
  work: (broker: Running) => Promise<T>,
): Promise<T> {
  return context.inDirectory(async dir => {
    const bytesExpected = options.bytesExpected * context.scale
    const broker = await context.target.start({ ...options, bytesExpected, dir, cores: context.brokerCores })
    try {
      return await work(broker)
    } finally {
      await broker.stop()
    }
  })
}

/** The rates of `work`, and what the broker spent on it. */
async function metered(broker: Running, work: () => Promise<LoadReport>): Promise<Measured> {
  broker.resetPeak()
  const before = broker.cpuSeconds()
  const report = await work()
  await sleep(settleMs)
  const cpuSeconds = broker.cpuSeconds() - before
  if (report.errors > 0) throw new Error(`${report.errors} records failed: ${JSON.stringify(report)}`)
  return {
    recordsPerSecond: report.recordsPerSecond,
    megabytesPerSecond: report.megabytesPerSecond,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    cpuSecondsPerGigabyte: cpuSeconds / (report.valueBytes / 1e9),
    cpuSecondsPerMillion: cpuSeconds / (report.records / 1e6),
    rssPeakMegabytes: broker.rssPeakMegabytes(),
  }
}

async function rssLater(broker: Running): Promise<number> {
  await sleep(5000)
  return broker.rssMegabytes()
}

/** Producers that ran at the same time: rates add up, the slowest tells the latency. */
function together(reports: readonly LoadReport[]): LoadReport {
  const sum = (field: 'records' | 'valueBytes' | 'recordsPerSecond' | 'megabytesPerSecond' | 'errors') =>
    reports.reduce((total, report) => total + report[field], 0)
  const worst = (field: 'seconds' | 'p50Ms' | 'p99Ms' | 'p999Ms') => Math.max(...reports.map(report => report[field]))
  return {
    client: reports[0]!.client,
    records: sum('records'),
    valueBytes: sum('valueBytes'),
    seconds: worst('seconds'),
    recordsPerSecond: sum('recordsPerSecond'),
    megabytesPerSecond: sum('megabytesPerSecond'),
    p50Ms: worst('p50Ms'),
    p99Ms: worst('p99Ms'),
    p999Ms: worst('p999Ms'),
    errors: sum('errors'),
    checksum: '',
  }
}
