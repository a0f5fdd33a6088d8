// The name that was probably meant. Called where a topic or a setting is not found.

/** The nearest name by edits, if it is near enough to be worth saying. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Math.min(3, Math.ceil(name.length / 3)) + 1
  for (const each of known) {
    const edits = editsBetween(name.toLowerCase(), each.toLowerCase(), bestEdits)
    if (edits < bestEdits) {
      best = each
      bestEdits = edits
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit` or more if there are at least that many. */
function editsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j], before[j - 2] + 1)
    }
    before = row
    row = next
  }
  return row[b.length]
}
