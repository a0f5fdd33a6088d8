// `varve topic delete`: asks first on a terminal; a script says --yes.

import { Command } from 'commander'
import { CommandError, exitCodes } from '../failure.ts'
import type { Io } from '../io.ts'
import { printRows } from '../table.ts'
import { addTarget, type TargetOptions, topicNotFound, withBroker } from '../target.ts'
import { bytesText } from '../text.ts'

interface DeleteOptions extends TargetOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

export function makeDelete(io: Io): Command {
  return addTarget(
    new Command('delete')
      .description('Delete topics with all their records.')
      .argument('<topic...>', 'names')
      .option('-y, --yes', 'do not ask')
      .option('--dry-run', 'only show what would go'),
  )
    .addHelpText('after', help)
    .action((topics: string[], options: DeleteOptions) => remove([...new Set(topics)], options, io))
}

async function remove(names: readonly string[], options: DeleteOptions, io: Io): Promise<void> {
  const { yes = false, dryRun = false } = options
  if (!yes && !dryRun && !canAsk(io))
    throw new CommandError('there is no terminal to ask on whether the topics may go', {
      next: 'add --yes if they may, or --dry-run to see what would go',
      exitCode: exitCodes.usage,
    })
  await withBroker(options, { io, command: 'varve topic delete', make: false }, async broker => {
    const there = await broker.listTopics()
    const topics = names.map(name => {
      const topic = there.find(each => each.topic === name)
      if (topic === undefined)
        throw topicNotFound(
          name,
          there.map(each => each.topic),
        )
      return topic
    })
    const rows = topics.map(({ topic, partitions }) => ({
      topic,
      offsets: partitions.reduce((sum, partition) => sum + partition.highWatermark - partition.logStartOffset, 0),
      bytes: partitions.reduce((sum, partition) => sum + partition.bytes, 0),
    }))
    if (dryRun) return printRows(io, rows, { bytes: bytesText })
    for (const { topic, offsets, bytes } of rows)
      if (!yes) await confirm(io, topic, `${offsets} records, ${bytesText(bytes)}`)
    const results = await broker.deleteTopics(topics.map(({ topicId }) => ({ topicId })))
    const gone = rows.filter((_, i) => results[i].error === undefined)
    await printRows(io, gone, { bytes: bytesText })
    const trouble = results.find(({ error }) => error !== undefined)
    if (trouble !== undefined) throw trouble.error
  })
}

const canAsk = (io: Io): boolean => io.input.isTTY === true && io.isErrorTerminal

async function confirm(io: Io, topic: string, what: string): Promise<void> {
  io.note(`This deletes topic '${topic}' (${what}) for good. Type its name to go on:`)
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: io.input })
  try {
    if ((await lines.question('', { signal: io.signal })).trim() === topic) return
  } finally {
    lines.close()
  }
  throw new CommandError('that was another name: nothing was deleted', { next: 'run it again, or add --yes' })
}

const help = `
Examples:
  varve topic delete old-orders --dry-run
  varve topic delete old-orders --yes
`
