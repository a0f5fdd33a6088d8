// Headers, and the old versions that Kafka 4 no longer has, byte by byte.

import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import {
  encodeRequest,
  encodeResponse,
  readClientId,
  readRequestHead,
  readResponseHeader,
} from '../../src/protocol/headers.ts'
import { apis } from '../../src/protocol/messages/index.ts'

const hex = ({ buffers }: { buffers: readonly Buffer[] }) => Buffer.concat(buffers).toString('hex')

describe('headers', () => {
  test('request v1 has a client id, v2 also tags, and the client id keeps its old form', () => {
    const given = { correlationId: 7, clientId: 'ab', request: { topics: null } }
    expect(hex(encodeRequest(new Writer(), apis.metadata, { ...given, version: 1 }))).toBe(
      `00000010${'0003'}${'0001'}${'00000007'}${'00026162'}${'ffffffff'}`,
    )
    expect(hex(encodeRequest(new Writer(), apis.metadata, { ...given, version: 9 }))).toBe(
      `00000012${'0003'}${'0009'}${'00000007'}${'00026162'}${'00'}${'00'}${'01'}${'00'}${'00'}${'00'}`,
    )
  })

  test('a client id may be null, and unknown tags are skipped', () => {
    const reader = new Reader(Buffer.from(`00030009${'00000007'}ffff${'0105'}${'02aabb'}99`, 'hex'))
    expect(readRequestHead(reader)).toEqual({ key: 3, version: 9, correlationId: 7 })
    expect(readClientId(reader, true)).toBeNull()
    expect(reader.remaining).toBe(1)
  })

  test('response v1 has tags, but ApiVersions always answers with v0', () => {
    const answer = { correlationId: 7, response: { errorCode: 0, apiKeys: [] } }
    expect(hex(encodeResponse(new Writer(), apis.apiVersions, { ...answer, version: 3 }))).toBe(
      `0000000c${'00000007'}${'0000'}${'01'}${'00000000'}${'00'}`,
    )
    const produced = { correlationId: 7, response: { responses: [] } }
    const bytes = hex(encodeResponse(new Writer(), apis.produce, { ...produced, version: 9 }))
    expect(bytes).toBe(`0000000b${'00000007'}${'00'}${'01'}${'00000000'}${'00'}`)
    expect(
      readResponseHeader(new Reader(Buffer.from(bytes, 'hex'), 4), { api: apis.produce as never, version: 9 }),
    ).toBe(7)
  })
})

describe('versions from before Kafka 4', () => {
  const body = (write: (writer: Writer) => void) => {
    const writer = new Writer()
    write(writer)
    return hex(writer.take())
  }
  const topic = '00000001' + '000174'

  test('ListOffsets v0 asks for a number of offsets and gets a list', () => {
    const asked = apis.listOffsets.request.decode(
      new Reader(Buffer.from(`ffffffff${topic}00000001${'00000002'}${'ffffffffffffffff'}${'00000005'}`, 'hex')),
      0,
    )
    expect(asked.topics[0].partitions[0]).toMatchObject({ partitionIndex: 2, timestamp: -1, maxNumOffsets: 5 })
    const told = body(w =>
      apis.listOffsets.response.encode(
        w,
        { topics: [{ name: 't', partitions: [{ partitionIndex: 2, errorCode: 0, oldStyleOffsets: [9, 0] }] }] },
        0,
      ),
    )
    expect(told).toBe(`${topic}00000001${'00000002'}${'0000'}${'00000002'}${'0000000000000009'}${'0000000000000000'}`)
  })

  test('CreateTopics v0 has neither validateOnly nor messages', () => {
    const asked = `${topic}${'00000003'}${'0001'}${'00000000'}${'00000000'}${'000003e8'}`
    const request = apis.createTopics.request.decode(new Reader(Buffer.from(asked, 'hex')), 0)
    expect(request).toMatchObject({ timeoutMs: 1000, validateOnly: false, topics: [{ name: 't', numPartitions: 3 }] })
    const result = { name: 't', topicId: '', errorCode: 36, errorMessage: 'x', configs: [] }
    expect(body(w => apis.createTopics.response.encode(w, { topics: [result] }, 0))).toBe(`${topic}0024`)
    expect(body(w => apis.createTopics.response.encode(w, { topics: [result] }, 1))).toBe(`${topic}0024000178`)
  })

  test('DeleteTopics v0 answers without throttle time', () => {
    const result = { name: 't', topicId: '', errorCode: 3 }
    expect(body(w => apis.deleteTopics.response.encode(w, { responses: [result] }, 0))).toBe(`${topic}0003`)
  })

  test('Produce v0 and v2 answers', () => {
    const partition = { index: 1, errorCode: 0, baseOffset: 5 }
    const answer = { responses: [{ name: 't', topicId: '', partitionResponses: [partition] }] }
    const common = `${topic}00000001${'00000001'}${'0000'}${'0000000000000005'}`
    expect(body(w => apis.produce.response.encode(w, answer, 0))).toBe(common)
    expect(body(w => apis.produce.response.encode(w, answer, 2))).toBe(`${common}${'ffffffffffffffff'}${'00000000'}`)
  })
})
