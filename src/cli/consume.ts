// `varve consume`: records of a topic, from any place, as lines.
//   1  a table on a terminal, NDJSON in a pipe, or as --format says
//   2  control characters of records are escaped, except with -f raw and with --raw
//   3  ^C and a closed pipe end it in order

import { Command, InvalidArgumentError } from 'commander'
import type { LogRecord } from '../embedded/types.ts'
import { CommandError, exitCodes } from './failure.ts'
import { chooseFormat } from './formats.ts'
import type { Io } from './io.ts'
import { addTarget, type TargetOptions, topicNotFound, withLog } from './target.ts'

interface ConsumeOptions extends TargetOptions {
  readonly offset: string
  readonly count?: number
  readonly partitions?: readonly number[]
  readonly format?: string
  readonly raw?: boolean
  readonly follow?: boolean
}

export function make(io: Io): Command {
  return addTarget(
    new Command('consume')
      .description('Print records of a topic. Partitions are merged by time.')
      .argument('<topic>', 'name')
      .option('-o, --offset <place>', 'where to begin, or a range', 'start')
      .option('-n, --count <n>', 'stop after this many records', parseCount)
      .option('-p, --partitions <list>', 'only these, e.g. 0 or 0,2', parsePartitions)
      .option('-f, --format <format>', 'json, raw, table, or text with %t %p %o %k %v %h %T')
      .option('--raw', 'with a format text: bytes as they are, control characters too')
      .option('-F, --follow', 'go on with new records as they come'),
  )
    .addHelpText('after', help)
    .action((topic: string, options: ConsumeOptions) => consume(topic, options, io))
}

async function consume(name: string, options: ConsumeOptions, io: Io): Promise<void> {
  const { offset, follow = false, count = Number.POSITIVE_INFINITY, raw = false } = options
  const format = chooseFormat(options.format ?? (io.isTerminal ? 'table' : 'json'), { raw })
  await withLog(options, { io, command: 'varve consume', make: false }, async log => {
    const known = (await log.topics()).map(({ topic }) => topic)
    if (!known.includes(name) && !isInternal(name)) throw topicNotFound(name, known)
    const topic = await log.topic(name, { create: false })
    const wanted = wantedPartitions(options.partitions, name, topic.partitions)
    const isOne = wanted.length === 1
    const isAll = wanted.length === topic.partitions
    const reader = topic.read({
      from: offset,
      partition: isOne ? wanted[0] : undefined,
      follow,
      limit: isOne || isAll ? count : undefined,
      signal: io.signal,
    })
    if (format.head !== undefined) await io.print(format.head)
    let left = count
    for await (const { records } of reader.batches()) {
      const chosen = isOne || isAll ? records : records.filter(({ partition }) => wanted.includes(partition))
      const taken = chosen.slice(0, left)
      await io.print(linesOf(taken, format.line))
      left -= taken.length
      if (left === 0 || io.signal.aborted) break
    }
  })
}

type BytesRecord = LogRecord<Uint8Array, Uint8Array>

function linesOf(records: readonly BytesRecord[], line: (record: BytesRecord) => string | Buffer): string | Buffer {
  const lines = records.map(line)
  return lines.every(each => typeof each === 'string')
    ? lines.join('')
    : Buffer.concat(lines.map(each => (typeof each === 'string' ? Buffer.from(each) : each)))
}

/** Not listed, but readable by those who know its name. */
const isInternal = (topic: string): boolean => topic.startsWith('__')

function wantedPartitions(list: readonly number[] | undefined, topic: string, count: number): readonly number[] {
  const wanted = list ?? Array.from({ length: count }, (_, partition) => partition)
  const strange = wanted.find(partition => partition >= count)
  if (strange === undefined) return wanted
  throw new CommandError(`topic '${topic}' has no partition ${strange}; it has 0 to ${count - 1}`, {
    next: `'varve topic describe ${topic}' shows them`,
    exitCode: exitCodes.notFound,
  })
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 on.')
  return Number(text)
}

function parsePartitions(text: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(text)) throw new InvalidArgumentError('Numbers with commas between them.')
  return [...new Set(text.split(',').map(Number))]
}

const help = `
Places: start · end · 47 · +100 (after the start) · -100 (the last 100) · 10:20 · @-1h · @2026-11-20T10:00Z · @T1:T2
Format: %t topic  %p partition  %o offset  %k key  %v value  %h headers  %T timestamp in ms  %% percent  \\n \\t \\r \\\\

Examples:
  varve consume orders
  varve consume orders -o -10
  varve consume orders -o @-1h --follow
  varve consume orders -o @-2d:-1d -p 0 | jq .value
  varve consume orders -f '%p@%o %k=%v\\n' -n 5
  varve consume images -p 0 -o 47 -n 1 -f '%v' --raw > image.png
`
