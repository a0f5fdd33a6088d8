import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../src/log/inspect-verify.ts'
import { nodePlatform } from '../../src/platform/node.ts'
import { objects, start, temporaryDirectory, until, varve, varveProcess } from './varve.ts'

describe.concurrent('varve produce and consume', () => {
  test('lines go in by stdin and come out as they were, byte for byte', async () => {
    const directory = temporaryDirectory()
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} \u00e4\t"${'x'.repeat(i % 97)}"`)
    const input = Buffer.concat([
      Buffer.from(`${lines.join('\n')}\n`),
      Buffer.from([0xff, 0x00, 0x1b, 0x0a]),
      Buffer.from('no end'),
    ])
    const made = await varveProcess(['produce', 'lines', '--dir', directory], { input })
    expect(made.code).toBe(0)
    expect(objects(made.out)).toEqual([
      { topic: 'lines', partition: 0, records: 20_002, firstOffset: 0, lastOffset: 20_001 },
    ])
    const { child, ended } = start(['consume', 'lines', '--dir', directory, '-f', 'raw'])
    const hash = createHash('sha256')
    child.stdout?.removeAllListeners('data').setEncoding('latin1' as never)
    child.stdout?.on('data', text => hash.update(text, 'latin1'))
    expect((await ended).code).toBe(0)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(input).update('\n').digest('hex'))
  })

  test('keys, headers, partitions and tombstones; NDJSON says text as text and bytes as base64', async () => {
    const directory = temporaryDirectory()
    const at = ['--dir', directory]
    await varve(['topic', 'create', 'orders', '-p', '4', ...at])
    await varve(['produce', 'orders', 'nine', '-k', 'de-1', '-H', 'source=shop', '-H', 'source:web', ...at])
    await varve(['produce', 'orders', '-k', 'de-1', '-Z', '', ...at])
    await varve(['produce', 'orders', '-K', ':', '-p', '2', '-z', 'gzip', ...at], {
      input: Buffer.from('a:1:2\nb:\xff\n', 'latin1'),
    })
    const { out } = await varve(['consume', 'orders', ...at])
    expect(objects(out)).toEqual([
      {
        ...record(3, 0),
        key: 'de-1',
        value: 'nine',
        headers: [
          { name: 'source', value: 'shop' },
          { name: 'source', value: 'web' },
        ],
      },
      { ...record(3, 1), key: 'de-1', value: null },
      { ...record(2, 0), key: 'a', value: '1:2' },
      { ...record(2, 1), key: 'b', valueBase64: '/w==' },
    ])
  })

  test('a line without its key delimiter is named; what came before is kept and reported', async () => {
    const directory = temporaryDirectory()
    const made = await varve(['produce', 'orders', '-K', '=', '--dir', directory], { input: 'a=1\nb=2\nc\nd=4\n' })
    expect(made.code).toBe(1)
    expect(made.err).toContain("line 3 has no '='")
    expect(objects(made.out)).toMatchObject([{ records: 2, lastOffset: 1 }])
    expect(objects((await varve(['consume', 'orders', '--dir', directory])).out)).toHaveLength(2)
  })

  test('offsets, counts, partitions and format texts choose what is printed and how', async () => {
    const directory = temporaryDirectory()
    const at = ['--dir', directory, '-f', '%p@%o=%v\\n']
    await varve(['topic', 'create', 'n', '-p', '2', '--dir', directory])
    for (const p of ['0', '1']) await varve(['produce', 'n', '-p', p, '--dir', directory], { input: 'a\nb\nc\nd\n' })
    const consume = async (...args: string[]) =>
      (await varve(['consume', 'n', ...args, ...at])).out.trimEnd().split('\n')
    expect(await consume('-p', '1', '-o', '1:3')).toEqual(['1@1=b', '1@2=c'])
    expect(await consume('-p', '0', '-o', '-1')).toEqual(['0@3=d'])
    expect(await consume('-n', '5', '-o', '+2', '-p', '0,1')).toEqual(['0@2=c', '0@3=d', '1@2=c', '1@3=d'])
    expect(await consume('-n', '3')).toEqual(['0@0=a', '0@1=b', '0@2=c'])
    expect(await consume('-o', '@-1h', '-p', '1', '-n', '1')).toEqual(['1@0=a'])
    expect(await varve(['consume', 'n', '-p', '7', ...at])).toMatchObject({ code: 3 })
    expect(await varve(['consume', 'n', '-p', '0', '-o', '99', ...at])).toMatchObject({ code: 3 })
  })

  test('control characters of records are escaped unless raw is asked for', async () => {
    const directory = temporaryDirectory()
    const evil = '\u001b[2J\u009b31m\u202etxt\u0007'
    await varve(['produce', 'evil', evil, '-k', evil, '--dir', directory])
    const consume = async (...args: string[]) => (await varve(['consume', 'evil', '--dir', directory, ...args])).out
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/
    for (const format of ['json', 'table', '%k %v\\n']) expect(await consume('-f', format)).not.toMatch(control)
    expect(objects(await consume())[0]).toMatchObject({ key: evil, value: evil })
    expect(await consume('-f', 'raw')).toBe(`${evil}\n`)
    expect(await consume('-f', '%v', '--raw')).toBe(evil)
  })

  test('a reader that goes away ends it quietly', async () => {
    const directory = temporaryDirectory()
    await varve(['produce', 'many', '--dir', directory], { input: 'some line\n'.repeat(100_000) })
    const { child, ended } = start(['consume', 'many', '--dir', directory])
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended).toMatchObject({ code: 0, err: '' })
  })

  test('^C ends a produce in order: what was read is durable and reported, 130, and the directory is clean', async () => {
    const directory = temporaryDirectory()
    const producer = start(['produce', 'lines', '--dir', directory])
    await producer.said(/made topic/)
    producer.child.stdin?.write('one\ntwo\nhalf a li')
    const { onlyInJournal, batches } = await until(
      () => verifyDirectory(nodePlatform().disk, directory).counts,
      counts => counts.onlyInJournal + counts.batches >= 2,
    )
    expect(onlyInJournal + batches).toBe(2)
    producer.child.kill('SIGINT')
    const { code, out } = await producer.ended
    expect(code).toBe(130)
    expect(objects(out)).toEqual([{ topic: 'lines', partition: 0, records: 2, firstOffset: 0, lastOffset: 1 }])
    expect(fs.existsSync(`${directory}/.kafka_cleanshutdown`)).toBe(true)
  })

  test('--follow goes on with what a producer in the same log adds, until ^C: 130, and the directory is clean', async () => {
    const directory = temporaryDirectory()
    await varve(['produce', 'orders', 'first', '--dir', directory])
    const follower = start(['consume', 'orders', '--follow', '--dir', directory])
    await follower.said(/first/)
    follower.child.kill('SIGINT')
    expect((await follower.ended).code).toBe(130)
    expect(fs.existsSync(`${directory}/.kafka_cleanshutdown`)).toBe(true)
  })

  test('what does not exist is 3, with the name that was probably meant', async () => {
    const directory = temporaryDirectory()
    expect(await varve(['consume', 'orders', '--dir', `${directory}/typo`])).toMatchObject({ code: 3 })
    expect(fs.existsSync(`${directory}/typo`)).toBe(false)
    await varve(['produce', 'orders', 'x', '--dir', directory])
    const { code, err } = await varve(['consume', 'ordrs', '--dir', directory])
    expect(code).toBe(3)
    expect(err).toBe(
      "error: topic 'ordrs' not found; did you mean 'orders'?\nnext: 'varve topic list' shows what there is\n",
    )
  })
})

const record = (partition: number, offset: number) => ({
  topic: 'orders',
  partition,
  offset,
  timestamp: expect.any(Number),
})
