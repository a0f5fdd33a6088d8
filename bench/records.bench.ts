// The parts of records/: crc, build, check, read. `npx tsx bench/records.bench.ts`
// 1,000 records of 100 bytes (8-byte key, 92-byte value) in a batch, fixed contents; the checksums printed last tell that the
// same work was done.

import { Bench } from 'tinybench'
import { crc32c, hasNativeCrc32c, portableCrc32c } from '../src/bytes/crc32c.ts'
import { BatchBuilder } from '../src/records/build.ts'
import { checkBatch, verifyBatch } from '../src/records/check.ts'
import { RecordCursor } from '../src/records/cursor.ts'
import { readRecords } from '../src/records/read.ts'

const count = 1_000
const keys = Array.from({ length: count }, (_, i) => `key${String(i).padStart(5, '0')}`)
const values = Array.from({ length: count }, (_, i) => `${i} `.padEnd(92, 'abcdefghij klmnop '))
const keyBytes = keys.map(key => Buffer.from(key))
const valueBytes = values.map(value => Buffer.from(value))

const builder = new BatchBuilder({ bytes: 1 << 18 })
function build(keyOf: readonly (string | Buffer)[], valueOf: readonly (string | Buffer)[]): Buffer {
  for (let i = 0; i < count; i++)
    builder.append({ key: keyOf[i], value: valueOf[i], timestampMs: 1_700_000_000_000 + i })
  return builder.build()
}

const batch = build(keys, values)
const check = { batchBytesMax: 1 << 20 } as const
let sum = 0

const bench = new Bench({ time: 700, warmupTime: 200 })
bench
  .add('build from bytes', () => {
    sum = build(keyBytes, valueBytes).length
  })
  .add('build from text', () => {
    sum = build(keys, values).length
  })
  .add('check, client (crc and records)', () => checkBatch(batch, { ...check, origin: 'client' }))
  .add('check, internal (crc)', () => checkBatch(batch, { ...check, origin: 'internal' }))
  .add('verify', () => {
    verifyBatch(batch, 0, batch.length)
  })
  .add('read with the cursor', () => {
    const cursor = new RecordCursor(batch)
    let bytes = 0
    while (cursor.next()) bytes += cursor.valueBytes
    sum = bytes
  })
  .add('read as objects', () => {
    sum = readRecords(batch).length
  })
  .add('crc, native where it loads', () => {
    sum = crc32c(batch)
  })
  .add('crc, portable', () => {
    sum = portableCrc32c(batch)
  })

await bench.run()

for (const task of bench.tasks) {
  const result = task.result
  if (!('latency' in result)) throw new Error(`${task.name} did not finish`)
  const ns = (result.latency.p50 * 1e6) / count
  const megabytes = batch.length / (result.latency.p50 * 1e3)
  console.log(
    `${task.name.padEnd(34)}${ns.toFixed(1).padStart(8)} ns/record${(1e3 / ns).toFixed(1).padStart(8)} M records/s${megabytes.toFixed(0).padStart(8)} MB/s`,
  )
}
console.log(
  `native crc: ${hasNativeCrc32c}; batch ${batch.length} bytes, crc ${crc32c(batch).toString(16)}, same from bytes: ${batch.equals(build(keyBytes, valueBytes))}, last sum ${sum}`,
)
