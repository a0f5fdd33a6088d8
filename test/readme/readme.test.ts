import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readmePath, withTable } from './settings-table.ts'

const readme = readFileSync(readmePath, 'utf8')
const root = join(import.meta.dirname, '../..')

test('the table of settings is the one that the code has', () => {
  expect(withTable(readme), 'run "npm run readme"').toBe(readme)
})

test('the sixty seconds with the library run as printed', async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const directory = mkdtempSync(join(tmpdir(), 'varve-readme-'))
  try {
    const program = join(directory, 'example.mts')
    writeFileSync(program, example.replace("from 'varve'", `from '${pathToFileURL(join(root, 'src/index.ts'))}'`))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href, program],
      { cwd: directory },
    )
    expect(stdout).toMatch(/^durable: partition \d, offset 0$/m)
    expect(stdout).toMatch(/\{ id: 999, amount: 999 \}/)
    expect(stdout).toMatch(/^kcat -b 127\.0\.0\.1:\d+ -C -t orders -e$/m)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
