// The benches do not rot: the floor is driven by the raw client for a moment, and what comes out is what went in.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import crc32c from 'crc-32/crc32c.js'
import { expect, test } from 'vitest'
import { firstAnswer, rawConsume, rawProduce, recordBatch } from '../../bench/clients/raw.ts'
import { startFloor } from '../../bench/floor.ts'
import { median, percentile, short, table } from '../../bench/numbers.ts'

const batches = [
  { valueBytes: 100, recordsPerRequest: 1, inFlightMax: 5, requests: 300, sync: true },
  { valueBytes: 100, recordsPerRequest: 50, inFlightMax: 100, requests: 40, sync: true },
  // larger than a chunk of the socket: its pieces are written as they came
  { valueBytes: 1000, recordsPerRequest: 300, inFlightMax: 3, requests: 10, sync: false },
]

test.each(batches)('the floor keeps every record: %o', async options => {
  const dir = await mkdtemp(join(tmpdir(), 'varve-floor-'))
  const floor = await startFloor({ dir, port: 0, sync: options.sync, preallocateBytes: 1 << 20 })
  try {
    await firstAnswer(floor.port)
    const produced = await rawProduce({ ...options, port: floor.port, topic: 't' })
    const records = options.requests * options.recordsPerRequest
    expect(produced).toMatchObject({ errors: 0, lastBaseOffset: records - options.recordsPerRequest })
    const batch = recordBatch(options.recordsPerRequest, options.valueBytes)
    const consumed = await rawConsume({ port: floor.port, topic: 't', nextOffset: records })
    expect(consumed).toEqual({
      records,
      bytes: batch.length * options.requests,
      crc: repeated(batch, options.requests),
    })
  } finally {
    await floor.close()
    await rm(dir, { recursive: true })
  }
})

function repeated(batch: Buffer, times: number): number {
  let crc = 0
  for (let time = 0; time < times; time++) crc = crc32c.buf(batch.subarray(17), crc)
  return crc
}

test('medians and tables read as people expect', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4)
  expect([3_214_567, 45_678, 123.4, 1.234].map(short)).toEqual(['3.21 M', '45.7 k', '123', '1.23'])
  expect(
    table([
      ['a', 'b'],
      ['1', '22'],
    ]),
  ).toBe('| a | b  |\n|---|----|\n| 1 | 22 |')
})
