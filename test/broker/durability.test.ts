// A topic's switch to fsync and away from it, over the real log: what the registry says of it is never more than what is true.

import { expect, test } from 'vitest'
import { Settings } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { openBroker } from '../../src/broker/open-broker.ts'
import type { Broker } from '../../src/broker/types.ts'
import { manifestFiles } from '../../src/log/layout.ts'
import { memoryPlatform } from '../../src/platform/memory.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { batchOf, stateOf, valuesOf } from './setup.ts'

const settings = new Settings([
  ['varve.journal.bytes', String(1 << 20)],
  ['varve.disk.reserve.bytes', '0'],
])
const manifest = new RegExp(manifestFiles.join('|'))
const ref = { topic: 'a' }

const open = (disk: MemoryDisk): Promise<Broker> =>
  openBroker({ platform: memoryPlatform(disk), directory: '/data', settings, logger: silentLogger })

async function withTopic(durability: string): Promise<{ disk: MemoryDisk; broker: Broker }> {
  const disk = new MemoryDisk()
  const broker = await open(disk)
  await broker.createTopics([
    { ...ref, partitions: 1, replicationFactor: 1, settings: new Map([['varve.durability', durability]]) },
  ])
  return { disk, broker }
}

const switchTo = (broker: Broker, value: string) => broker.alterTopic(ref, new Map([['varve.durability', value]]))
const produce = (broker: Broker, value: string) =>
  broker.produce({ acks: -1, partitions: [{ ...ref, partition: 0, batch: batchOf(value) }] })
const said = async (broker: Broker) =>
  (await broker.describeTopicSettings(ref)).find(({ name }) => name === 'varve.durability')?.value

async function values(broker: Broker): Promise<string[]> {
  const partitions = [{ ...ref, partition: 0, offset: 0, maxBytes: 1 << 20 }]
  const [result] = await broker.fetch({ maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, partitions })
  return valuesOf(result?.buffers ?? [])
}

test('a switch to fsync is recorded only when it is true on disk, and a kill on the way loses nothing', async () => {
  const { disk, broker } = await withTopic('os')
  await produce(broker, 'before')
  disk.fail({ on: 'sync', path: manifest, hangs: true })
  const switched = switchTo(broker, 'fsync')
  expect(await stateOf(switched)).toBe('pending')
  expect(await stateOf(produce(broker, 'meanwhile'))).toBe('pending')
  disk.kill()
  const restarted = await open(disk)
  expect(await said(restarted)).toBe('os')
  expect(await values(restarted)).toEqual(['before', 'meanwhile'])
})

test('a switch to fsync that finds the disk full is not said to have happened', async () => {
  const { disk, broker } = await withTopic('interval')
  const full = disk.fail({ on: 'write', path: manifest, errno: 'ENOSPC', times: Number.POSITIVE_INFINITY })
  await expect(switchTo(broker, 'fsync')).rejects.toMatchObject({ code: 'NOT_ENOUGH_REPLICAS' })
  expect(await said(broker)).toBe('interval')
  full.disarm()
  await switchTo(broker, 'fsync')
  expect(await said(broker)).toBe('fsync')
})

test('changes that come during a switch to fsync follow it, and all of them stay', async () => {
  const { disk, broker } = await withTopic('os')
  const both = Promise.all([
    switchTo(broker, 'fsync'),
    broker.alterTopic(ref, [{ name: 'retention.ms', operation: 'set', value: '77000' }]),
  ])
  await both
  disk.kill()
  const described = await (await open(disk)).describeTopicSettings(ref)
  const valueOf = (name: string) => described.find(row => row.name === name)?.value
  expect([valueOf('varve.durability'), valueOf('retention.ms')]).toEqual(['fsync', '77000'])
})

test('a topic that is deleted during its switch to fsync stays deleted', async () => {
  const { disk, broker } = await withTopic('os')
  const switched = switchTo(broker, 'fsync').catch(error => error.code)
  await broker.deleteTopics([ref])
  expect(await switched).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  disk.kill()
  expect(await (await open(disk)).listTopics()).toEqual([])
})

test('nothing is appended un-journaled before the switch away from fsync is recorded', async () => {
  const { disk, broker } = await withTopic('fsync')
  await produce(broker, 'journaled')
  disk.fail({ on: 'sync', path: 'varve-journal', hangs: true })
  const switched = switchTo(broker, 'os')
  const meanwhile = produce(broker, 'meanwhile')
  expect([await stateOf(switched), await stateOf(meanwhile)]).toEqual(['pending', 'pending'])
  expect(await values(broker)).toEqual(['journaled'])
})
