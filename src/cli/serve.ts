// `varve serve`: a data directory for Kafka clients, until it is told to stop.
//   1  it listens only after recovery, and on nothing but loopback unless --insecure
//   2  stopping is orderly within a deadline: no new requests, answers out, everything durable, clean mark; a second signal
//      ends at once (nothing acknowledged is lost then either: the next start replays the journal)
//   3  a failed disk stops appends for good and reads go on; a bug stops the process, so that nothing more is acknowledged

import { Command, Option } from 'commander'
import { checkListenAddress, parseListenAddress } from '../base/listen-address.ts'
import type { Broker } from '../broker/types.ts'
import type { Clock } from '../platform/platform.ts'
import type { Server } from '../server/index.ts'
import { exitCodes } from './failure.ts'
import type { Io } from './io.ts'
import { type LogLevel, lineLogger, logLevels } from './log-lines.ts'
import { dirOption, setOption } from './options.ts'
import { version } from './program.ts'
import { serveScreen } from './serve-screen.ts'
import { readSettings } from './settings.ts'

interface ServeOptions {
  readonly dir: string
  readonly kafka: string
  readonly set: readonly string[]
  readonly insecure?: boolean
  readonly advertise?: string
  readonly logLevel: LogLevel
}

const stopDeadlineMs = 10_000

export function make(io: Io): Command {
  return new Command('serve')
    .description('Serve a data directory to Kafka clients. The directory is made if it is missing.')
    .addOption(dirOption())
    .addOption(
      new Option('--kafka <host:port>', 'where to listen; port 0 takes a free one')
        .default('127.0.0.1:9092')
        .env('VARVE_KAFKA'),
    )
    .addOption(setOption())
    .option('--insecure', 'allow listening where other machines can reach it: there is no password')
    .option(
      '--advertise <host:port>',
      'the address that clients are told to come back to (default: the one they dialled)',
    )
    .addOption(
      new Option('--log-level <level>', 'least level of the lines on stderr')
        .choices([...logLevels])
        .default('info')
        .env('VARVE_LOG_LEVEL'),
    )
    .addHelpText('after', help)
    .action((options: ServeOptions) => serve(options, io))
}

async function serve(options: ServeOptions, io: Io): Promise<void> {
  const address = parseListenAddress(options.kafka)
  checkListenAddress(address, { insecure: options.insecure === true })
  const advertised = options.advertise === undefined ? undefined : parseListenAddress(options.advertise)
  const { settings, strangers } = readSettings(io.env, options.set)
  const { nodePlatform, openBroker, listen } = await engine()
  const platform = nodePlatform({ command: 'varve serve' })
  const logger = lineLogger(platform.clock, line => io.note(line), options.logLevel)
  io.onBug(error => {
    logger.error('a bug: the process ends, so that nothing more is acknowledged', { stack: stackOf(error) })
    io.exit(exitCodes.error)
  })
  for (const variable of strangers) logger.warn('this variable is not a setting', { variable })
  const broker = await openBroker({ platform, directory: options.dir, settings, logger })
  try {
    const server = await listen({ broker, platform, logger, address, advertised })
    await io.print(
      serveScreen({
        version: version(),
        directory: options.dir,
        server,
        broker,
        topics: await broker.listTopics(),
        colors: io.colors,
      }),
    )
    await aborted(io.signal)
    logger.info('stopping', { because: io.signal.reason, withinMs: stopDeadlineMs })
    await within(platform.clock, stop(server, broker), () => {
      logger.error('did not stop in time; nothing acknowledged is lost, the next start replays the journal')
      io.exit(exitCodes.error)
    })
    logger.info('stopped')
  } catch (error) {
    await broker.close().catch(() => {})
    throw error
  }
  if (broker.health().failure !== undefined) io.exitCode = exitCodes.error
}

/** Loaded when everything that can be checked without it was. */
async function engine() {
  const [{ nodePlatform }, { openBroker }, { listen }] = await Promise.all([
    import('../platform/node.ts'),
    import('../broker/open-broker.ts'),
    import('../server/index.ts'),
  ])
  return { nodePlatform, openBroker, listen }
}

async function stop(server: Server, broker: Broker): Promise<void> {
  await server.close(stopDeadlineMs / 2)
  await broker.close()
}

async function within(clock: Clock, work: Promise<void>, late: () => void): Promise<void> {
  const timer = clock.after(stopDeadlineMs, late)
  try {
    await work
  } finally {
    timer.cancel()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const help = `
Settings have Kafka's names where Kafka has one; --set goes before the environment, where log.segment.bytes is
VARVE_LOG_SEGMENT_BYTES and varve.journal.bytes is VARVE_JOURNAL_BYTES.

Examples:
  varve serve
  varve serve --dir /var/lib/varve --kafka 127.0.0.1:19092
  varve serve --set num.partitions=8 --set log.retention.ms=-1
  varve serve --kafka 0.0.0.0:9092 --insecure --advertise broker.example:9092
`
