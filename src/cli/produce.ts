// `varve produce`: one value, or a record per line of stdin.
//   1  what is reported as produced is durable as its topic promises
//   2  trouble in the middle (a bad line, ^C, a full disk): what came before is kept and reported, with the line's number
//   3  lines are bytes: what goes in comes out, whatever it is; only the line end is taken off

import { Command, InvalidArgumentError } from 'commander'
import type { Topic } from '../embedded/topic.ts'
import type { Ack, Headers, NewRecord } from '../embedded/types.ts'
import type { CodecName } from '../records/index.ts'
import { nearest } from './did-you-mean.ts'
import { CommandError, exitCodes } from './failure.ts'
import type { Io } from './io.ts'
import { linesOf } from './lines.ts'
import { printRows } from './table.ts'
import { addTarget, type TargetOptions, withLog } from './target.ts'
import { countText } from './text.ts'

interface ProduceOptions extends TargetOptions {
  readonly key?: string
  readonly keyDelimiter?: string
  readonly header?: Headers
  readonly partition?: number
  readonly tombstone?: boolean
  readonly compression: CodecName
}

type Bytes = Topic<Uint8Array, Uint8Array>
type Line = NewRecord<Uint8Array, Uint8Array>

export function make(io: Io): Command {
  return addTarget(
    new Command('produce')
      .description('Append records: the value given, or each line of stdin. A topic that is not there is made.')
      .argument('<topic>', 'name')
      .argument('[value]', 'one value; without it, lines of stdin')
      .option('-k, --key <key>', 'key of every record')
      .option('-K, --key-delimiter <text>', 'each line is key, this, value')
      .option('-H, --header <name=value>', 'header of every record; may be given several times', collectHeader)
      .option('-p, --partition <n>', 'partition of every record (default: by key, as Java does)', parsePartition)
      .option('-Z, --tombstone', 'an empty value is null: a tombstone')
      .option('-z, --compression <codec>', 'of the batches: none, gzip, snappy, lz4, zstd', 'none'),
  )
    .addHelpText('after', help)
    .action((topic: string, value: string | undefined, options: ProduceOptions) => produce(topic, value, options, io))
}

async function produce(name: string, value: string | undefined, options: ProduceOptions, io: Io): Promise<void> {
  if (options.key !== undefined && options.keyDelimiter !== undefined)
    throw new CommandError('-k and -K exclude each other', { next: 'give one of them', exitCode: exitCodes.usage })
  if (value === undefined && io.input.isTTY) io.note('one record per line; ctrl-d ends')
  await withLog(options, { io, command: 'varve produce', make: true }, async (log, settings) => {
    const known = (await log.topics()).map(({ topic }) => topic)
    const topic = await log.topic(name, {
      compression: options.compression,
      create: settings.boolean('auto.create.topics.enable'),
    })
    if (!known.includes(name)) io.note(newTopicNote(name, topic.partitions, nearest(name, known)))
    const tally = new Tally(name)
    try {
      if (value === undefined) await appendLines(topic, options, io, tally)
      else tally.add([await topic.append(recordOf(Buffer.from(value), options))])
    } finally {
      await printRows(io, tally.rows())
    }
  })
}

function newTopicNote(name: string, partitions: number, meant: string | undefined): string {
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`
  return `made topic '${name}' with ${countText(partitions, 'partition')}${hint}`
}

// ---------------------------------------------------------------------------------------------------------------- lines

const flightsMax = 8

/** Chunk by chunk, as stdin hands them out: a slow typist's line is sent at once, a file's lines by the thousand. */
async function appendLines(topic: Bytes, options: ProduceOptions, io: Io, tally: Tally): Promise<void> {
  const flights: Promise<void>[] = []
  let lineNumber = 0
  try {
    for await (const lines of linesOf(io.input, io.signal)) {
      const { records, problem } = recordsOf(lines, options, lineNumber)
      lineNumber += lines.length
      const flight = topic.appendMany(records).then(acks => tally.add(acks))
      flight.catch(() => {}) // heard when it is awaited
      flights.push(flight)
      if (flights.length >= flightsMax) await flights.shift()
      if (problem !== undefined) throw problem
    }
  } finally {
    io.input.destroy()
    await Promise.all(flights)
  }
}

function recordsOf(
  lines: readonly Buffer[],
  options: ProduceOptions,
  linesBefore: number,
): { records: Line[]; problem: CommandError | undefined } {
  const { keyDelimiter } = options
  if (keyDelimiter === undefined) return { records: lines.map(line => recordOf(line, options)), problem: undefined }
  const delimiter = Buffer.from(keyDelimiter)
  const records: Line[] = []
  for (const [i, line] of lines.entries()) {
    const at = line.indexOf(delimiter)
    if (at < 0) return { records, problem: noKey(linesBefore + i + 1, keyDelimiter) }
    records.push({ ...recordOf(line.subarray(at + delimiter.length), options), key: line.subarray(0, at) })
  }
  return { records, problem: undefined }
}

function recordOf(value: Buffer, { key, header, partition, tombstone }: ProduceOptions): Line {
  return {
    key: key === undefined ? null : Buffer.from(key),
    value: tombstone && value.length === 0 ? null : value,
    headers: header,
    partition,
  }
}

function noKey(lineNumber: number, delimiter: string): CommandError {
  return new CommandError(`line ${lineNumber} has no '${delimiter}' between key and value`, {
    next: 'the lines before it were produced; put the line right and go on from there',
    exitCode: exitCodes.error,
  })
}

/** What became durable, by partition. */
class Tally {
  readonly #topic: string
  readonly #rows = new Map<number, { records: number; firstOffset: number; lastOffset: number }>()

  constructor(topic: string) {
    this.#topic = topic
  }

  add(acks: readonly Ack[]): void {
    for (const { partition, offset } of acks) {
      const row = this.#rows.get(partition)
      if (row === undefined) this.#rows.set(partition, { records: 1, firstOffset: offset, lastOffset: offset })
      else {
        row.records++
        row.firstOffset = Math.min(row.firstOffset, offset)
        row.lastOffset = Math.max(row.lastOffset, offset)
      }
    }
  }

  rows() {
    const rows = [...this.#rows].sort(([a], [b]) => a - b)
    return rows.map(([partition, row]) => ({ topic: this.#topic, partition, ...row }))
  }
}

// -------------------------------------------------------------------------------------------------------------- options

function parsePartition(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 on.')
  return Number(text)
}

function collectHeader(text: string, before: Headers = []): Headers {
  const match = /^([^=:]+)[=:](.*)$/s.exec(text)
  if (match === null) throw new InvalidArgumentError('A header is name=value.')
  return [...before, [match[1], match[2]]]
}

const help = `
On stdout: what became durable, one row per partition (JSON objects in a pipe).

Examples:
  varve produce greetings 'hello, world'
  varve produce orders -k de-1 '{"amount": 9.5}' -H source=shop
  printf 'k1:v1\\nk2:v2\\n' | varve produce orders -K :
  varve produce orders -k de-1 -Z ''                    a tombstone
  zcat log.gz | varve produce lines -z zstd --dir /var/lib/varve
`
