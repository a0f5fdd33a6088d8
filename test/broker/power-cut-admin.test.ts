// Over the real log on a simulated disk: what an admin was told is there after a power cut, in the middle of other work.

import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { openBroker } from '../../src/broker/open-broker.ts'
import type { Broker } from '../../src/broker/types.ts'
import { simulatedPlatform } from '../../src/testing.ts'
import { batchOf, valuesOf } from './setup.ts'

const seeds = process.env['SEED']
  ? [Number(process.env['SEED'])]
  : Array.from({ length: Number(process.env['SEEDS'] ?? 12) }, (_, i) => i + 1)

const settings = new Settings([
  ['varve.journal.bytes', String(1 << 20)],
  ['varve.checkpoint.interval.ms', '50'],
  ['varve.disk.reserve.bytes', '0'],
  ['log.segment.bytes', '4096'],
  ['log.retention.ms', '-1'],
])

test.each(seeds)('seed %i: log starts, partitions and settings', async seed => {
  const sim = simulatedPlatform({ seed })
  const { random } = sim
  const open = (): Promise<Broker> =>
    sim.run(openBroker({ platform: sim.boot(), directory: '/data', settings, logger: silentLogger }))
  const told = { logStart: 0, partitions: 1, numPartitions: 1, end: 0 }
  /** Asked for, perhaps never answered. */
  const asked = { ...told }
  for (let life = 0; life < 5; life++) {
    const broker = await open()
    await sim.run(broker.createTopics([{ topic: 'a', partitions: 1, replicationFactor: 1 }]))
    await check(broker)
    let isOver = false
    const heard = (then: () => void) => () => {
      if (!isOver) then()
    }
    const nothing = () => {}
    for (let i = 0; i < 40; i++) {
      const dice = random.below(10)
      if (dice < 6) {
        const batch = batchOf('x'.repeat(random.below(900)))
        const produced = broker.produce({ acks: -1, partitions: [{ topic: 'a', partition: 0, batch }] })
        produced.then(([{ error, baseOffset }]) => {
          if (!isOver && error === undefined) told.end = Math.max(told.end, baseOffset + 1)
        }, nothing)
      } else if (dice === 6) {
        const offset = random.below(told.end + 1)
        asked.logStart = Math.max(asked.logStart, offset)
        const removed = broker.deleteRecords([{ topic: 'a', partition: 0, offset }])
        removed.then(([{ error, lowWatermark }]) => {
          if (!isOver && error === undefined) told.logStart = Math.max(told.logStart, lowWatermark)
        }, nothing)
      } else if (dice === 7) {
        const partitions = asked.partitions + 1
        asked.partitions = partitions
        const grown = broker.createPartitions([{ topic: 'a', partitions }])
        grown.then(([{ error }]) => {
          if (!isOver && error === undefined) told.partitions = Math.max(told.partitions, partitions)
        }, nothing)
      } else if (dice === 8) {
        const value = ++asked.numPartitions
        const altered = broker.alterBroker('node', [{ name: 'num.partitions', operation: 'set', value: String(value) }])
        altered.then(
          heard(() => {
            told.numPartitions = Math.max(told.numPartitions, value)
          }),
          nothing,
        )
      } else broker.retain().catch(nothing)
      await sim.step(random.below(8))
    }
    isOver = true
    if (random.below(4) === 0) await sim.run(broker.close())
    else if (random.below(2) === 0) sim.kill()
    else sim.crash()
  }
  const broker = await open()
  await check(broker)
  await sim.run(broker.close())

  async function check(broker: Broker): Promise<void> {
    const [{ description }] = await sim.run(broker.describeTopics([{ topic: 'a' }]))
    const partitions = description?.partitions ?? []
    const [{ logStartOffset, highWatermark }] = partitions
    const numPartitions = broker.settings.number('num.partitions')
    for (const [name, found] of Object.entries({
      logStart: logStartOffset,
      partitions: partitions.length,
      numPartitions,
    })) {
      const key = name as keyof typeof told
      expect(found, `${name} of life before`).toBeGreaterThanOrEqual(told[key])
      expect(found, `${name} that nobody asked for`).toBeLessThanOrEqual(asked[key])
      told[key] = asked[key] = found
    }
    expect(highWatermark).toBeGreaterThanOrEqual(told.end)
    told.end = highWatermark
    let offset = logStartOffset
    while (offset < highWatermark) {
      const request = { topic: 'a', partition: 0, offset, maxBytes: 1 << 20 }
      const [{ error, buffers }] = await sim.run(
        broker.fetch({ maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, partitions: [request] }),
      )
      expect(error).toBeUndefined()
      const count = valuesOf(buffers).length
      expect(count).toBeGreaterThan(0)
      offset += count
    }
    expect(offset).toBe(highWatermark)
    expect(
      (
        await sim.run(
          broker.fetch({
            maxWaitMs: 0,
            minBytes: 0,
            maxBytes: 1 << 20,
            partitions: [{ topic: 'a', partition: partitions.length, offset: 0, maxBytes: 1 }],
          }),
        )
      )[0].error?.code,
    ).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  }
})
