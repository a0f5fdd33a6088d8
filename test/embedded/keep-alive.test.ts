import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const url = (path: string): string => pathToFileURL(join(root, path)).href

test('a program that only follows waits for the next record instead of ending', async () => {
  const program = `
    const { open, text } = await import('${url('src/index.ts')}')
    const { memoryPlatform } = await import('${url('src/testing.ts')}')
    const log = await open('/log', { platform: memoryPlatform() })
    const topic = await log.topic('t', { value: text })
    setTimeout(() => topic.append({ value: 'late' }), 400).unref()
    for await (const record of topic.read({ follow: true })) { console.log(record.value); break }
    await log.close()
  `
  const args = ['--import', url('node_modules/tsx/dist/loader.mjs'), '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(stdout).toBe('late\n')
})
