import { describe, expect, test } from 'vitest'
import { objects, temporaryDirectory, varve } from './varve.ts'

describe.concurrent('varve topic', () => {
  test('creates, lists, describes and deletes', async () => {
    const at = ['--dir', temporaryDirectory()]
    const made = await varve(['topic', 'create', 'orders', '__proto__', '-p', '3', '-c', 'retention.ms=-1', ...at])
    expect(made.err).toBe('')
    expect(objects(made.out)).toMatchObject([
      { topic: 'orders', partitions: 3 },
      { topic: '__proto__', partitions: 3 },
    ])
    expect(objects((await varve(['topic', 'list', ...at])).out).map(row => row['topic'])).toEqual([
      '__proto__',
      'orders',
    ])
    const [described] = objects<{ partitions: unknown[]; settings: unknown[] }>(
      (await varve(['topic', 'describe', 'orders', ...at])).out,
    )
    expect(described.partitions).toHaveLength(3)
    expect(described.settings).toContainEqual({ name: 'retention.ms', value: '-1', source: 'topic' })
    expect(await varve(['topic', 'delete', 'orders', '--yes', ...at])).toMatchObject({ code: 0 })
    expect(objects((await varve(['topic', 'list', ...at])).out)).toMatchObject([{ topic: '__proto__' }])
  })

  test('nothing is deleted without a word: --dry-run shows, a script says --yes', async () => {
    const at = ['--dir', temporaryDirectory()]
    await varve(['produce', 'orders', 'x', ...at])
    expect(await varve(['topic', 'delete', 'orders', ...at])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yes'),
    })
    expect(objects((await varve(['topic', 'delete', 'orders', '--dry-run', ...at])).out)).toMatchObject([
      { offsets: 1 },
    ])
    expect(objects((await varve(['topic', 'list', ...at])).out)).toHaveLength(1)
    expect(await varve(['topic', 'delete', 'ordes', '--yes', ...at])).toMatchObject({
      code: 3,
      err: expect.stringContaining("'orders'"),
    })
  })

  test('a table on a terminal', async () => {
    const directory = temporaryDirectory()
    await varve(['topic', 'create', 'orders', '-p', '3', '--dir', directory])
    await varve(['produce', 'orders', 'x'.repeat(1000), '-p', '1', '--dir', directory])
    const { out } = await varve(['topic', 'list', '--dir', directory], { isTerminal: true })
    expect(out).toMatchInlineSnapshot(`
      "TOPIC   PARTITIONS  OFFSETS    BYTES  DURABILITY  STATE
      orders           3        1  1.0 KiB  fsync       ok
      "
    `)
    const described = (await varve(['topic', 'describe', 'orders', '--dir', directory], { isTerminal: true })).out
    expect(described).toMatch(/^PARTITION {2}START {2}END {2}EPOCH/m)
    expect(described).toMatch(/^ +1 +0 +1 +0 +1.0 KiB +1 {2}fsync +ok$/m)
    const consumed = (await varve(['consume', 'orders', '--dir', directory], { isTerminal: true })).out
    expect(consumed).toMatch(/^PARTITION +OFFSET {2}TIME +KEY +VALUE\n +1 +0 {2}\d{4}-\S+Z {2}- +x{1000}\n$/)
  })

  test('trouble has an exit code by kind and a next step', async () => {
    const at = ['--dir', temporaryDirectory()]
    await varve(['topic', 'create', 'orders', ...at])
    const cases: [args: string[], code: number][] = [
      [['topic', 'create', 'orders', ...at], 1],
      [['topic', 'create', 'orders', '--if-not-exists', ...at], 0],
      [['topic', 'create', 'a/b', ...at], 2],
      [['topic', 'create', 'a', '-c', 'retention.mss=1', ...at], 2],
      [['topic', 'create', 'a', '-c', 'retention.ms=soon', ...at], 2],
      [['topic', 'create', 'a', '-p', '0', ...at], 2],
      [['topic', 'describe', 'nope', ...at], 3],
      [['produce', 'orders', 'x', '-z', 'rar', ...at], 2],
      [['topic', 'list', '-b', '127.0.0.1:9092'], 2],
    ]
    for (const [args, code] of cases) {
      const outcome = await varve(args)
      expect(outcome, args.join(' ')).toMatchObject({ code })
      if (code !== 0) expect(outcome.err).toMatch(/^(next: .|Run ')/m)
    }
  })
})
