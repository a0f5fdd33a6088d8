// Every counter and what it counts, in ONE table. Counters are plain integers that the hot paths add to; whoever shows them
// (console, Prometheus) reads them when asked. One Metrics object per broker: no module state.
// Called by broker/ (adds) and the faces (read).

export const metricTable = {
  appendedRecords: 'Records appended.',
  appendedBytes: 'Bytes of the batches appended.',
  appendedBatches: 'Record batches appended.',
  duplicateBatches: 'Batches of idempotent producers that were there already.',
  refusedBatches: 'Batches refused with an error.',
  fetchedBytes: 'Bytes of batches handed out to fetches.',
  fetches: 'Fetches answered.',
  fetchWaits: 'Fetches that had to wait for data.',
  retainedBytes: 'Bytes taken out by retention.',
} as const

export type MetricName = keyof typeof metricTable
export type Counters = Record<MetricName, number>

/** What one topic has taken and given since the start. */
export interface TopicCounters {
  appendedRecords: number
  appendedBytes: number
  fetchedBytes: number
}

export interface Metrics {
  readonly total: Counters
  /** By topic name. A deleted topic's row goes with it. */
  readonly topics: Map<string, TopicCounters>
}

export function createMetrics(): Metrics {
  return {
    total: {
      appendedRecords: 0,
      appendedBytes: 0,
      appendedBatches: 0,
      duplicateBatches: 0,
      refusedBatches: 0,
      fetchedBytes: 0,
      fetches: 0,
      fetchWaits: 0,
      retainedBytes: 0,
    },
    topics: new Map(),
  }
}

export const createTopicCounters = (): TopicCounters => ({ appendedRecords: 0, appendedBytes: 0, fetchedBytes: 0 })
