import { expect, test } from 'vitest'
import { walkBatches } from '../../src/log/batch-walk.ts'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { batchOf } from './helpers.ts'

function fileWith(bytes: Buffer) {
  const file = new MemoryDisk().open('log', 'create')
  file.write([bytes], 0)
  return file
}

test('a file that ends before the end that is asked for ends the walk, wherever it ends', () => {
  const whole = Buffer.concat([batchOf(['a']), batchOf(['b'.repeat(300)])])
  const first = batchOf(['a']).length
  for (const verify of [true, false])
    for (let bytes = 0; bytes < whole.length; bytes++) {
      let visited = 0
      const end = walkBatches(fileWith(whole.subarray(0, bytes)), { from: 0, to: whole.length, verify }, () => {
        visited += 1
      })
      if (!verify) continue // headers only: it ends, and that is all
      expect(end.problem).not.toBe('ok')
      expect([visited, end.position]).toEqual(bytes < first ? [0, 0] : [1, first])
    }
})

test('a batch larger than the chunk is visited whole', () => {
  const large = batchOf(['x'.repeat(700_000)])
  const file = fileWith(Buffer.concat([batchOf(['a']), large, batchOf(['b'])]))
  const sizes: number[] = []
  expect(
    walkBatches(file, { from: 0, to: file.bytes(), verify: true }, (buffer, at, _position, bytes) => {
      expect(buffer.length - at).toBeGreaterThanOrEqual(bytes)
      sizes.push(bytes)
    }),
  ).toEqual({ position: file.bytes(), problem: 'ok' })
  expect(sizes[1]).toBe(large.length)
})
