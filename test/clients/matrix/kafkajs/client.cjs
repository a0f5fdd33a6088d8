// kafkajs: its producer and admin as documented; without a group it reads through its own broker connection, which is what its
// consumer uses. gzip is its own; the other codecs are plugged in, as its documentation says.

const { createHash } = require('node:crypto')
const { createRequire } = require('node:module')
const [folder, address, prefix] = process.argv.slice(2)
const load = createRequire(`${folder}/`)
process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = load('kafkajs')

const total = 10_000
const tail = 100
const startMs = 1_700_000_000_000
const partitions = [0, 1, 2, 3]
const types = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}
const skipped = {}
const kafka = new Kafka({ clientId: 'matrix', brokers: [address], logLevel: logLevel.ERROR, retry: { retries: 2 } })

main()

async function main() {
  await plug('snappy', async () => {
    const snappy = load('snappyjs')
    return {
      compress: async ({ buffer }) => snappy.compress(buffer),
      decompress: async buffer => snappy.uncompress(buffer),
    }
  })
  await plug('lz4', async () => {
    const lz4 = load('lz4-napi')
    return { compress: ({ buffer }) => lz4.compressFrame(buffer), decompress: buffer => lz4.decompressFrame(buffer) }
  })
  await plug('zstd', async () => {
    const zstd = await import('@cloudpss/zstd')
    return {
      compress: async ({ buffer }) => Buffer.from(zstd.compress(buffer)),
      decompress: async buffer => Buffer.from(zstd.decompress(buffer)),
    }
  })
  const rows = []
  for (const codec of Object.keys(types)) if (!(codec in skipped)) rows.push(await rowOf(codec))
  console.log(JSON.stringify({ client: `kafkajs ${load('kafkajs/package.json').version}`, rows, skipped }))
  process.exit() // a producer that failed keeps its connection
}

async function rowOf(codec) {
  const row = { codec, isIdempotent: true }
  const topic = `${prefix}-${codec}`
  const admin = kafka.admin()
  try {
    await admin.connect()
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({ topics: [{ topic, numPartitions: 4, replicationFactor: 1, configEntries }] })
    await produce(topic, types[codec])
    const bounds = (await admin.fetchTopicOffsets(topic)).sort((a, b) => a.partition - b.partition)
    const since = await admin.fetchTopicOffsetsByTimestamp(topic, startMs + 5_000)
    row.beginning = await read(topic, partition => bounds[partition].low)
    row.end = await read(topic, partition => bounds[partition].high - tail)
    row.timestamp = await read(topic, partition => since.find(found => found.partition === partition).offset)
  } catch (error) {
    row.error = String(error.stack)
  } finally {
    await admin.disconnect()
  }
  return row
}

async function produce(topic, compression) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (let i = 0; i < total; i += 500) {
    const messages = Array.from({ length: 500 }, (_, j) => message(i + j))
    await producer.send({ topic, compression, acks: -1, messages })
  }
  await producer.disconnect()
}

function message(i) {
  return { key: `key-${i}`, value: `value ${i} ${'x'.repeat(i % 100)}`, timestamp: String(startMs + i) }
}

async function read(topic, from) {
  const createCluster = Object.getOwnPropertySymbols(kafka).find(symbol => String(symbol).includes('createCluster'))
  const cluster = kafka[createCluster]({ isolationLevel: 1 })
  await cluster.connect()
  await cluster.addTargetTopic(topic)
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, partitions))
  const broker = await cluster.findBroker({ nodeId })
  const places = partitions.map(partition => new Place(partition, Number(from(partition))))
  for (;;) {
    const wanted = places.filter(place => !place.isDone)
    if (wanted.length === 0) break
    const { responses } = await broker.fetch({
      isolationLevel: 1,
      maxWaitTime: 500,
      maxBytes: 200_000,
      topics: [{ topic, partitions: wanted.map(place => place.request) }],
    })
    for (const { partition, messages, highWatermark } of responses[0].partitions)
      places[partition].take(messages, Number(highWatermark))
  }
  await cluster.disconnect()
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
    return { partition: this.partition, fetchOffset: this.offset, maxBytes: 65_536 }
  }

  // A batch comes whole, so records before the offset that was asked for may come with it.
  take(messages, highWatermark) {
    for (const { offset, timestamp, key, value } of messages) {
      if (Number(offset) < this.offset) continue
      this.hash.update(`${offset}|${timestamp}|${key}|${value}\n`)
      this.count++
      this.offset = Number(offset) + 1
    }
    this.isDone = this.offset >= highWatermark
  }

  get digest() {
    return { count: this.count, sha256: this.hash.digest('hex') }
  }
}

async function plug(codec, make) {
  try {
    const made = await make()
    CompressionCodecs[types[codec]] = () => made
  } catch (error) {
    skipped[codec] = String(error.message).split('\n')[0]
  }
}
