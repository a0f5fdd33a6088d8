import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodePlatform } from '../../src/platform/node.ts'
import { batchOf, openLog, readAll } from './helpers.ts'

const platform = nodePlatform()
let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'varve-log-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

test('what was appended is durable, readable, and there again after a clean stop', async () => {
  const first = await openLog(platform, path)
  const a = first.log.append(batchOf(['a', 'b']), { origin: 'client' })
  const b = first.log.append(batchOf(['c']), { origin: 'client' })
  expect([a.baseOffset, a.nextOffset, b.baseOffset, b.nextOffset]).toEqual([0, 2, 2, 3])
  expect(first.log.highWatermark).toBe(0)
  await b.durable
  expect(first.log.highWatermark).toBe(3)
  expect(await readAll(first.log)).toEqual(['a', 'b', 'c'])
  await first.directory.close()

  const second = await openLog(platform, path)
  expect(second.report).toMatchObject({ clean: true, groupsReplayed: 0, bytesQuarantined: 0, problems: [] })
  expect(await readAll(second.log)).toEqual(['a', 'b', 'c'])
  expect(second.log.nextOffset).toBe(3)
  await second.directory.close()
})

test('segments roll by size, and every offset is found in each of them', async () => {
  const { directory, log } = await openLog(platform, path, { 'segment.bytes': '4096', 'index.interval.bytes': '200' })
  const expected: string[] = []
  for (let i = 0; i < 300; i++) {
    expected.push(`value-${i}`)
    log.append(batchOf([`value-${i}`]), { origin: 'client' })
  }
  await directory.journal.durable
  expect(log.segments().length).toBeGreaterThan(4)
  expect(await readAll(log)).toEqual(expected)
  for (const offset of [0, 1, 57, 150, 299]) expect((await readAll(log, offset))[0]).toBe(`value-${offset}`)
  await directory.close()
  const again = await openLog(platform, path, { 'segment.bytes': '4096' })
  expect(again.report.problems).toEqual([])
  expect(await readAll(again.log)).toEqual(expected)
  for (const offset of [0, 1, 57, 150, 299]) expect((await readAll(again.log, offset))[0]).toBe(`value-${offset}`)
  await again.directory.close()
})

test("the memory of a batch is its caller's again when append returns", async () => {
  const { directory, log } = await openLog(platform, path, {}, { 'varve.memory.tail.bytes': String(1 << 20) })
  const values = Array.from({ length: 200 }, (_, i) => `${i}-`.padEnd(i % 7 === 0 ? 40_000 : 300, 'x'))
  const shared = Buffer.alloc(64_000)
  for (const value of values) {
    const batch = batchOf([value])
    batch.copy(shared)
    log.append(shared.subarray(0, batch.length), { origin: 'client' })
    shared.fill(0xee)
    if (Number.parseInt(value, 10) % 50 === 0) await directory.journal.durable
  }
  await directory.journal.durable
  expect(await readAll(log)).toEqual(values)
  await directory.close()
  const again = await openLog(platform, path)
  expect(await readAll(again.log)).toEqual(values)
  await again.directory.close()
})
