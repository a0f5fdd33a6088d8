// Fetch (1): record batches out of partitions.
//   4    isolation level, last stable offset, aborted transactions (KIP-98); what was before is gone
//   5    log start offset
//   6    KAFKA_STORAGE_ERROR
//   7    fetch sessions (KIP-227)
//   9    leader epoch (KIP-320)
//   10   zstd (KIP-110)
//   11   rack and preferred replica (KIP-392)
//   12   flexible; last fetched epoch, diverging epoch, current leader (KIP-595)
//   13   topic ids instead of names (KIP-516)
//   14   OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405)
//   15   replica id moves into a tagged field (KIP-903)
//   16   node endpoints (KIP-951)
//   17   directory id of a replica (KIP-853)
//   18   high watermark of a replica (KIP-1166)

import { longMax } from '../../bytes/reader.ts'
import { array, int8, int16, int32, int64, records, string, struct, uuid } from '../../bytes/schema.ts'
import { api } from '../api.ts'

export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: '4-18',
  flexible: 12,
  request: {
    clusterId: string({ versions: '12+', nullable: '12+', default: null, tag: 0 }),
    replicaId: int32({ versions: '0-14', default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ versions: '15+', default: -1 }),
        replicaEpoch: int64({ versions: '15+', default: -1 }),
      },
      { versions: '15+', tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ versions: '3+', default: 0x7fffffff }),
    isolationLevel: int8({ versions: '4+', default: 0 }),
    sessionId: int32({ versions: '7+', default: 0 }),
    sessionEpoch: int32({ versions: '7+', default: -1 }),
    topics: array({
      topic: string({ versions: '0-12' }),
      topicId: uuid({ versions: '13+' }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '9+', default: -1 }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ versions: '17+', tag: 0 }),
        highWatermark: int64({ versions: '18+', default: longMax, tag: 1 }),
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string({ versions: '7-12' }),
        topicId: uuid({ versions: '13+' }),
        partitions: array(int32(), { versions: '7+' }),
      },
      { versions: '7+', default: [] },
    ),
    rackId: string({ versions: '11+', default: '' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16({ versions: '7+', default: 0 }),
    sessionId: int32({ versions: '7+', default: 0 }),
    responses: array({
      topic: string({ versions: '0-12' }),
      topicId: uuid({ versions: '13+' }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ versions: '4+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        divergingEpoch: struct(
          {
            epoch: int32({ versions: '12+', default: -1 }),
            endOffset: int64({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 0 },
        ),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '12+', default: -1 }),
            leaderEpoch: int32({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 1 },
        ),
        snapshotId: struct(
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { versions: '12+', tag: 2 },
        ),
        abortedTransactions: array(
          {
            producerId: int64({ versions: '4+' }),
            firstOffset: int64({ versions: '4+' }),
          },
          { versions: '4+', nullable: '4+' },
        ),
        preferredReadReplica: int32({ versions: '11+', default: -1 }),
        records: records({ nullable: '0+' }),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32({ versions: '16+' }),
        host: string({ versions: '16+' }),
        port: int32({ versions: '16+' }),
        rack: string({ versions: '16+', nullable: '16+', default: null }),
      },
      { versions: '16+', tag: 0 },
    ),
  },
})
