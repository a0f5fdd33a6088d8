// Writes past the file size limit it was started under (ulimit -f). Started by node-disk.test.ts.

import { DiskError } from '../../src/base/errors.ts'
import { NodeDisk } from '../../src/platform/node-disk.ts'

process.on('SIGXFSZ', () => {}) // Node ignores it; the loader that runs this file takes that back

const file = new NodeDisk().open(process.argv[2], 'create')
const buffers = [Buffer.alloc(12 << 20), Buffer.alloc(12 << 20)] // more than the 20 MiB that the test allows

const say = (when: string, error: unknown): void => {
  const text = error instanceof DiskError ? `${error.errno} ${error.message.split(':')[0]}` : `no DiskError: ${error}`
  console.log(`${when}: ${text}`)
}

try {
  file.write(buffers, 0)
  say('now', 'the write went through')
} catch (error) {
  say('now', error)
}
await file.writeLater(buffers, 0).then(
  () => say('later', 'the write went through'),
  error => say('later', error),
)
