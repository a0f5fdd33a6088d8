// Every API that is written down, by name. A new one is a file beside this and a line here; the table of handlers in
// server/kafka/handlers/ does not compile until it has a row for it.

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

export const apis = {
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

export type ApiName = keyof typeof apis
