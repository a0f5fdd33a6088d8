// Offsets for people, as the command, HTTP, the library and the console all read them.
//
//   start  end  47        the first record · after the last one · an exact offset
//   +100  -100            100 after the start · the last 100
//   A:B  A:  :B           from A (else the start) up to B, which is not included; without B: to the end
//   @T                    the first record that is not older than T
//   @T1:T2  @T1:  @:T2    from T1 up to T2
//
//   T   13 digits: ms since 1970 · 9 or 10 digits: seconds · 2026-11-20 · 2026-11-20T10:00Z (RFC 3339, seconds and zone may
//       be left out, then UTC) · -1h30m: before now · T2 only: 1h30m: after T1 · T2 only: end
//
//   1  parsing is pure and happens once; resolving asks one partition at a time where its ends and its times are
//   2  what does not read is INVALID_ARGUMENT with the text and what was expected
// Called by embedded/read.ts; times are parsed in time-grammar.ts.

import { KafkaError } from '../base/errors.ts'
import { printable } from '../base/names.ts'
import { parseTime, type Time } from './time-grammar.ts'

export type Position =
  | { readonly at: 'start'; readonly plus: number }
  | { readonly at: 'end'; readonly minus: number }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'time'; readonly time: Time }

/** `to` is not included; undefined: whatever the reader's own end is. */
export interface PositionRange {
  readonly from: Position
  readonly to: Position | undefined
}

export const startPosition: Position = { at: 'start', plus: 0 }
export const endPosition: Position = { at: 'end', minus: 0 }

/** Throws INVALID_ARGUMENT. */
export function parseOffsets(text: string): PositionRange {
  const trimmed = text.trim()
  const range = trimmed.startsWith('@') ? parseTimes(trimmed.slice(1)) : parsePositions(trimmed)
  if (range === undefined) throw unreadable(text)
  return range
}

/** One place, for `to`: everything but a range. Throws INVALID_ARGUMENT. */
export function parsePosition(text: string): Position {
  const trimmed = text.trim()
  const position = trimmed.startsWith('@') ? timePosition(trimmed.slice(1), 'to') : plainPosition(trimmed)
  if (position === undefined) throw unreadable(text)
  return position
}

/** What resolving has to know about a partition. */
export interface PartitionTimes {
  readonly logStartOffset: number
  readonly highWatermark: number
  /** First record with timestamp ≥ `timestampMs`; undefined if there is none. */
  offsetForTimestamp(timestampMs: number): Promise<number | undefined>
}

/** The bounds in one partition. Exact offsets come as they were written, everything else lies inside the log. */
export async function resolveOffsets(
  { from, to }: PositionRange,
  partition: PartitionTimes,
  nowMs: number,
): Promise<{ from: number; to: number | undefined }> {
  const fromMs = from.at === 'time' ? timeOf(from.time, { nowMs, fromMs: undefined }) : undefined
  return {
    from: await resolve(from, partition, { nowMs, fromMs: undefined }),
    to: to === undefined ? undefined : await resolve(to, partition, { nowMs, fromMs }),
  }
}

function parsePositions(text: string): PositionRange | undefined {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const from = plainPosition(text)
    return from && { from, to: undefined }
  }
  const [left, right] = [text.slice(0, colon), text.slice(colon + 1)]
  if (left === '' && right === '') return undefined
  const from = left === '' ? startPosition : plainPosition(left)
  const to = right === '' ? undefined : plainPosition(right)
  return from === undefined || (right !== '' && to === undefined) ? undefined : { from, to }
}

function plainPosition(text: string): Position | undefined {
  if (text === 'start') return startPosition
  if (text === 'end') return endPosition
  const match = /^([+-]?)(\d{1,16})$/.exec(text)
  if (match === null || !Number.isSafeInteger(Number(match[2]))) return undefined
  const count = Number(match[2])
  if (match[1] === '+') return { at: 'start', plus: count }
  if (match[1] === '-') return { at: 'end', minus: count }
  return { at: 'offset', offset: count }
}

/** Times have colons of their own: the whole first, then every colon until both sides are times. */
function parseTimes(text: string): PositionRange | undefined {
  const whole = timePosition(text, 'from')
  if (whole !== undefined) return { from: whole, to: undefined }
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const range = timeRange(text.slice(0, colon), text.slice(colon + 1))
    if (range !== undefined) return range
  }
  return undefined
}

function timeRange(left: string, right: string): PositionRange | undefined {
  if (left === '' && right === '') return undefined
  const from = left === '' ? startPosition : timePosition(left, 'from')
  const to = right === '' ? undefined : timePosition(right, 'to')
  if (from === undefined || (right !== '' && to === undefined)) return undefined
  // "An hour after the start of the log" would need the first record's time: there is no such thing as T1 here.
  if (left === '' && to?.at === 'time' && to.time.is === 'after') return undefined
  return { from, to }
}

function timePosition(text: string, side: 'from' | 'to'): Position | undefined {
  if (side === 'to' && text === 'end') return endPosition
  const time = parseTime(text)
  if (time === undefined || (side === 'from' && time.is === 'after')) return undefined
  return { at: 'time', time }
}

interface Times {
  readonly nowMs: number
  readonly fromMs: number | undefined
}

async function resolve(position: Position, partition: PartitionTimes, times: Times): Promise<number> {
  const { logStartOffset, highWatermark } = partition
  switch (position.at) {
    case 'start':
      return Math.min(logStartOffset + position.plus, highWatermark)
    case 'end':
      return Math.max(highWatermark - position.minus, logStartOffset)
    case 'offset':
      return position.offset
    case 'time': {
      const timestampMs = timeOf(position.time, times)
      // Kafka's negative numbers are names, and nothing is older than 1970.
      return (await partition.offsetForTimestamp(Math.max(timestampMs, 0))) ?? highWatermark
    }
  }
}

function timeOf(time: Time, { nowMs, fromMs }: Times): number {
  if (time.is === 'absolute') return time.ms
  if (time.is === 'ago') return nowMs - time.ms
  if (fromMs === undefined)
    throw new KafkaError('INVALID_ARGUMENT', { message: 'a time after another one needs a time to start from' })
  return fromMs + time.ms
}

function unreadable(text: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', {
    message: `"${printable(text, 80)}" is not an offset: start, end, 47, -100, +100, 10:20, @-1h, @2026-11-20T10:00Z, @T1:T2`,
  })
}
