// The offset grammar, as a table: what people write, and which offsets that is.
// The log of the examples: offsets 100 to 199 exist, record n was written n seconds after 2026-11-20T10:00Z, and it is
// 2026-11-20T10:03:20Z, just after the last one.

import { describe, expect, test } from 'vitest'
import { type PartitionTimes, parseOffsets, parsePosition, resolveOffsets } from '../../src/broker/offset-grammar.ts'
import { parseDuration, parseTime } from '../../src/broker/time-grammar.ts'

const tenMs = Date.UTC(2026, 10, 20, 10)
const nowMs = tenMs + 200_000

const log: PartitionTimes = {
  logStartOffset: 100,
  highWatermark: 200,
  offsetForTimestamp: async ms => {
    const offset = Math.max(100, Math.ceil((ms - tenMs) / 1000))
    return offset < 200 ? offset : undefined
  },
}

const resolved = async (text: string) => {
  const { from, to } = await resolveOffsets(parseOffsets(text), log, nowMs)
  return to === undefined ? [from] : [from, to]
}

test.each<[string, number[]]>([
  ['start', [100]],
  ['end', [200]],
  [':end', [100, 200]],
  ['start:end', [100, 200]],
  ['+0', [100]],
  ['+10', [110]],
  ['+1000', [200]],
  ['-0', [200]],
  ['-10', [190]],
  ['-1000', [100]],
  ['147', [147]],
  [' 147 ', [147]],
  ['47', [47]],
  ['0', [0]],
  ['9007199254740991', [9007199254740991]],
  ['147:', [147]],
  [':147', [100, 147]],
  ['110:120', [110, 120]],
  ['110:end', [110, 200]],
  ['-10:end', [190, 200]],
  ['-20:-10', [180, 190]],
  ['+10:+20', [110, 120]],
  ['+10:-10', [110, 190]],
  ['@-1m', [140]],
  ['@-60s', [140]],
  ['@-1m:', [140]],
  ['@-1m:end', [140, 200]],
  ['@:-1m', [100, 140]],
  ['@:end', [100, 200]],
  ['@-1m:-30s', [140, 170]],
  ['@-1m:30s', [140, 170]],
  ['@-1d', [100]],
  ['@-0s', [200]],
  ['@-99999w', [100]],
  ['@2026-11-20', [100]],
  ['@2026-11-21', [200]],
  ['@2026-11-20T10:02Z', [120]],
  ['@2026-11-20T10:02:30Z', [150]],
  ['@2026-11-20T10:02:30', [150]],
  ['@2026-11-20T10:02:29.001Z', [150]],
  ['@2026-11-20T11:02:30+01:00', [150]],
  ['@2026-11-20T08:32:30-0130', [150]],
  ['@2026-11-20 10:02', [120]],
  ['@2026-11-20:1h', [100, 100]],
  ['@2026-11-20:2026-11-21', [100, 200]],
  ['@2026-11-20T10:02Z:2026-11-20T10:03Z', [120, 180]],
  ['@2026-11-20T10:02:2026-11-20T10:03', [120, 180]],
  ['@2026-11-20T10:02:10s', [120, 130]],
  ['@2026-11-20T11:02+01:00:1m', [120, 180]],
  ['@:2026-11-20T10:02:30Z', [100, 150]],
  [`@${tenMs + 120_000}`, [120]],
  [`@${tenMs / 1000 + 120}`, [120]],
  [`@${tenMs + 120_000}:${tenMs / 1000 + 150}`, [120, 150]],
  ['@100000000', [100]],
])('%s', async (text, offsets) => {
  expect(await resolved(text)).toEqual(offsets)
})

test.each([
  '',
  ' ',
  ':',
  '@',
  '@:',
  'begin',
  'END',
  '1.5',
  '--1',
  '+-1',
  '1e3',
  '0x10',
  '10:20:30',
  '10:x',
  'x:10',
  '@x',
  '@1h',
  '@3d:',
  '@:1h',
  '@12',
  '@12345678',
  '@12345678901',
  '@2026-13-01',
  '@2026-02-29',
  '@2026-02-30',
  '@2026-00-10',
  '@2026-11-20T25:00Z',
  '@2026-11-20T10Z',
  '@2026-11-20T10:60Z',
  '@2026-11-20T10:00+25:00',
  '@-1',
  '@-1y',
  '@-h',
  '@end',
  '@-1h:start',
  '@start',
  '9007199254740993',
  '٣',
  '-1h',
  '1:@-1h',
  '__proto__',
  'start\u0000',
])('%j does not read, and says what would', text => {
  expect(() => parseOffsets(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

describe('one position', () => {
  test.each(['end', '147', '-10', '@-1m', '@30s', '@end'])('%s reads', text => {
    expect(parsePosition(text)).toBeDefined()
  })
  test.each(['1:2', ':end', '@-1h:end', ''])('%j does not: it is a range', text => {
    expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

test('durations', () => {
  expect(['1ms', '1.5h', '2h45m', '1d12h', '90s', '1500us', '2w'].map(parseDuration)).toEqual([
    1, 5_400_000, 9_900_000, 129_600_000, 90_000, 2, 1_209_600_000,
  ])
  expect(['', '1', 'h', '1h ', '-1h', '1.h', '1 h'].map(parseDuration)).toEqual(Array(7).fill(undefined))
})

test('the calendar agrees with the one of the runtime, leap years included', () => {
  for (let year = 1970; year <= 2400; year += 1)
    for (const day of ['01-01', '02-28', '03-01', '12-31']) {
      const text = `${year}-${day}`
      expect(parseTime(text)).toEqual({ is: 'absolute', ms: Date.parse(`${text}T00:00:00Z`) })
    }
  expect(parseTime('2024-02-29')).toEqual({ is: 'absolute', ms: Date.parse('2024-02-29T00:00:00Z') })
  expect(parseTime('2100-02-29')).toBeUndefined()
})
