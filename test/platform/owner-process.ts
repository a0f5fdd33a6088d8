// A process that owns a directory until it is told to stop. Started by node-ownership.test.ts.
//   owner-process.ts <directory> <command> <abstract | file> <staleMs>

import { nodePlatform } from '../../src/platform/node.ts'

const [directory, command, socket, staleMs] = process.argv.slice(2)
const { disk } = nodePlatform({ command, abstractSocket: socket === 'abstract', staleMs: Number(staleMs) })

try {
  const ownership = await disk.own(directory, reason => process.send?.(`lost ${reason}`))
  process.send?.('owned')
  process.on('message', async message => {
    if (message === 'release') {
      await ownership.release()
      process.send?.('released')
    }
    if (message === 'let go') process.disconnect() // nothing else may keep this process alive
  })
} catch (error) {
  process.send?.(`refused ${(error as Error).message}`)
}
