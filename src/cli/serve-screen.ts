// What `varve serve` shows when it is ready: one screen with where, what was found, what an acknowledgement means, what to
// type next. Pure. Called by serve.ts.

import { printable } from '../base/names.ts'
import type { Broker, TopicDescription } from '../broker/types.ts'
import type { RecoveryReport } from '../log/types.ts'
import type { Server } from '../server/index.ts'
import type { Io } from './io.ts'
import { bytesText, countText } from './text.ts'

export interface ScreenFacts {
  readonly version: string
  readonly directory: string
  readonly server: Pick<Server, 'address'>
  readonly broker: Pick<Broker, 'recovery' | 'settings' | 'clusterId'>
  readonly topics: readonly TopicDescription[]
  readonly colors: Io['colors']
}

const problemsMax = 8
const exceptionsMax = 4

export function serveScreen({ version, directory, server, broker, topics, colors }: ScreenFacts): string {
  const { host, port } = server.address
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const row = (name: string, text: string): string => `  ${colors.dim(name.padEnd(11))} ${text}\n`
  return [
    `${colors.bold('varve')} ${version}\n\n`,
    row('kafka', colors.bold(address)),
    row('directory', `${printable(directory)} (${contentsText(topics)})`),
    row('recovery', recoveryText(broker.recovery)),
    ...problemLines(broker.recovery).map((line, i) => row(i === 0 ? 'problems' : '', colors.red(line))),
    ...durabilityLines(broker, topics).map((line, i) => row(i === 0 ? 'durability' : '', line)),
    '\n',
    row('try', `echo hello | kcat -b ${address} -P -t greetings`),
    row('', `kcat -b ${address} -C -t greetings -e`),
    row('stop', 'ctrl-c'),
    '\n',
  ].join('')
}

function contentsText(topics: readonly TopicDescription[]): string {
  const partitions = topics.flatMap(topic => topic.partitions)
  const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0)
  return `${countText(topics.length, 'topic')}, ${countText(partitions.length, 'partition')}, ${bytesText(bytes)}`
}

function recoveryText({ clean, groupsReplayed, bytesReplayed, bytesQuarantined, durationMs }: RecoveryReport): string {
  const took = `${Math.round(durationMs)} ms`
  const aside = bytesQuarantined === 0 ? '' : `; ${bytesText(bytesQuarantined)} set aside in quarantine/`
  if (clean && groupsReplayed === 0) return `none needed, the last stop was clean (${took})${aside}`
  if (groupsReplayed === 0) return `nothing to replay (${took})${aside}`
  return `${countText(groupsReplayed, 'group')} (${bytesText(bytesReplayed)}) replayed from the journal in ${took}${aside}`
}

function problemLines({ problems }: RecoveryReport): string[] {
  const lines = problems.slice(0, problemsMax).map(({ path, problem }) => `${printable(path)}: ${printable(problem)}`)
  if (problems.length > problemsMax)
    lines.push(`and ${problems.length - problemsMax} more; 'varve log verify' lists them`)
  return lines
}

const durabilityWords: { readonly [durability: string]: string } = {
  fsync: 'fsync: an acknowledged record survives a power cut',
  interval: 'interval: a power cut may take the last flush.ms of acknowledged records',
  os: 'os: a power cut may take acknowledged records; the system writes them when it likes',
}

function durabilityLines({ settings }: ScreenFacts['broker'], topics: readonly TopicDescription[]): string[] {
  const usual = settings.string('varve.durability')
  const others = topics
    .map(topic => ({ topic: topic.topic, durability: topic.partitions[0]?.durability ?? usual }))
    .filter(topic => topic.durability !== usual)
  const names = others.slice(0, exceptionsMax).map(({ topic, durability }) => `${topic} (${durability})`)
  const more = others.length > exceptionsMax ? ` and ${others.length - exceptionsMax} more` : ''
  return [durabilityWords[usual] ?? usual, ...(others.length === 0 ? [] : [`except ${names.join(', ')}${more}`])]
}
