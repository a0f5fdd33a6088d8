// What is in a topic, read without any of the clients: the measure for what they say.

import { createHash } from 'node:crypto'
import { zeroUuid } from '../../../src/base/names.ts'
import { apis } from '../../../src/protocol/messages/index.ts'
import { codecOf, producerIdOf } from '../../../src/records/batch.ts'
import { forEachBatch, readRecords } from '../../../src/records/read.ts'
import { Wire } from '../../crash/wire.ts'
import type { Digests } from './clients.ts'

export interface StoredRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string
  readonly value: string
}

export interface StoredPartition {
  readonly records: StoredRecord[]
  /** Ids, as in a batch's attributes. */
  readonly codecs: Set<number>
  readonly hasProducerIds: boolean
}

export async function storedPartition(port: number, topic: string, partition: number): Promise<StoredPartition> {
  const wire = await Wire.connect(port)
  const records: StoredRecord[] = []
  const codecs = new Set<number>()
  let hasProducerIds = true
  for (;;) {
    const fetchOffset = records.length
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 8 << 20 }]
    const { responses } = await wire.ask(apis.fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 8 << 20,
      replicaId: -1,
      topics: [{ topic, topicId: zeroUuid, partitions }],
    })
    const { errorCode, records: bytes } = responses[0].partitions[0]
    if (errorCode !== 0) throw new Error(`fetch ${topic}-${partition}: error ${errorCode}`)
    forEachBatch([bytes ?? Buffer.alloc(0)], (buffer, at, length) => {
      const batch = buffer.subarray(at, at + length)
      codecs.add(codecOf(batch))
      hasProducerIds &&= producerIdOf(batch) >= 0
      for (const { offset, timestamp, key, value } of readRecords(batch))
        records.push({ offset, timestamp, key: String(key), value: String(value) })
    })
    if (records.length === fetchOffset) break
  }
  await wire.end()
  return { records, codecs, hasProducerIds }
}

export function digest(records: readonly StoredRecord[]): Digests[string] {
  const hash = createHash('sha256')
  for (const { offset, timestamp, key, value } of records) hash.update(`${offset}|${timestamp}|${key}|${value}\n`)
  return { count: records.length, sha256: hash.digest('hex') }
}
