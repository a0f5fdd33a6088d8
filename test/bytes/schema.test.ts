import { describe, expect, test } from 'vitest'
import { Message } from '../../src/bytes/codec.ts'
import { ProtocolError } from '../../src/bytes/protocol-error.ts'
import { longMax, longMin, Reader } from '../../src/bytes/reader.ts'
import { array, int8, int32, int64, message, records, string, struct, uint16 } from '../../src/bytes/schema.ts'
import { Writer } from '../../src/bytes/writer.ts'

const hex = (write: (writer: Writer) => void): string => {
  const writer = new Writer()
  write(writer)
  return Buffer.concat(writer.take().buffers).toString('hex')
}

const example = new Message(
  message({
    name: 'Example',
    versions: '0-2',
    flexible: 1,
    fields: {
      id: int32(),
      old: string({ versions: '0', default: 'gone' }),
      list: array(uint16(), { nullable: '1+' }),
      inner: struct({ a: int8() }, { versions: '2+', nullable: '2+', default: null }),
      note: string({ versions: '1+', default: '', tag: 3 }),
      pair: struct({ x: int32({ default: -1 }), y: int32({ default: -1 }) }, { versions: '1+', tag: 1 }),
    },
  }),
)

describe('versions', () => {
  test('a field is written only where it exists, and reads as its default elsewhere', () => {
    expect(hex(w => example.encode(w, { id: 1, old: 'x', list: [7] }, 0))).toBe(
      '00000001' + '000178' + '00000001' + '0007',
    )
    expect(hex(w => example.encode(w, { id: 1, old: 'x', list: [7] }, 1))).toBe('00000001' + '02' + '0007' + '00')
    const read = example.decode(new Reader(Buffer.from('00000001020007' + '00', 'hex')), 1)
    expect(read).toEqual({ id: 1, old: 'gone', list: [7], inner: null, note: '', pair: { x: -1, y: -1 } })
  })

  test('a struct that may be null says so in one byte', () => {
    expect(hex(w => example.encode(w, { id: 1, list: null, inner: null }, 2))).toBe('00000001' + '00' + 'ff' + '00')
    expect(hex(w => example.encode(w, { id: 1, list: null, inner: { a: 5 } }, 2))).toBe(
      '00000001' + '00' + '0105' + '00' + '00',
    )
  })

  test('a version that was never written down is our mistake', () => {
    expect(() => example.decode(new Reader(Buffer.alloc(9)), 3)).toThrow('Example has no version 3')
  })
})

describe('tagged fields', () => {
  test('are left out at their default, and in the order of their tags', () => {
    expect(hex(w => example.encode(w, { id: 1, list: [], note: '', pair: { x: -1, y: -1 } }, 1))).toBe('000000010100')
    expect(hex(w => example.encode(w, { id: 1, list: [], note: 'n', pair: { x: 1 } }, 1))).toBe(
      '00000001' + '01' + '02' + '0109' + '00000001ffffffff00' + '0302' + '026e',
    )
  })

  test('that nobody knows are skipped', () => {
    const bytes = Buffer.from('00000001' + '01' + '02' + '0902aabb' + '0302026e', 'hex')
    expect(example.decode(new Reader(bytes), 1).note).toBe('n')
  })

  test('must fill their own length', () => {
    const bytes = Buffer.from('00000001' + '01' + '01' + '0303026e00', 'hex')
    expect(() => example.decode(new Reader(bytes), 1)).toThrow(ProtocolError)
  })

  test('of more than 127 bytes get a longer length', () => {
    const note = 'n'.repeat(300)
    const writer = new Writer()
    example.encode(writer, { id: 1, list: [], note }, 1)
    const bytes = Buffer.concat(writer.take().buffers)
    expect(example.decode(new Reader(bytes), 1).note).toBe(note)
  })
})

describe('int64', () => {
  test.each([0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1])('%d is exact', value => {
    const bytes = Buffer.from(
      hex(w => w.int64(value)),
      'hex',
    )
    expect(bytes.readBigInt64BE()).toBe(BigInt(value))
    expect(new Reader(bytes).int64()).toBe(value)
  })

  test('Long.MAX_VALUE and MIN_VALUE keep their bytes', () => {
    expect(hex(w => w.int64(longMax))).toBe('7fffffffffffffff')
    expect(hex(w => w.int64(longMin))).toBe('8000000000000000')
  })

  test('beyond 2^53 a value reads as the limit, never as a neighbour that looks exact', () => {
    expect(new Reader(Buffer.from('0020000000000001', 'hex')).int64()).toBe(longMax)
    expect(new Reader(Buffer.from('ff00000000000001', 'hex')).int64()).toBe(longMin)
  })
})

describe('writer', () => {
  test('records are linked, not copied', () => {
    const batch = Buffer.from('batch')
    const linked = new Message(
      message({
        name: 'Linked',
        versions: '0',
        flexible: 0,
        fields: { before: int8(), data: records(), after: int64() },
      }),
    )
    const writer = new Writer()
    const frame = writer.frame(() => linked.encode(writer, { before: 1, data: [batch, batch], after: 2 }, 0))
    expect(frame.buffers).toHaveLength(4)
    expect(frame.buffers[1]).toBe(batch)
    const bytes = Buffer.concat(frame.buffers)
    expect(bytes.length).toBe(frame.bytes)
    expect(bytes.readInt32BE(0)).toBe(bytes.length - 4)
    expect(linked.decode(new Reader(bytes, 4), 0).data?.toString()).toBe('batchbatch')
  })

  test('many frames of all sizes out of one writer keep their bytes', () => {
    const writer = new Writer()
    const frames = Array.from({ length: 300 }, (_, i) => ({
      text: String.fromCharCode(97 + (i % 26)).repeat((i * 997) % 30_000),
      frame: undefined as unknown as Buffer[],
    }))
    for (const each of frames) each.frame = [...writer.frame(() => writer.string(each.text, true)).buffers]
    for (const { text, frame } of frames) expect(new Reader(Buffer.concat(frame), 4).string(true)).toBe(text)
  })

  test('a frame that fails leaves nothing behind', () => {
    const writer = new Writer()
    const fail = () => {
      writer.int32(9)
      throw new Error('no')
    }
    expect(() => writer.frame(fail)).toThrow('no')
    expect(Buffer.concat(writer.frame(() => writer.int8(1)).buffers).toString('hex')).toBe('0000000101')
  })
})

describe('reader', () => {
  test.each(['8080808080', 'ffffffff7f', 'ffffffff1f'])('%s is no varint of 32 bits', bytes => {
    expect(() => new Reader(Buffer.from(bytes, 'hex')).uvarint()).toThrow(ProtocolError)
  })

  test('the largest varint', () => {
    expect(new Reader(Buffer.from('ffffffff0f', 'hex')).uvarint()).toBe(0xffff_ffff)
  })
})
