// The shape of src/: who may import whom, who may touch the world, and that files stay small enough to be read.
// Drawn in src/README.md; the reasons are there.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'
import { expect, test } from 'vitest'

const source = resolve(import.meta.dirname, '../src')

/** A folder imports from itself and from these. `server` and `client` are reached by index.ts and embedded/ at run time only. */
const below: Readonly<Record<string, readonly string[]>> = {
  base: [],
  platform: ['base'],
  bytes: ['base'],
  records: ['base', 'bytes'],
  log: ['base', 'platform', 'bytes', 'records'],
  broker: ['base', 'platform', 'bytes', 'records', 'log'],
  protocol: ['base', 'bytes'],
  embedded: ['base', 'platform', 'bytes', 'records', 'log', 'broker'],
  server: ['base', 'platform', 'bytes', 'records', 'log', 'broker', 'protocol'],
  client: ['base', 'platform', 'bytes', 'records', 'protocol', 'embedded'],
  cli: ['base', 'platform', 'bytes', 'records', 'log', 'broker', 'protocol', 'embedded', 'server', 'client'],
}

/** Loaded when it is wanted, never before. */
const lazily: Readonly<Record<string, readonly string[]>> = { embedded: ['server'] }

const linesMax = 500

interface SourceFile {
  readonly path: string
  readonly folder: string
  readonly text: string
}

const files: SourceFile[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(path => /\.[cm]?ts$/.test(path) && !path.endsWith('.d.ts'))
  .sort()
  .map(path => ({ path, folder: path.split('/')[0], text: readFileSync(join(source, path), 'utf8') }))

test('a folder imports only from the folders below it', () => {
  const wrong: string[] = []
  for (const file of files) {
    const allowed = below[file.folder]
    if (allowed === undefined) continue // index.ts and testing.ts: re-exports of whatever is public
    for (const { to, isLazy } of importsOf(file)) {
      const isAllowed = to === file.folder || allowed.includes(to) || (isLazy && lazily[file.folder]?.includes(to))
      if (!isAllowed) wrong.push(`${file.path} imports from ${to}/`)
    }
  }
  expect(wrong).toEqual([])
})

test('every folder has its place in the layers and its name in src/README.md', () => {
  const folders = readdirSync(source, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
  expect(folders.filter(folder => below[folder] === undefined)).toEqual([])
  const readme = readFileSync(join(source, 'README.md'), 'utf8')
  expect(folders.filter(folder => !readme.includes(`${folder}/`))).toEqual([])
})

test('only platform/ touches files, sockets, time and chance', () => {
  const doors: readonly (readonly [RegExp, string])[] = [
    [
      /from '(node:)?(fs|net|dgram|tls|http|https|os|dns|child_process|worker_threads|timers|perf_hooks)(\/[^']*)?'/,
      'a module of the world',
    ],
    [
      /\bimport\('(node:)?(fs|net|dgram|tls|http|https|os|dns|child_process|worker_threads|timers|perf_hooks)/,
      'a module of the world',
    ],
    [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'a clock'],
    [/\bMath\.random\(|\brandom(Bytes|Int|UUID|FillSync)\(|\bgetRandomValues\(/, 'chance'],
    [/\b(setTimeout|setInterval|setImmediate)\(|\bprocess\.nextTick\(/, 'a timer'],
  ]
  const wrong: string[] = []
  for (const { path, folder, text } of files) {
    if (folder === 'platform') continue
    const code = withoutComments(text)
    for (const [pattern, what] of doors) {
      const found = pattern.exec(code)
      if (found !== null) wrong.push(`${path} touches ${what}: ${found[0]}`)
    }
  }
  expect(wrong).toEqual([])
})

test(`no file is longer than ${linesMax} lines, and each begins with what it is`, () => {
  const long = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  expect(long.filter(({ lines }) => lines > linesMax)).toEqual([])
  expect(files.filter(({ text }) => !/^(#!.*\n)?\/\//.test(text)).map(({ path }) => path)).toEqual([])
})

function importsOf({ path, text }: SourceFile): { to: string; isLazy: boolean }[] {
  const statics = [...text.matchAll(/\bfrom '(\.[^']+)'/g)].map(([, to]) => ({ to, isLazy: false }))
  const lazy = [...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, to]) => ({ to, isLazy: true }))
  return [...statics, ...lazy].map(({ to, isLazy }) => ({
    to: normalize(join(dirname(path), to)).split('/')[0],
    isLazy,
  }))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, '')
}
