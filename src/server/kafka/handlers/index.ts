// Every API that is served, by name. The types fail unless there is a handler for each message that is written down, and
// unless it reads and writes that message.

import type { Message } from '../../../bytes/codec.ts'
import type { ApiName, apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { produce } from './00-produce.ts'
import { fetch } from './01-fetch.ts'
import { listOffsets } from './02-list-offsets.ts'
import { metadata } from './03-metadata.ts'
import { findCoordinator } from './10-find-coordinator.ts'
import { apiVersions } from './18-api-versions.ts'
import { createTopics } from './19-create-topics.ts'
import { deleteTopics } from './20-delete-topics.ts'
import { initProducerId } from './22-init-producer-id.ts'
import { describeCluster } from './60-describe-cluster.ts'

type FieldsOf<M> = M extends Message<infer F> ? F : never
export type RequestFields<N extends ApiName> = FieldsOf<(typeof apis)[N]['request']>
export type ResponseFields<N extends ApiName> = FieldsOf<(typeof apis)[N]['response']>

export const handlers: { readonly [N in ApiName]: Handler<RequestFields<N>, ResponseFields<N>> } = {
  produce,
  fetch,
  listOffsets,
  metadata,
  findCoordinator,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  describeCluster,
}
