// Produce (0): record batches into partitions.
//   0–2  old message formats; in ApiVersions only (librdkafka before 2.11 takes their absence for "no compression")
//   3    transactional id, record batch v2 (KIP-98)
//   4    KAFKA_STORAGE_ERROR
//   5    log start offset in the answer
//   7    zstd (KIP-110)
//   8    record errors and a message in the answer (KIP-467)
//   9    flexible
//   10   leader hints in the answer (KIP-951)
//   11   TRANSACTION_ABORTABLE (KIP-890)
//   12   adds partitions to the transaction (KIP-890)
//   13   topic ids instead of names (KIP-516)

import { array, int16, int32, int64, records, string, struct, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const produce = api({
  key: 0,
  name: 'Produce',
  versions: '0-13',
  flexible: 9,
  request: {
    transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string({ versions: '0-12' }),
      topicId: uuid({ versions: '13+' }),
      partitionData: array({
        index: int32(),
        records: records({ nullable: '0+' }),
      }),
    }),
  },
  response: {
    responses: array({
      name: string({ versions: '0-12' }),
      topicId: uuid({ versions: '13+' }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ versions: '2+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        recordErrors: array(
          {
            batchIndex: int32({ versions: '8+' }),
            batchIndexErrorMessage: string({ versions: '8+', nullable: '8+', default: null }),
          },
          { versions: '8+', default: [] },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null }),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '10+', default: -1 }),
            leaderEpoch: int32({ versions: '10+', default: -1 }),
          },
          { versions: '10+', tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    nodeEndpoints: array(
      {
        nodeId: int32({ versions: '10+' }),
        host: string({ versions: '10+' }),
        port: int32({ versions: '10+' }),
        rack: string({ versions: '10+', nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0 },
    ),
  },
})
