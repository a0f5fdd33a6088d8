// `varve topic`: what can be done with topics. One file per verb in topic/.

import { Command } from 'commander'
import type { Io } from './io.ts'
import { makeCreate } from './topic/create.ts'
import { makeDelete } from './topic/delete.ts'
import { makeDescribe } from './topic/describe.ts'
import { makeList } from './topic/list.ts'

export function make(io: Io): Command {
  const topic = new Command('topic').description('Create, list, describe and delete topics.')
  for (const makeVerb of [makeCreate, makeList, makeDescribe, makeDelete]) topic.addCommand(makeVerb(io))
  return topic
}
