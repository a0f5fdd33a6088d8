// The settings that every append looks at, as numbers. Called by partition-log.ts.

import type { Settings } from '../base/config.ts'

/** What every append looks at, as numbers: looking settings up by name costs 0.1 µs each. */
export interface AppendLimits {
  readonly batchBytesMax: number
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly isLogAppendTime: boolean
}

export function appendLimitsOf(settings: Settings): AppendLimits {
  return {
    batchBytesMax: settings.number('max.message.bytes'),
    segmentBytes: settings.number('segment.bytes'),
    segmentMs: settings.number('segment.ms'),
    isLogAppendTime: settings.string('message.timestamp.type') === 'LogAppendTime',
  }
}
