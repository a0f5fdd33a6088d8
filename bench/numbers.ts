// Medians, percentiles, the fixed pattern that all payloads are made of, and tables. Called by everything in bench/.

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2
}

/** `share` of 0.99: the value that 99 % are at or below. NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** 42, stepped by a linear congruence: every other 8 bytes compress, the others do not. */
export function pattern(bytes: number): Buffer {
  const out = Buffer.alloc(bytes, 'v')
  let random = 42
  for (let at = 0; at < bytes; at++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    if (at % 16 < 8) out[at] = random >>> 24
  }
  return out
}

/** 3.21 M, 45.6 k: three digits are all that a measurement has. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)} k`
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

/** Rows of cells as a Markdown table, padded so that it also reads in a terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => [...row[column]!].length)))
  const lines = rows.map(row => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`)
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}
