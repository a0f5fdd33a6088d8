// Random fetches against a plain statement of the rules. Repeat one: npx vitest run fetch-limits, with the seed in the name.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { baseOffsetOf, batchBytesOf, forEachBatch, nextOffsetOf } from '../../src/records/index.ts'
import { batchOf, brokerWith } from './setup.ts'

/** One partition: the sizes of its batches' values, where the fetch begins (as a share of the log), and its limit. */
const partitionArbitrary = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 6 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  maxBytes: fc.integer({ min: 0, max: 1500 }),
})

test('whole batches in order, within the limits but for the first, and never nothing when there is something', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(partitionArbitrary, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 3000 }),
      async (partitions, maxBytes) => {
        const { broker } = await brokerWith({ a: partitions.length })
        for (const [partition, { sizes }] of partitions.entries())
          for (const size of sizes)
            await broker.produce({
              acks: -1,
              partitions: [{ topic: 'a', partition, batch: batchOf('v'.repeat(size), 'second') }],
            })
        const requests = partitions.map(({ sizes, from, maxBytes }, partition) => {
          return { topic: 'a', partition, offset: Math.floor(from * 2 * sizes.length), maxBytes }
        })
        const results = await broker.fetch({ maxWaitMs: 0, minBytes: 1, maxBytes, partitions: requests })
        await broker.close()
        checkAnswer(results, requests, maxBytes)
      },
    ),
    { numRuns: 150, seed: Number(process.env.SEED ?? 20261120) },
  )
})

function checkAnswer(
  results: Awaited<ReturnType<Awaited<ReturnType<typeof brokerWith>>['broker']['fetch']>>,
  requests: readonly { offset: number; maxBytes: number }[],
  maxBytes: number,
): void {
  let total = 0
  let isThereMore = false
  for (const [i, { buffers, bytes, error, highWatermark }] of results.entries()) {
    expect(error).toBeUndefined()
    const { offset } = requests[i]
    isThereMore ||= offset < highWatermark
    let next = offset
    let batches = 0
    const whole = forEachBatch(buffers, (buffer, at) => {
      expect(baseOffsetOf(buffer, at)).toBeLessThanOrEqual(next)
      expect(nextOffsetOf(buffer, at)).toBeGreaterThan(next)
      expect(batchBytesOf(buffer, at)).toBeGreaterThan(0)
      next = nextOffsetOf(buffer, at)
      batches++
    })
    expect(whole).toBe(bytes)
    const isFirst = total === 0
    if (!(isFirst && batches === 1)) expect(bytes).toBeLessThanOrEqual(requests[i].maxBytes)
    if (!(isFirst && batches === 1)) expect(total + bytes).toBeLessThanOrEqual(Math.max(maxBytes, total))
    total += bytes
  }
  if (isThereMore) expect(total).toBeGreaterThan(0)
}
