import { expect, test } from 'vitest'
import { type ErrorName, errorTable, KafkaError } from '../../src/base/errors.ts'
import { nearest } from '../../src/cli/did-you-mean.ts'
import { describeFailure } from '../../src/cli/failure.ts'
import { linesOf } from '../../src/cli/lines.ts'
import { logLine } from '../../src/cli/log-lines.ts'
import { namesByVariable, optionVariables, readSettings } from '../../src/cli/settings.ts'
import { jsonLine } from '../../src/cli/table.ts'
import { bytesText, timeText } from '../../src/cli/text.ts'

test('every error has a sentence, a next step and a code of the table', () => {
  for (const code of Object.keys(errorTable) as ErrorName[]) {
    const { message, next, exitCode } = describeFailure(new KafkaError(code))
    expect(message).toContain(code)
    expect(next.length).toBeGreaterThan(10)
    expect([1, 2, 3, 4]).toContain(exitCode)
  }
  expect(describeFailure('odd')).toMatchObject({ message: 'odd', exitCode: 1 })
})

test('the name that was meant is the nearest one, and nothing far away', () => {
  const known = ['orders', 'payments', 'order-lines', 'a']
  expect(nearest('ordrs', known)).toBe('orders')
  expect(nearest('Odrers', known)).toBe('orders')
  expect(nearest('paiments', known)).toBe('payments')
  expect(nearest('shipments', known)).toBeUndefined()
  expect(nearest('b', [])).toBeUndefined()
})

test('each setting has one variable, and no option has the same', () => {
  const names = namesByVariable()
  expect(names.get('VARVE_LOG_SEGMENT_BYTES')).toBe('log.segment.bytes')
  expect(names.get('VARVE_JOURNAL_BYTES')).toBe('varve.journal.bytes')
  expect(names.get('VARVE_NUM_PARTITIONS')).toBe('num.partitions')
  expect(new Set(names.values()).size).toBe(names.size)
  expect([...optionVariables].filter(variable => names.has(variable))).toEqual([])
  const { settings, strangers } = readSettings({ VARVE_NUM_PARTITIONS: '2', VARVE_X: '1', PATH: '/' }, [
    'num.partitions=3',
  ])
  expect(settings.number('num.partitions')).toBe(3)
  expect(strangers).toEqual(['VARVE_X'])
})

test('a log line is one line, whatever is in it', () => {
  const facts = { remote: '127.0.0.1:1', text: 'a b\n\u001b[2J', error: new Error('x'), n: 1, none: undefined }
  expect(logLine(0, 'warn', 'two\nlines', facts)).toBe(
    '00:00:00.000 WARN  two\\u000alines remote=127.0.0.1:1 text="a b\\\\u000a\\\\u001b[2J" error=x n=1 none=undefined',
  )
})

test('NDJSON is safe on a terminal and still the same JSON', () => {
  const value = { text: '\u001b\u009b\u202e\u2028é' }
  expect(jsonLine(value)).toBe('{"text":"\\u001b\\u009b\\u202e\\u2028é"}')
  expect(JSON.parse(jsonLine(value))).toEqual(value)
})

test('lines are put together across chunks, whatever the cut', async () => {
  const text = 'one\n\ntwo three\nlast'
  for (let cut = 0; cut <= text.length; cut++) {
    const chunks = [text.slice(0, cut), text.slice(cut)].filter(chunk => chunk !== '').map(chunk => Buffer.from(chunk))
    const lines: string[] = []
    for await (const some of linesOf(chunksOf(chunks), new AbortController().signal)) lines.push(...some.map(String))
    expect(lines).toEqual(['one', '', 'two three', 'last'])
  }
})

test('sizes and times as people read them', () => {
  expect([0, 1023, 1024, 1536, 10 << 20, 2 ** 43].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '10 MiB',
    '8.0 TiB',
  ])
  expect(timeText(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(timeText(-1)).toBe('-1')
})

async function* chunksOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}
