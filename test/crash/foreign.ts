// Other people's clients in the kill test: librdkafka (kcat) and Java as idempotent producers, each one process that lives
// through all rounds and repeats by itself what was not acknowledged; and a kcat that reads what the other one writes, as it
// comes. Whatever the producers were given is in the log exactly once, in order, and the reader sees each record once.
// Called by stage.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { javaClassPath, javaFlags } from '../clients/java.ts'
import * as needs from '../clients/needs.ts'
import type { Ledger } from './ledger.ts'

export interface Foreign {
  readonly topic: string
  readonly partitions: number
  start(port: number): void
  /** No more records; resolves when the client has its acknowledgements and has ended well. */
  finish(): Promise<void>
}

/** Those that this machine has. */
export function foreignProducers(ledger: Ledger): Foreign[] {
  const all: Foreign[] = []
  if (!needs.missing(needs.kcat())) all.push(new KcatProducer(ledger))
  if (!needs.missing(needs.jars('java-newest'))) all.push(new JavaProducer(ledger))
  return all
}

/** None outlives the test file, whatever fails. */
const living = new Set<ChildProcess>()
afterAll(() => {
  for (const child of living) child.kill('SIGKILL')
})

const patienceMs = '600000'
const followedMsMax = 30_000
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

class KcatProducer implements Foreign {
  readonly topic = 'foreign-kcat'
  readonly partitions = 1
  readonly #ledger: Ledger
  #child!: ChildProcess
  #ended!: Promise<void>
  #timer: NodeJS.Timeout | undefined
  #follower!: ChildProcess
  #nextOffset = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  start(port: number): void {
    const settings = ['enable.idempotence=true', `message.timeout.ms=${patienceMs}`, 'reconnect.backoff.max.ms=200']
    const args = ['-P', '-E', '-q', '-b', `127.0.0.1:${port}`, '-t', this.topic, '-p', '0']
    this.#child = spawn('kcat', [...args, ...settings.flatMap(setting => ['-X', setting])], {
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    this.#ended = endOf(this.#child, 'kcat')
    const partition = this.#ledger.partition(this.topic, 0)
    this.#follow(port)
    this.#timer = setInterval(() => {
      const first = partition.send('kcat', 'foreign', 10)
      for (let i = 0; i < 10; i++) this.#child.stdin?.write(`kcat:${first + i}\n`)
    }, 5)
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer)
    this.#child.stdin?.end()
    await this.#ended
    const sent = this.#ledger.partition(this.topic, 0).send('kcat', 'foreign', 0)
    for (let waitedMs = 0; this.#nextOffset < sent && waitedMs < followedMsMax; waitedMs += 50) await sleep(50)
    if (this.#nextOffset !== sent) this.#ledger.problem(`kcat followed ${this.#nextOffset} of ${sent} records`)
    this.#follower.kill('SIGKILL')
  }

  /** Consumers may be handed nothing twice and nothing late: offsets come one after the other, through all restarts. */
  #follow(port: number): void {
    const args = [
      '-C',
      '-E',
      '-q',
      '-u',
      '-b',
      `127.0.0.1:${port}`,
      '-t',
      this.topic,
      '-p',
      '0',
      '-o',
      'beginning',
      '-f',
      '%o %s\n',
    ]
    this.#follower = spawn('kcat', [...args, '-X', 'reconnect.backoff.max.ms=200'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    void endOf(this.#follower, 'kcat').catch(() => {})
    const ledger = this.#ledger.partition(this.topic, 0)
    createInterface({ input: this.#follower.stdout! }).on('line', line => {
      const [offset, value] = line.split(' ')
      if (Number(offset) !== this.#nextOffset) this.#ledger.problem(`kcat at ${this.#nextOffset} was handed ${offset}`)
      ledger.saw(Number(offset), value)
      this.#nextOffset = Number(offset) + 1
    })
  }
}

class JavaProducer implements Foreign {
  readonly topic = 'foreign-java'
  readonly partitions = 2
  readonly #ledger: Ledger
  #child!: ChildProcess
  #ended!: Promise<void>

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  start(port: number): void {
    const settings = [`delivery.timeout.ms=${patienceMs}`, `max.block.ms=${patienceMs}`, 'reconnect.backoff.max.ms=200']
    const args = [
      ...javaFlags,
      '-cp',
      javaClassPath('java-newest'),
      'VarveClient',
      'flood',
      `127.0.0.1:${port}`,
      this.topic,
    ]
    this.#child = spawn('java', [...args, ...settings], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#ended = endOf(this.#child, 'java')
    for (let partition = 0; partition < this.partitions; partition++)
      this.#ledger.partition(this.topic, partition).send('java', 'foreign', 0)
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#take(line.split('\t')))
  }

  /** sent: partition, number; acked: partition, number, offset */
  #take([what, partition, number, offset]: string[]): void {
    if (partition === undefined) return // done
    const ledger = this.#ledger.partition(this.topic, Number(partition))
    if (what === 'sent') ledger.send('java', 'foreign', 1)
    if (what === 'acked')
      ledger.acked({ producer: 'java', first: Number(number), count: 1, baseOffset: Number(offset) })
    if (what === 'failed') this.#ledger.problem(`Java's producer gave up: ${number} ${offset}`)
  }

  async finish(): Promise<void> {
    this.#child.stdin?.end()
    await this.#ended
  }
}

function endOf(child: ChildProcess, name: string): Promise<void> {
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr = (stderr + chunk).slice(-2_000)
  })
  child.stdin?.on('error', () => {})
  living.add(child)
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', code => {
      living.delete(child)
      if (code === 0) resolve()
      else reject(new Error(`${name} ended with ${code}: ${stderr}`))
    })
  })
  ended.catch(() => {})
  return ended
}
