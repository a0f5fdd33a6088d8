import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/bytes/protocol-error.ts'
import { Frames } from '../../src/protocol/frames.ts'
import { chance } from './samples.ts'

const frame = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

const framesOf = ({ bytesMax = 1 << 24 } = {}) => new Frames({ bytesMax })

test('frames come out whole and in order, however the stream was cut', () => {
  const below = chance(Number(process.env['SEED'] ?? 11))
  for (let round = 0; round < 200; round += 1) {
    const bodies = Array.from({ length: 1 + below(20) }, (_, i) =>
      Buffer.alloc(below(5) === 0 ? below(5000) : below(9), i),
    )
    const stream = Buffer.concat(bodies.map(frame))
    const frames = framesOf()
    const found: Buffer[] = []
    for (let at = 0; at < stream.length; ) {
      const end = Math.min(stream.length, at + 1 + below(below(3) === 0 ? 3 : 4000))
      frames.push(stream.subarray(at, end))
      at = end
      if (below(2) === 0) frames.peek()
      for (let next = frames.next(); next !== undefined; next = frames.next()) found.push(Buffer.from(next))
    }
    expect(found.map(each => each.toString('hex'))).toEqual(bodies.map(each => each.toString('hex')))
    expect(frames.bytesBuffered).toBe(0)
    expect(frames.isInside).toBe(false)
  }
})

describe('memory', () => {
  test('a frame inside one chunk is a view of it', () => {
    const frames = framesOf()
    const chunk = frame(Buffer.from('abc'))
    frames.push(chunk)
    expect(frames.next()?.buffer).toBe(chunk.buffer)
  })

  test('a large frame is put together once, out of its chunks', () => {
    const frames = framesOf()
    const body = Buffer.alloc(1 << 20, 7)
    const stream = frame(body)
    for (let at = 0; at < stream.length; at += 65_536) {
      expect(frames.next()).toBeUndefined()
      frames.push(stream.subarray(at, at + 65_536))
    }
    expect(frames.next()?.equals(body)).toBe(true)
  })
})

test.each([-1, 101, 2 ** 31 - 1])('a length of %d is refused from its four bytes', length => {
  const frames = framesOf({ bytesMax: 100 })
  const head = Buffer.alloc(4)
  head.writeInt32BE(length)
  frames.push(head)
  expect(() => frames.next()).toThrow(ProtocolError)
})

test('peek leaves the bytes where they are, also when they came one by one', () => {
  const frames = framesOf()
  for (const byte of [0, 0, 0]) {
    frames.push(Buffer.from([byte]))
    expect(frames.peek()).toBeUndefined()
  }
  frames.push(Buffer.from([1, 9]))
  expect(frames.peek()?.toString('hex')).toBe('00000001')
  expect(frames.next()?.toString('hex')).toBe('09')
})
