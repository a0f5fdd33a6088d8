// The brokers under test: the floor, Varve, and Apache Kafka where its jars are (VARVE_BENCH_KAFKA_LIBS). Called by run.ts.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Running, runToEnd, startBroker } from './processes.ts'

export interface StartOptions {
  /** an empty directory of its own */
  readonly dir: string
  readonly cores: string | undefined
  readonly env?: Readonly<Record<string, string>>
  /** what will be produced: the floor preallocates it */
  readonly bytesExpected: number
}

export interface Target {
  readonly name: string
  start(options: StartOptions): Promise<Running>
}

const root = join(import.meta.dirname, '..')
const kafkaLibs = process.env['VARVE_BENCH_KAFKA_LIBS']
const kafkaHeap = ['-Xmx1g', '-Xms1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']

const floor = (name: string, ...flags: string[]): Target => ({
  name,
  async start({ dir, cores, env, bytesExpected }) {
    const port = await freePort()
    const preallocate = String(Math.ceil(bytesExpected * 1.05) + (1 << 20))
    const args = ['--import', 'tsx', join(root, 'bench/floor.ts'), '--dir', dir, '--port', `${port}`]
    return startBroker({ command: 'node', args: [...args, '--preallocate', preallocate, ...flags], cores, env }, port)
  },
})

const varve: Target = {
  name: 'varve',
  async start({ dir, cores, env }) {
    const port = await freePort()
    const main = builtCommand()
    const args = [main, 'serve', '--dir', dir, '--kafka', `127.0.0.1:${port}`]
    return startBroker({ command: 'node', args, cores, env }, port)
  },
}

/** The file that package.json gives to `varve`. */
function builtCommand(): string {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const main = join(root, bin.varve)
  if (!existsSync(main)) throw new Error(`${bin.varve} is missing: run "npm run build" first`)
  return main
}

/** `durable`: a sync per append, which is what Varve and the floor promise. Otherwise Kafka's own default, no sync at all. */
const kafka = (name: string, durable: boolean): Target => ({
  name,
  async start({ dir, cores }) {
    const [port, controllerPort] = [await freePort(), await freePort()]
    mkdirSync(join(dir, 'data'))
    const properties = join(dir, 'server.properties')
    writeFileSync(properties, kafkaProperties({ port, controllerPort, dir: join(dir, 'data'), durable }))
    const java = [...kafkaHeap, '-cp', join(kafkaLibs!, '*')]
    const id = (await runToEnd({ command: 'java', args: [...java, 'kafka.tools.StorageTool', 'random-uuid'] })).trim()
    const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', id, '-c', properties]
    await runToEnd({ command: 'java', args: [...java, ...format] })
    return startBroker({ command: 'java', args: [...java, 'kafka.Kafka', properties], cores }, port)
  },
})

function kafkaProperties(options: { port: number; controllerPort: number; dir: string; durable: boolean }): string {
  const listeners = `PLAINTEXT://127.0.0.1:${options.port},CONTROLLER://127.0.0.1:${options.controllerPort}`
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${options.controllerPort}`,
    `listeners=${listeners}`,
    `advertised.listeners=${listeners}`,
    'inter.broker.listener.name=PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `log.dirs=${options.dir}`,
    'num.partitions=1',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    ...(options.durable ? ['log.flush.interval.messages=1'] : []),
  ]
  return `${lines.join('\n')}\n`
}

export const targets: readonly Target[] = [
  floor('floor'),
  floor('floor-nosync', '--no-sync'),
  floor('floor-growing', '--preallocate', '0'),
  varve,
  ...(kafkaLibs === undefined ? [] : [kafka('kafka-durable', true), kafka('kafka-nosync', false)]),
]

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
