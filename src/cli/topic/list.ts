// `varve topic list`

import { Command } from 'commander'
import type { Io } from '../io.ts'
import { printRows } from '../table.ts'
import { addTarget, type TargetOptions, withBroker } from '../target.ts'
import { bytesText } from '../text.ts'

export function makeList(io: Io): Command {
  return addTarget(new Command('list').description('List topics: partitions, offsets kept, size, durability.'))
    .addHelpText('after', help)
    .action((options: TargetOptions) => list(options, io))
}

async function list(options: TargetOptions, io: Io): Promise<void> {
  await withBroker(options, { io, command: 'varve topic list', make: false }, async broker => {
    const topics = await broker.listTopics()
    const rows = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.length,
      offsets: partitions.reduce((sum, partition) => sum + partition.highWatermark - partition.logStartOffset, 0),
      bytes: partitions.reduce((sum, partition) => sum + partition.bytes, 0),
      durability: partitions[0]?.durability,
      state: partitions.some(partition => partition.degraded !== undefined) ? 'DEGRADED' : 'ok',
    }))
    await printRows(io, rows, { bytes: bytesText })
    if (rows.length === 0) io.note("there are no topics; 'varve topic create NAME' makes one")
  })
}

const help = `
A table on a terminal, a JSON object per line in a pipe.

Examples:
  varve topic list
  varve topic list --dir /var/lib/varve | jq -r .topic
`
