// The registry: the log of topics, their settings and the producer ids that were given out. It is a partition like any other
// (base/names.ts: registryTopic, partition 0), so creation and data share a journal and become true together.
//   1  decide, apply and append happen in one synchronous stretch; append() is the last of the three that may throw
//   2  whoever tells others about that state waits for settled() first
//   3  restart replays the records through the same apply functions
// Called by topic-admin.ts and producer-ids.ts (append), serve-directory.ts (records), describe.ts (settled).

import { assert } from '../base/assert.ts'
import type { PartitionLog } from '../log/types.ts'
import type { Clock } from '../platform/platform.ts'
import { BatchBuilder, forEachBatch, nextOffsetOf, RecordCursor } from '../records/index.ts'
import { decodeRegistryRecord, encodeRegistryRecord, type RegistryRecord } from './registry-records.ts'

const readBytesMax = 1 << 20

export class Registry {
  readonly #log: PartitionLog
  readonly #clock: Clock
  readonly #builder = new BatchBuilder({ bytes: 1024 })
  #newest: Promise<void> | undefined

  constructor(log: PartitionLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Throws with nothing changed, or returns the promise that resolves when the record is durable. */
  append(record: RegistryRecord): Promise<void> {
    const { key, value } = encodeRegistryRecord(record)
    this.#builder.append({ key, value, timestampMs: this.#clock.now() })
    const { durable } = this.#log.append(this.#builder.build(), { origin: 'internal' })
    this.#newest = durable
    const settle = () => {
      if (this.#newest === durable) this.#newest = undefined
    }
    durable.then(settle, settle)
    return durable
  }

  /**
   * Resolves when every record appended so far is durable, or never will be (then the topics that hang on it say so
   * themselves: Topic.registering). Undefined if nothing is on its way.
   */
  settled(): Promise<void> | undefined {
    return this.#newest?.catch(() => {})
  }

  /** Every record, oldest first. */
  async records(): Promise<RegistryRecord[]> {
    const records: RegistryRecord[] = []
    for (let offset = this.#log.logStartOffset; offset < this.#log.highWatermark; ) {
      const { buffers } = await this.#log.read({ offset, bytesMax: readBytesMax })
      const before = offset
      forEachBatch(buffers, (buffer, at) => {
        const cursor = new RecordCursor(buffer, { at })
        while (cursor.next()) records.push(decodeRegistryRecord(valueOf(cursor)))
        offset = nextOffsetOf(buffer, at)
      })
      assert(offset > before, 'a read below the high watermark returns a batch')
    }
    return records
  }
}

function valueOf({ bytes, valueAt, valueBytes }: RecordCursor): Buffer | null {
  return valueBytes < 0 ? null : bytes.subarray(valueAt, valueAt + valueBytes)
}
