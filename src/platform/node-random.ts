// Real chance, good enough for ids and salts.

import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from './platform.ts'

export class NodeRandom implements Random {
  bytes(count: number): Buffer {
    return randomBytes(count)
  }

  below(limit: number): number {
    return randomInt(limit)
  }
}
