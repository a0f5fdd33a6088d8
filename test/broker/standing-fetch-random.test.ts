// Random work beside a fetch that stays: small limits, cold reads, a disk that is held, partitions that come and go, log starts
// that move. Whatever happens, the reader gets every record of every partition it keeps, once and in order, without asking
// for what it was not told of. Repeat one: SEED=7 npx vitest run standing-fetch-random

import { expect, test } from 'vitest'
import { chance } from '../protocol/samples.ts'
import { batchOf, brokerWith, tick, valuesOf } from './setup.ts'

const seeds = process.env['SEED'] ? [Number(process.env['SEED'])] : Array.from({ length: 20 }, (_, i) => i + 1)
const partitions = 8

test.each(seeds)('seed %i', async seed => {
  const below = chance(seed)
  const { broker, directory } = await brokerWith({ a: partitions })
  const logs = [...directory.partitions.values()].filter(({ topic }) => topic === 'a')
  const fetch = broker.openStandingFetch()
  const sent: string[][] = logs.map(() => [])
  const next: number[] = logs.map(() => 0)
  const got: (string | undefined)[][] = logs.map(() => [])
  const kept = new Set<number>()
  const ask = (partition: number) => {
    kept.add(partition)
    fetch.put({ topic: 'a', partition, offset: next[partition], maxBytes: 1 + below(600) })
  }

  async function poll(maxWaitMs: number): Promise<number> {
    const news = await fetch.poll({ maxWaitMs, minBytes: 1 + below(200), maxBytes: 1 + below(1000) })
    for (const { request, result } of news) {
      const { partition } = request
      expect(kept.has(partition), 'a partition that was removed').toBe(true)
      if (result.error !== undefined) {
        expect(result.error.code).toBe('OFFSET_OUT_OF_RANGE')
        next[partition] = result.logStartOffset
      } else {
        let offset = next[partition]
        // A batch may begin before the log start: no record below it counts, and every batch here has one record.
        for (const value of valuesOf(result.buffers)) got[partition][offset++] = value
        next[partition] = offset
      }
      if (result.error !== undefined || result.bytes > 0) ask(partition)
    }
    return news.length
  }

  for (let step = 0; step < 300; step++) {
    const partition = below(partitions)
    const dice = below(12)
    if (dice < 5) {
      const value = `${sent[partition].length} ${'x'.repeat(below(120))}`
      sent[partition].push(value)
      broker.produce({ acks: -1, partitions: [{ topic: 'a', partition, batch: batchOf(value) }] }).catch(() => {})
    } else if (dice === 5) ask(partition)
    else if (dice === 6 && below(4) === 0) {
      fetch.remove({ topic: 'a', partition })
      kept.delete(partition)
    } else if (dice === 7) logs[partition].isCold = below(2) === 0
    else if (dice === 8) directory.hold()
    else if (dice === 9) directory.release()
    else if (dice === 10 && below(5) === 0) {
      const offset = below(logs[partition].highWatermark + 1)
      await broker.deleteRecords([{ topic: 'a', partition, offset }])
    } else await poll(below(3))
    if (below(3) === 0) await tick()
  }
  directory.release()
  await tick()
  for (let partition = 0; partition < partitions; partition++) ask(partition)
  for (let rounds = 0; next.some((offset, i) => offset < logs[i].highWatermark); rounds++) {
    expect(rounds, 'a reader that makes no progress').toBeLessThan(5000)
    await poll(0)
  }
  for (const [partition, values] of got.entries()) {
    expect(next[partition]).toBe(sent[partition].length)
    for (const [offset, value] of values.entries())
      if (value !== undefined) expect(value, `${partition} at ${offset}`).toBe(sent[partition][offset])
    for (let offset = logs[partition].logStartOffset; offset < sent[partition].length; offset++)
      expect(values[offset], `${partition} at ${offset} is missing`).toBeDefined()
  }
  await poll(0)
  expect(await poll(0), 'nothing is new, and nothing is told').toBe(0)
})
