import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { serve, start, temporaryDirectory, varve, varveProcess } from './varve.ts'

describe.concurrent('varve serve', () => {
  test('shows one screen when it is ready, answers on the port, and SIGTERM stops it in order', async () => {
    const directory = temporaryDirectory()
    const server = await serve(directory)
    expect(await answers(server.port)).toBe(true)
    server.child.kill('SIGTERM')
    const { code, out, err } = await server.ended
    expect(code).toBe(0)
    expect(out).toContain('fsync: an acknowledged record survives a power cut')
    expect(err).toMatch(/INFO {2}stopping because=SIGTERM/)
    const verdict = await varve(['log', 'verify', directory])
    expect(verdict).toMatchObject({ code: 0, out: expect.stringContaining('"isClean":true') })
  })

  test('^C stops it in order and says so with 130; the next start finds a clean stop', async () => {
    const directory = temporaryDirectory()
    const server = await serve(directory)
    server.child.kill('SIGINT')
    expect((await server.ended).code).toBe(130)
    const next = await serve(directory)
    next.child.kill('SIGTERM')
    expect((await next.ended).out).toContain('none needed, the last stop was clean')
  })

  test('a second opener gets a sentence that says who holds the directory, and 4', async () => {
    const directory = temporaryDirectory()
    const server = await serve(directory)
    const pid = server.child.pid
    for (const args of [
      ['serve', '--kafka', '0'],
      ['topic', 'list'],
      ['consume', 'orders'],
    ]) {
      const second = await varveProcess([...args, '--dir', directory])
      expect(second.code).toBe(4)
      expect(second.err).toContain(`in use by pid ${pid} (varve serve)`)
      expect(second.err).toMatch(/^next: .*Kafka port/m)
    }
  })

  test('a port that is taken is 4, with what to do', async () => {
    const server = await serve(temporaryDirectory())
    const second = await varve(['serve', '--dir', temporaryDirectory(), '--kafka', `127.0.0.1:${server.port}`])
    expect(second.code).toBe(4)
    expect(second.err).toContain('choose another port with --kafka')
  })

  test.each(['0.0.0.0:0', '[::]:0', 'broker.example:9092'])(
    'refuses to listen on %s without --insecure',
    async address => {
      const { code, err } = await varve(['serve', '--dir', temporaryDirectory(), '--kafka', address])
      expect(code).toBe(2)
      expect(err).toContain('--insecure')
    },
  )

  test('listens there with --insecure', async () => {
    const running = start(['serve', '--dir', temporaryDirectory(), '--kafka', '0.0.0.0:0', '--insecure'])
    await running.said(/kafka\s+0\.0\.0\.0:\d+/)
  })

  test('a bug ends the process at once, with 1 and its stack on one line', async () => {
    const bug = "process.once('SIGUSR2', () => { throw new Error('a bug\\nin two lines') })"
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` }
    const running = start(['serve', '--dir', temporaryDirectory(), '--kafka', '127.0.0.1:0'], env)
    await running.said(/stop\s+ctrl-c/)
    running.child.kill('SIGUSR2')
    const { code, err } = await running.ended
    expect(code).toBe(1)
    expect(err).toMatch(/^\S+ ERROR a bug: .* stack=.*in two lines.*$/m)
  })

  test('settings: a flag goes before the environment, both are checked, a stranger is named', async () => {
    const directory = temporaryDirectory()
    const wrong = await varve(['serve', '--dir', directory, '--set', 'num.partition=3'])
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "num.partitions"?') })
    const outOfBounds = await varve(['serve', '--dir', directory], { env: { VARVE_NUM_PARTITIONS: '0' } })
    expect(outOfBounds).toMatchObject({ code: 2, err: expect.stringContaining('num.partitions is at least 1') })
    const env = { VARVE_NUM_PARTITIONS: '3', VARVE_LOG_RETENTION_MS: '1000', VARVE_NUM_PARTITION: '9' }
    const made = await varve(['topic', 'create', 'orders', '--dir', directory, '--set', 'num.partitions=5'], { env })
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('"partitions":5') })
    expect(made.err).toContain('VARVE_NUM_PARTITION')
    expect(made.err.match(/not a setting/g)).toHaveLength(1)
  })
})

/** An ApiVersions request of version 0 gets an answer. */
function answers(port: number): Promise<boolean> {
  const request = Buffer.from('0000000a00120000000000070000', 'hex')
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request))
    socket.once('error', reject)
    socket.once('data', answer => {
      socket.destroy()
      resolve(answer.readInt32BE(4) === 7)
    })
  })
}
