// Which segments a partition may forget: pure decisions over plain numbers, Kafka's rules (5.9 of our reference).
//   1  oldest first, and it stops at the first segment that stays
//   2  only segments wholly below the high watermark; the active segment goes only if the caller rolls it first
// Called by partition-log.ts.

export interface SegmentFacts {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly bytes: number
  /** Of its records; -1 if it has none. */
  readonly maxTimestamp: number
}

export interface RetentionRules {
  readonly nowMs: number
  /** -1: no limit */
  readonly retentionMs: number
  /** -1: no limit */
  readonly retentionBytes: number
  readonly logStartOffset: number
  readonly highWatermark: number
  /** cleanup.policy has "delete"; without it only what lies below the log start goes. */
  readonly deletes: boolean
}

/** How many of the oldest segments go. If it is all of them, the caller rolls first. */
export function segmentsToForget(segments: readonly SegmentFacts[], rules: RetentionRules): number {
  const total = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  let excess = rules.deletes && rules.retentionBytes >= 0 ? total - rules.retentionBytes : -1
  let count = 0
  for (const segment of segments) {
    if (segment.nextOffset > rules.highWatermark || segment.bytes === 0) break
    const isBelowStart = segment.nextOffset <= rules.logStartOffset
    const isOverSize = excess - segment.bytes >= 0
    if (!isBelowStart && !isOverSize && !isExpired(segment, rules)) break
    excess -= segment.bytes
    count += 1
  }
  return count
}

function isExpired({ maxTimestamp }: SegmentFacts, { deletes, nowMs, retentionMs }: RetentionRules): boolean {
  return deletes && retentionMs >= 0 && maxTimestamp >= 0 && nowMs - maxTimestamp > retentionMs
}
