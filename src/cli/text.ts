// Numbers and times as people read them. Pure. Called by screens and tables.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 1536 → `1.5 KiB` */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${bytes} B` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** RFC 3339 in UTC with milliseconds; the number itself if it is no time. */
export function timeText(ms: number): string {
  return ms >= 0 && ms <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}

/** 1 topic, 2 topics */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
