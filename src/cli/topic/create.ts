// `varve topic create`

import { Command, InvalidArgumentError } from 'commander'
import type { CreateTopicResult } from '../../broker/types.ts'
import type { Io } from '../io.ts'
import { parsePair } from '../settings.ts'
import { printRows } from '../table.ts'
import { addTarget, type TargetOptions, withBroker } from '../target.ts'

interface CreateOptions extends TargetOptions {
  readonly partitions?: number
  readonly config?: readonly (readonly [string, string])[]
  readonly ifNotExists?: boolean
}

export function makeCreate(io: Io): Command {
  return addTarget(
    new Command('create')
      .description('Create topics, all with the same settings.')
      .argument('<topic...>', 'names')
      .option('-p, --partitions <n>', 'number of partitions (default: num.partitions)', parseCount)
      .option('-c, --config <name=value>', 'a setting of the topic; may be given several times', collectPair)
      .option('--if-not-exists', 'a topic that is there is no error'),
  )
    .addHelpText('after', help)
    .action((topics: string[], options: CreateOptions) => create(topics, options, io))
}

async function create(topics: readonly string[], options: CreateOptions, io: Io): Promise<void> {
  const { partitions = -1, config = [], ifNotExists = false } = options
  const wanted = topics.map(topic => ({ topic, partitions, replicationFactor: -1, settings: config }))
  const results = await withBroker(options, { io, command: 'varve topic create', make: true }, broker =>
    broker.createTopics(wanted),
  )
  const isTrouble = ({ error }: CreateTopicResult): boolean =>
    error !== undefined && !(ifNotExists && error.code === 'TOPIC_ALREADY_EXISTS')
  const made = results.filter(({ error }) => error === undefined)
  await printRows(
    io,
    made.map(({ topic, partitions, topicId }) => ({ topic, partitions, id: topicId })),
  )
  const trouble = results.find(isTrouble)
  if (trouble !== undefined) throw trouble.error
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('A whole number from 1 on.')
  return count
}

function collectPair(pair: string, before: readonly (readonly [string, string])[] = []): (readonly [string, string])[] {
  return [...before, parsePair(pair)]
}

const help = `
Examples:
  varve topic create orders
  varve topic create orders payments -p 8 -c retention.ms=-1
  varve topic create clicks -c varve.durability=os --dir /var/lib/varve
`
