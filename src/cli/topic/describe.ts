// `varve topic describe`

import { Command } from 'commander'
import type { SettingValue, TopicDescription } from '../../broker/types.ts'
import type { Io } from '../io.ts'
import { jsonLine, printRows } from '../table.ts'
import { addTarget, type TargetOptions, topicNotFound, withBroker } from '../target.ts'
import { bytesText } from '../text.ts'

export function makeDescribe(io: Io): Command {
  return addTarget(
    new Command('describe')
      .description('Show topics: each partition with its offsets and size, and every setting with where it comes from.')
      .argument('<topic...>', 'names'),
  )
    .addHelpText('after', help)
    .action((topics: string[], options: TargetOptions) => describe(topics, options, io))
}

async function describe(names: readonly string[], options: TargetOptions, io: Io): Promise<void> {
  await withBroker(options, { io, command: 'varve topic describe', make: false }, async broker => {
    const results = await broker.describeTopics(names.map(topic => ({ topic })))
    for (const [i, { error, description }] of results.entries()) {
      if (description !== undefined) await (io.isTerminal ? printScreen(io, description) : printObject(io, description))
      else if (error?.code === 'UNKNOWN_TOPIC_OR_PARTITION')
        throw topicNotFound(
          names[i],
          (await broker.listTopics()).map(({ topic }) => topic),
        )
      else throw error
    }
  })
}

function printObject(io: Io, { topic, topicId, internal, partitions, settings }: TopicDescription): Promise<void> {
  const object = { topic, topicId, internal, partitions: partitions.map(partitionRow), settings }
  return io.print(`${jsonLine(object)}\n`)
}

async function printScreen(io: Io, { topic, topicId, partitions, settings }: TopicDescription): Promise<void> {
  await io.print(`${io.colors.bold(topic)}  id ${topicId}\n\n`)
  await printRows(io, partitions.map(partitionRow), { bytes: bytesText })
  await io.print('\n')
  const inOrder = [...settings].sort((a, b) => rank(a) - rank(b))
  await printRows(
    io,
    inOrder.map(({ name, value, source }) => ({ setting: name, value, source })),
  )
  await io.print('\n')
}

function partitionRow(partition: TopicDescription['partitions'][number]) {
  const { logStartOffset, highWatermark, leaderEpoch, bytes, durability, degraded } = partition
  return {
    partition: partition.partition,
    start: logStartOffset,
    end: highWatermark,
    epoch: leaderEpoch,
    bytes,
    segments: partition.segments().length,
    durability,
    state: degraded === undefined ? 'ok' : `DEGRADED from ${degraded.fromOffset}: ${degraded.reason}`,
  }
}

/** What somebody chose comes first. */
const rank = ({ source }: SettingValue): number => ['topic', 'broker', 'default'].indexOf(source)

const help = `
Examples:
  varve topic describe orders
  varve topic describe orders | jq '.partitions[] | {partition, end}'
`
