// @platformatic/kafka. Its stream joins a group, so it reads with `Consumer.fetch`: topic ids, and a fetch session opened anew
// with every request, which is what its stream sends as well.

const { createHash } = require('node:crypto')
const { createRequire } = require('node:module')
const [folder, address, prefix] = process.argv.slice(2)
const load = createRequire(`${folder}/`)

const total = 10_000
const tail = 100
const startMs = 1_700_000_000_000
const partitions = [0, 1, 2, 3]
const skipped = {}
const common = { clientId: 'matrix', bootstrapBrokers: [address], retries: 2 }
let library

main()

async function main() {
  library = await import(load.resolve('@platformatic/kafka'))
  const rows = []
  for (const [codec, isThere] of Object.entries(codecsOf())) {
    if (isThere) rows.push(await rowOf(codec))
    else skipped[codec] = `the client has it only where node:zlib has (this is Node ${process.version})`
  }
  const { version } = JSON.parse(require('node:fs').readFileSync(`${folder}/@platformatic/kafka/package.json`, 'utf8'))
  console.log(JSON.stringify({ client: `@platformatic/kafka ${version}`, rows, skipped }))
  process.exit() // a client that failed keeps its connections
}

function codecsOf() {
  const hasZstd = typeof require('node:zlib').zstdCompressSync === 'function'
  return Object.fromEntries(
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(codec => [codec, codec !== 'zstd' || hasZstd]),
  )
}

async function rowOf(codec) {
  const row = { codec, isIdempotent: true }
  const topic = `${prefix}-${codec}`
  const admin = new library.Admin(common)
  const consumer = new library.Consumer({ ...common, groupId: 'unused', maxBytes: 200_000 })
  try {
    const configs = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({ topics: [topic], partitions: 4, replicas: 1, configs })
    await produce(topic, codec)
    const metadata = await consumer.metadata({ topics: [topic] })
    const place = { consumer, topicId: metadata.topics.get(topic).id, node: [...metadata.brokers.keys()][0] }
    const offsets = async timestamp => (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)
    const ends = await offsets(-1n)
    const since = await consumer.listOffsetsWithTimestamps({ topics: [topic], timestamp: BigInt(startMs + 5_000) })
    row.beginning = await read(place, await offsets(-2n))
    row.end = await read(
      place,
      ends.map(end => end - BigInt(tail)),
    )
    row.timestamp = await read(
      place,
      partitions.map(partition => since.get(topic).get(partition).offset),
    )
  } catch (error) {
    row.error = `${error.stack} ${JSON.stringify(error.errors?.map(String) ?? '')} ${error.cause ?? ''}`
  } finally {
    await consumer.close(true)
    await admin.close()
  }
  return row
}

async function produce(topic, compression) {
  const serializers = library.stringSerializers
  const producer = new library.Producer({ ...common, idempotent: true, serializers })
  for (let i = 0; i < total; i += 500) {
    const messages = Array.from({ length: 500 }, (_, j) => ({ topic, ...message(i + j) }))
    await producer.send({ messages, compression, acks: -1 })
  }
  await producer.close()
}

function message(i) {
  return { key: `key-${i}`, value: `value ${i} ${'x'.repeat(i % 100)}`, timestamp: BigInt(startMs + i) }
}

async function read({ consumer, topicId, node }, from) {
  const places = partitions.map(partition => new Place(partition, from[partition]))
  for (;;) {
    const wanted = places.filter(place => !place.isDone)
    if (wanted.length === 0) break
    const topics = [{ topicId, partitions: wanted.map(place => place.request) }]
    const { responses } = await consumer.fetch({ node, topics, maxWaitTime: 500, maxBytes: 200_000, minBytes: 1 })
    for (const response of responses)
      for (const { partitionIndex, records, highWatermark } of response.partitions)
        places[partitionIndex].take(records ?? [], highWatermark)
  }
  return Object.fromEntries(places.map(place => [place.partition, place.digest]))
}

class Place {
  constructor(partition, offset) {
    this.partition = partition
    this.offset = offset
    this.hash = createHash('sha256')
    this.count = 0
    this.isDone = false
  }

  get request() {
    const fetchOffset = this.offset
    return {
      partition: this.partition,
      fetchOffset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: 65_536,
    }
  }

  // A batch comes whole, so records before the offset that was asked for may come with it.
  take(batches, highWatermark) {
    for (const { firstOffset, firstTimestamp, records } of batches)
      for (const { offsetDelta, timestampDelta, key, value } of records) {
        const offset = firstOffset + BigInt(offsetDelta)
        if (offset < this.offset) continue
        this.hash.update(`${offset}|${firstTimestamp + timestampDelta}|${key}|${value}\n`)
        this.count++
        this.offset = offset + 1n
      }
    this.isDone = this.offset >= highWatermark
  }

  get digest() {
    return { count: this.count, sha256: this.hash.digest('hex') }
  }
}
