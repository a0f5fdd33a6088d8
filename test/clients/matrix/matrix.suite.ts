// Clients in other languages against `varve serve`, unchanged: each makes topics, produces 10,000 keyed records with each codec
// it has, and reads them back without a group. What they say is compared with what is stored. At the end the matrix is shown.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrokerProcess, freePort, freshDirectory } from '../../crash/broker-process.ts'
import { run } from '../../crash/command.ts'
import * as needs from '../needs.ts'
import {
  type Client,
  clients,
  codecs,
  type Digests,
  missing,
  type Report,
  type Row,
  sent,
  sinceMs,
  tailRecords,
} from './clients.ts'
import { digest, type StoredPartition, storedPartition } from './stored.ts'

const lines: string[] = []
afterAll(() => console.log(lines.join('\n')))

describe.each(clients)('$name', client => {
  const isSkipped = needs.missing(missing(client))
  let broker: BrokerProcess
  let report: Report
  beforeAll(async () => {
    if (isSkipped) return
    broker = await BrokerProcess.start({ directory: freshDirectory(client.name), port: await freePort() })
    report = await reportOf(client, broker)
    for (const [codec, reason] of Object.entries(report.skipped ?? {}))
      lines.push(`${report.client}: no ${codec}: ${reason}`)
  }, 90_000)
  afterAll(async () => {
    await broker?.kill()
  })

  const rowOf = (codec: string): Row => {
    const row = report.rows.find(row => row.codec === codec)
    if (row === undefined) throw new Error(`${client.name} says nothing about ${codec}`)
    if (row.error !== undefined) throw new Error(`${client.name}, ${codec}: ${row.error}`)
    return row
  }

  test.skipIf(isSkipped).for(codecs)(
    '%s: all that was sent is stored in order and read as it is stored',
    async (codec, { skip }) => {
      const reason = report.skipped?.[codec]
      if (reason !== undefined) return skip(reason)
      const row = rowOf(codec)
      const stored: StoredPartition[] = []
      for (let partition = 0; partition < sent.partitions; partition++)
        stored.push(await storedPartition(broker.port, `${client.name}-${codec}`, partition))
      expectAllInOrder(stored)
      for (const partition of stored) {
        expect(partition.codecs).toEqual(new Set([codecs.indexOf(codec)]))
        expect(partition.hasProducerIds).toBe(row.isIdempotent)
      }
      expect(row.beginning).toEqual(digests(stored, records => records))
      expect(row.end).toEqual(digests(stored, records => records.slice(-tailRecords)))
      expect(row.timestamp).toEqual(digests(stored, records => records.filter(record => record.timestamp >= sinceMs)))
      lines.push(`${report.client}: ${codec}${row.isIdempotent ? ', idempotent' : ''}: passed`)
    },
  )
})

async function reportOf({ name, program, args }: Client, { address }: BrokerProcess): Promise<Report> {
  const { code, stdout, stderr } = await run(program, [...args, address, name], { timeoutMs: 60_000 })
  const line = String(stdout).trimEnd().split('\n').at(-1) ?? ''
  if (code !== 0 || !line.startsWith('{')) throw new Error(`${name}: exit ${code}\n${stderr}\n${stdout}`)
  if (process.env['SHOW'] !== undefined) console.log(`${line}\n${stderr}`)
  return JSON.parse(line)
}

/** Each record once, at contiguous offsets, in the order of sending within its partition, unharmed. */
function expectAllInOrder(stored: readonly StoredPartition[]): void {
  const numbers: number[] = []
  for (const { records } of stored) {
    let last = -1
    records.forEach(({ offset, timestamp, key, value }, at) => {
      const number = timestamp - sent.startMs
      expect([offset, key, value]).toEqual([at, `key-${number}`, `value ${number} ${'x'.repeat(number % 100)}`])
      expect(number).toBeGreaterThan(last)
      last = number
      numbers.push(number)
    })
  }
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent.records }, (_, i) => i))
}

function digests(
  stored: readonly StoredPartition[],
  choose: (records: StoredPartition['records']) => StoredPartition['records'],
): Digests {
  return Object.fromEntries(stored.map(({ records }, partition) => [partition, digest(choose(records))]))
}
