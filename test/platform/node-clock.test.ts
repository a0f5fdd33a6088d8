import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { NodeClock } from '../../src/platform/node-clock.ts'
import { NodeRandom } from '../../src/platform/node-random.ts'

const clock = new NodeClock()

test('a timer fires once after its delay, and not when it was cancelled', async () => {
  const fired: string[] = []
  clock.after(5, () => fired.push('kept'))
  clock.after(5, () => fired.push('cancelled')).cancel()
  await sleep(30)
  expect(fired).toEqual(['kept'])
})

test('a timer of more than 2^31 ms waits that long', async () => {
  vi.useFakeTimers()
  const fired = vi.fn()
  clock.after(2 ** 31 + 1000, fired)
  await vi.advanceTimersByTimeAsync(2 ** 31)
  expect(fired).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1000)
  expect(fired).toHaveBeenCalledTimes(1)
  const cancelled = clock.after(2 ** 31 + 1000, fired)
  await vi.advanceTimersByTimeAsync(2 ** 31)
  cancelled.cancel()
  await vi.advanceTimersByTimeAsync(5000)
  expect(fired).toHaveBeenCalledTimes(1)
  vi.useRealTimers()
})

test('soon fires after the promises of now', async () => {
  const order: string[] = []
  await new Promise<void>(resolve => {
    clock.soon(() => {
      order.push('soon')
      resolve()
    })
    Promise.resolve().then(() => order.push('promise'))
  })
  expect(order).toEqual(['promise', 'soon'])
})

test('the wall clock is in ms since 1970, the monotonic one never goes back', () => {
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000)
  let last = clock.monotonic()
  for (let i = 0; i < 1000; i++) {
    const next = clock.monotonic()
    expect(next).toBeGreaterThanOrEqual(last)
    last = next
  }
})

test('chance gives as many bytes as asked, and numbers below the limit', () => {
  const random = new NodeRandom()
  expect(random.bytes(16)).toHaveLength(16)
  for (let i = 0; i < 100; i++) expect([0, 1, 2]).toContain(random.below(3))
})
