import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { varve } from './varve.ts'

const commands = [
  ['serve'],
  ['topic', 'create'],
  ['topic', 'list'],
  ['topic', 'describe'],
  ['topic', 'delete'],
  ['produce'],
  ['consume'],
  ['log', 'dump'],
  ['log', 'verify'],
]

describe.concurrent('varve', () => {
  test.each(commands.map(command => [command.join(' '), command] as const))(
    '%s: help has examples',
    async (_, command) => {
      const { code, out, err } = await varve([...command, '--help'])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain(`Examples:\n  varve ${command.join(' ')}`)
    },
  )

  test('help of the whole names every command, and the version is the package’s', async () => {
    const { code, out } = await varve(['--help'])
    expect(code).toBe(0)
    for (const [name] of commands) expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect((await varve(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('what cannot be understood is 2, on stderr, with where help is', async () => {
    const wrong = [
      ['--bogus'],
      ['serve', '--bogus'],
      ['srve'],
      ['topic', 'crate', 'x'],
      ['topic', 'create'],
      ['consume', 'x', '-n', 'many'],
      ['consume', 'x', '-p', '1,,2'],
      ['produce', 'x', 'y', 'z'],
    ]
    for (const args of wrong) {
      const { code, out, err } = await varve(args)
      expect({ code, out }, args.join(' ')).toEqual({ code: 2, out: '' })
      expect(err, args.join(' ')).toContain('--help')
    }
    expect((await varve(['srve'])).err).toContain('Did you mean serve?')
  })

  test('no command needs what another one loads: a file of its own for each', () => {
    const files = readdirSync('src/cli')
    for (const [name] of commands) expect(files).toContain(`${name}.ts`)
  })
})
