// What a request names more than once. Answers about such things are long, and the requests for them are short: each is
// described once, so that a small frame cannot ask for gigabytes.

/** In one pass over the keys; the answer is for one of them. */
export function repeatedIn(keys: Iterable<string>): ReadonlySet<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const key of keys) (seen.has(key) ? repeated : seen).add(key)
  return repeated
}
