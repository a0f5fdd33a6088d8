// A small fixed piece of work, once for each operation that it does on the disk, the power cut right there: recovery keeps
// every promise after each of them, and the order of steps of appends, rolls, checkpoints, retention, creation and deletion
// is right. (The random simulation cuts anywhere; this one leaves no operation out.)

import { expect, test } from 'vitest'
import { runScript } from './storage.ts'
import type { Operation } from './work.ts'

const scripts: Record<string, Operation[]> = {
  'appends, a roll and a checkpoint': [
    'create',
    'wait',
    'burst',
    'idempotent',
    'roll',
    'burst',
    'checkpoint',
    'burst',
    'wait',
  ],
  'a topic is deleted and made again while data is on its way': [
    'create',
    'wait',
    'burst',
    'checkpoint',
    'burst',
    'remove',
    'checkpoint',
    'create',
    'wait',
    'burst',
    'checkpoint',
    'wait',
  ],
  'retention takes segments': [
    'create',
    'wait',
    'burst',
    'roll',
    'burst',
    'roll',
    'burst',
    'wait',
    'retain',
    'burst',
    'retain',
    'wait',
  ],
}

for (const [name, script] of Object.entries(scripts))
  test(`the power may be cut at any operation: ${name}`, { timeout: 60_000 }, async () => {
    for (const seed of process.env.EVERY === undefined ? [11] : [11, 12, 13, 14]) {
      const operations = await runScript(seed, script)
      expect(operations).toBeGreaterThan(60)
      for (let cutAt = 1; cutAt <= operations; cutAt++) await runScript(seed, script, cutAt)
    }
  })
