// Idempotent producers over a stop: the five-batch window is there again, whatever became of the files that cache it.

import { expect, test } from 'vitest'
import { simulatedPlatform } from '../../src/platform/simulated.ts'
import { batchOf, openLog } from './helpers.ts'

const producerId = 7

async function afterSixBatches(seed: number) {
  const sim = simulatedPlatform({ seed })
  const { log, directory } = await sim.run(openLog(sim.boot(), '/data'))
  for (let sequence = 0; sequence < 6; sequence++)
    log.append(batchOf([`v${sequence}`], { producerId, producerEpoch: 0, baseSequence: sequence }), {
      origin: 'client',
    })
  await sim.run(directory.journal.durable)
  return { sim, directory, log }
}

async function expectWindow(sim: Awaited<ReturnType<typeof afterSixBatches>>['sim']) {
  const { log } = await sim.run(openLog(sim.boot(), '/data'))
  const send = (sequence: number) =>
    log.append(batchOf([`v${sequence}`], { producerId, producerEpoch: 0, baseSequence: sequence }), {
      origin: 'client',
    })
  expect(() => send(0)).toThrow('a batch before this one is missing')
  for (let sequence = 1; sequence < 6; sequence++)
    expect(send(sequence)).toMatchObject({ duplicate: true, baseOffset: sequence, nextOffset: sequence + 1 })
  expect(() => send(7)).toThrow('a batch before this one is missing')
  expect(send(6)).toMatchObject({ duplicate: false, baseOffset: 6 })
}

test('after a clean stop', async () => {
  const { sim, directory } = await afterSixBatches(1)
  await sim.run(directory.close())
  sim.kill()
  await expectWindow(sim)
})

test('after a kill', async () => {
  const { sim } = await afterSixBatches(2)
  sim.kill()
  await expectWindow(sim)
})

test('after a power cut', async () => {
  for (let seed = 3; seed < 20; seed++) {
    const { sim } = await afterSixBatches(seed)
    sim.crash()
    await expectWindow(sim)
  }
})

test('when our window file is damaged or gone and only Kafka’s one batch per producer is left', async () => {
  for (const harm of ['flip', 'remove'] as const) {
    const { sim, directory } = await afterSixBatches(30)
    await sim.run(directory.close())
    const window = sim.disk.files().find(path => path.endsWith('.varve-producers')) as string
    if (harm === 'flip') sim.disk.flipBit(window, 40, 3)
    else sim.disk.remove(window)
    sim.kill()
    await expectWindow(sim)
  }
})
