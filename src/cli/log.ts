// `varve log`: the files of a data directory, offline. One file per verb in log/.

import { Command } from 'commander'
import type { Io } from './io.ts'
import { makeDump } from './log/dump.ts'
import { makeVerify } from './log/verify.ts'

export function make(io: Io): Command {
  const log = new Command('log').description(
    'Look at the files of a data directory. Nothing is changed, no lock is needed.',
  )
  for (const makeVerb of [makeDump, makeVerify]) log.addCommand(makeVerb(io))
  return log
}
