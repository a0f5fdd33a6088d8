// Times and durations as people write them: the T of offset-grammar.ts, which calls this. Pure; the calendar is UTC.

export type Time =
  | { readonly is: 'absolute'; readonly ms: number }
  /** Before now. */
  | { readonly is: 'ago'; readonly ms: number }
  /** After the other time of a range. */
  | { readonly is: 'after'; readonly ms: number }

/** Undefined if it does not read. */
export function parseTime(text: string): Time | undefined {
  if (/^\d{13}$/.test(text)) return { is: 'absolute', ms: Number(text) }
  if (/^\d{9,10}$/.test(text)) return { is: 'absolute', ms: Number(text) * 1000 }
  const instant = parseInstant(text)
  if (instant !== undefined) return { is: 'absolute', ms: instant }
  const isAgo = text.startsWith('-')
  const ms = parseDuration(isAgo ? text.slice(1) : text)
  return ms === undefined ? undefined : { is: isAgo ? 'ago' : 'after', ms }
}

const unitMs = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
])

/** `90s`, `1.5h`, `2h45m` in ms; undefined if it does not read. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/.test(text)) return undefined
  let ms = 0
  for (const [, count, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|[smhdw])/g))
    ms += Number(count) * unitMs.get(unit)!
  return Math.round(ms)
}

const instantPattern =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[Tt ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?(?<zone>[Zz]|[+-]\d\d:?\d\d)?)?$/

/** A date, or RFC 3339, in ms since 1970; undefined if it does not read or is no day of the calendar. */
function parseInstant(text: string): number | undefined {
  const parts = instantPattern.exec(text)?.groups
  if (parts === undefined) return undefined
  const [year, month, day] = [Number(parts.year), Number(parts.month), Number(parts.day)]
  const [hour, minute, second] = [Number(parts.hour ?? 0), Number(parts.minute ?? 0), Number(parts.second ?? 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined
  // 60 is a leap second, which RFC 3339 allows and Unix time does not know: it is the next second.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const zoneMs = parseZone(parts.zone ?? 'Z')
  if (zoneMs === undefined) return undefined
  const ms = Math.floor(Number(`0.${parts.fraction ?? 0}`) * 1000)
  return (((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms - zoneMs
}

function parseZone(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const digits = zone.slice(1).replace(':', '')
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (hours > 23 || minutes > 59) return undefined
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const daysOfMonth = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : monthDays[month - 1])

function daysSince1970(year: number, month: number, day: number): number {
  const past = year - 1
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 477
  let days = (year - 1970) * 365 + leapDays + day - 1
  for (let before = 1; before < month; before++) days += daysOfMonth(year, before)
  return days
}
