import { expect, test } from 'vitest'
import { murmur2, partitionForKey } from '../../src/broker/partitioner.ts'
import { goldenMurmurs } from '../records/fixtures.ts'

test("murmur2 gives Java's numbers", () => {
  expect(goldenMurmurs.length).toBeGreaterThan(20)
  for (const { key, hash } of goldenMurmurs)
    expect([key.toString('hex'), murmur2(key)]).toEqual([key.toString('hex'), hash])
})

test('a key keeps its partition, and negative hashes stay in range', () => {
  for (const { key, hash } of goldenMurmurs) expect(partitionForKey(key, 12)).toBe((hash & 0x7fffffff) % 12)
  expect(partitionForKey(Buffer.from('21'), 10)).toBe(0)
})
