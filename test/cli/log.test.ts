import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../src/log/inspect-verify.ts'
import { nodePlatform } from '../../src/platform/node.ts'
import { objects, start, temporaryDirectory, until, varve } from './varve.ts'

interface Verdict {
  kind: string
  ok: boolean
  isClean: boolean
  records: number
  finding: string
  path: string
}

describe.concurrent('varve log', () => {
  test('a directory whose owner was killed verifies, every acknowledged record is shown, nothing is changed', async () => {
    const directory = await killedDirectory(3_000)
    const before = contentsOf(directory)
    const verified = await varve(['log', 'verify', directory])
    expect(verified.code).toBe(0)
    expect(objects<Verdict>(verified.out).at(-1)).toMatchObject({ ok: true, isClean: false, partitions: 2 })
    const dumped = await varve(['log', 'dump', '--records', directory])
    expect(dumped.code).toBe(0)
    const rows = objects<{ kind: string; value?: string }>(dumped.out)
    const values = rows
      .filter(({ kind, value }) => kind === 'record' && value?.startsWith('value '))
      .map(row => row.value)
    expect(new Set(values)).toEqual(new Set(Array.from({ length: 3_000 }, (_, i) => `value ${i}`)))
    expect(rows.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['file', 'text', 'journal', 'group', 'entry', 'manifest', 'record']),
    )
    expect(contentsOf(directory)).toEqual(before)
    expect((await varve(['consume', 'lines', '--dir', directory, '-f', '%v\\n'])).out.split('\n')).toHaveLength(3_001)
  })

  test('after a clean stop, any damage is found and named; exit code 1', async () => {
    const directory = temporaryDirectory()
    const small = { env: { VARVE_LOG_SEGMENT_BYTES: '20000', VARVE_LOG_INDEX_INTERVAL_BYTES: '100' } }
    for (let i = 0; i < 12; i++)
      await varve(['produce', 'lines', '--dir', directory], { ...small, input: numbered(300) })
    expect(await varve(['log', 'verify', directory])).toMatchObject({ code: 0 })
    const logs = fs.readdirSync(`${directory}/lines-0`).filter(name => name.endsWith('.log'))
    const file = (name: string): string => `${directory}/lines-0/${name}`
    const first = '00000000000000000000'
    expect(logs.length).toBeGreaterThan(1)
    const damages: [name: string, damage: () => void, finding: RegExp][] = [
      ['a flipped bit', () => flip(file(`${first}.log`), 3_000), /CRC does not match/],
      [
        'two flipped bits',
        () =>
          [3_000, 13_000].forEach(at => {
            flip(file(`${first}.log`), at)
          }),
        /at byte 0, [\s\S]*at byte [1-9]\d+, /,
      ],
      ['a cut file', () => fs.truncateSync(file(`${first}.log`), 100), /100 bytes of \d+ that were durable/],
      ['a missing file', () => fs.rmSync(file(logs[1])), /it is missing/],
      ['a wrong index', () => flip(file(`${first}.index`), 7), /where no batch begins/],
      ['a wrong time index', () => flip(file(`${first}.timeindex`), 7), /largest timestamp/],
      ['appended bytes', () => fs.appendFileSync(file(logs.at(-1) as string), 'x'), /1 bytes behind its end/],
      ['a missing directory', () => fs.rmSync(`${directory}/lines-0`, { recursive: true }), /the directory is missing/],
      [
        'no manifest',
        () =>
          [0, 1].forEach(n => {
            fs.rmSync(`${directory}/varve-manifest-${n}`)
          }),
        /none can be read/,
      ],
    ]
    const backup = `${directory}-backup`
    fs.cpSync(directory, backup, { recursive: true })
    for (const [name, damage, finding] of damages) {
      damage()
      const { findings } = verifyDirectory(nodePlatform().disk, directory)
      const problems = findings.filter(({ severity }) => severity === 'problem').map(each => each.finding)
      expect(problems.join('\n'), name).toMatch(finding)
      fs.rmSync(directory, { recursive: true })
      fs.cpSync(backup, directory, { recursive: true })
    }
    fs.rmSync(backup, { recursive: true })
    flip(file(`${first}.log`), 3_000)
    const { code, out, err } = await varve(['log', 'verify', directory])
    expect(code).toBe(1)
    expect(objects<Verdict>(out)[0]).toMatchObject({ kind: 'problem', path: `lines-0/${first}.log` })
    expect(err).toMatch(/^next: keep a copy/m)
    expect((await varve(['log', 'dump', file(`${first}.log`)])).code).toBe(1)
  })

  test('after a kill: what the journal still holds is a note, what is lost is a problem', async () => {
    const directory = await killedDirectory(2_000)
    const log = `${directory}/lines-0/00000000000000000000.log`
    const verified = (): Promise<unknown> => varve(['log', 'verify', directory])
    fs.truncateSync(log, 50)
    expect(await verified()).toMatchObject({ code: 0, out: expect.stringContaining('only in the journal') })
    fs.writeFileSync(log, Buffer.alloc(100_000))
    expect(await verified()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\d+ bytes behind what the journal knows/),
    })
    fs.rmSync(`${directory}/varve-journal`)
    expect(await varve(['log', 'verify', directory])).toMatchObject({ code: 1 })
  })

  test('a file or directory that is not there is 3', async () => {
    const directory = temporaryDirectory()
    expect(await varve(['log', 'dump', `${directory}/nope`])).toMatchObject({ code: 3 })
    expect(await varve(['log', 'verify', directory])).toMatchObject({ code: 3 })
  })
})

const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `value ${i}\n`).join('')

/** A producer that was killed with -9 after `count` records had become durable. */
async function killedDirectory(count: number): Promise<string> {
  const directory = temporaryDirectory()
  const producer = start(['produce', 'lines', '--dir', directory])
  producer.child.stdin?.write(numbered(count))
  await producer.said(/made topic/)
  // The topic's record, and the one batch that `count` short lines make.
  await until(
    () => verifyDirectory(nodePlatform().disk, directory).counts,
    ({ batches, onlyInJournal }) => batches + onlyInJournal >= 2,
  )
  await sealed()
  producer.child.kill('SIGKILL')
  await producer.ended
  return directory
}

/** The journal's last group has a successor, so that damage in it cannot pass for a torn write. */
const sealed = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 300))

function flip(path: string, position: number): void {
  const bytes = fs.readFileSync(path)
  bytes[position] ^= 1
  fs.writeFileSync(path, bytes)
}

function contentsOf(directory: string): Record<string, string> {
  const names = fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(
    names.map(entry => {
      const path = `${entry.parentPath}/${entry.name}`
      return [path, fs.readFileSync(path).toString('base64').slice(-2_000_000)]
    }),
  )
}
