import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { MemoryDisk } from '../../src/platform/memory-disk.ts'
import { NodeDisk } from '../../src/platform/node-disk.ts'
import type { Disk } from '../../src/platform/platform.ts'
import { type DiskUnderTest, diskConformance } from './disk.ts'

diskConformance('the real disk', () => onNode(new NodeDisk()))
diskConformance('the real disk with a socket file', () => onNode(new NodeDisk({ abstractSocket: false })))
diskConformance('the memory disk', () => inMemory(new MemoryDisk()))
diskConformance('the memory disk without crashes', () => inMemory(new MemoryDisk({ crashable: false })))
diskConformance('the memory disk with slow operations', () =>
  inMemory(new MemoryDisk({ io: end => void turn().then(end) })),
)
diskConformance('the memory disk of one life', async () => {
  const memory = new MemoryDisk()
  memory.makeDirectory('/data')
  return inMemory(memory.boot())
})

async function onNode(disk: Disk): Promise<DiskUnderTest> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-disk-'))
  return { disk, directory, end: async () => fs.rmSync(directory, { recursive: true, force: true }) }
}

async function inMemory(disk: Disk): Promise<DiskUnderTest> {
  disk.makeDirectory('/data')
  return { disk, directory: '/data', end: async () => {} }
}
