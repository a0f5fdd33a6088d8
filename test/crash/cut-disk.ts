// A file system of our own that power can be cut from: a loop device, and the "godown" ioctl that fstests uses. What was not
// synced is gone when it is mounted again. Needs root and a kernel that lets it. Called by power-cut.test.ts.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { freshDirectory } from './broker-process.ts'
import { isInstalled } from './command.ts'

export type FileSystem = 'ext4' | 'xfs'

const imageBytes = { ext4: 512 << 20, xfs: 512 << 20 }
const makers = { ext4: ['mkfs.ext4', '-qF', '-m0'], xfs: ['mkfs.xfs', '-qf'] }

/** X IOR 125 of a 32-bit flag; 2: the file system's own journal is not flushed either. */
const cutProgram = `
import fcntl, os, struct, sys
mount = os.open(sys.argv[1], 0)
print('ready', flush=True)
sys.stdin.readline()
fcntl.ioctl(mount, 0x8004587d, struct.pack('I', 2))
print('cut', flush=True)
`

export class CutDisk {
  readonly directory: string
  readonly #image: string
  #cutter: ChildProcess | undefined

  /** Why power cannot be cut here; undefined if it can. */
  static missing(kind: FileSystem): string | undefined {
    if (process.platform !== 'linux') return 'power cuts need Linux'
    if (process.getuid?.() !== 0) return 'power cuts need root, to mount a file system of their own'
    if (!isInstalled('python3')) return 'power cuts need python3'
    if (!isInstalled(makers[kind][0]) && !fs.existsSync(`/sbin/${makers[kind][0]}`))
      return `there is no ${makers[kind][0]}`
    try {
      const disk = new CutDisk(kind)
      disk.dispose()
      return undefined
    } catch (error) {
      return `a loop device cannot be mounted: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`
    }
  }

  constructor(kind: FileSystem) {
    const home = freshDirectory(`cut-${kind}`)
    this.#image = path.join(home, 'image')
    this.directory = path.join(home, 'mounted')
    fs.mkdirSync(this.directory)
    fs.writeFileSync(this.#image, '')
    fs.truncateSync(this.#image, imageBytes[kind])
    const [maker, ...options] = makers[kind]
    execFileSync(maker, [...options, this.#image], {
      stdio: 'pipe',
      env: { ...process.env, PATH: `${process.env['PATH']}:/sbin` },
    })
    this.mount()
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.directory], { stdio: 'pipe' })
  }

  /** The process that will cut, so that nothing but one line lies between the order and the cut. */
  async arm(): Promise<void> {
    this.#cutter = spawn('python3', ['-c', cutProgram, this.directory], { stdio: ['pipe', 'pipe', 'inherit'] })
    await this.#says('ready')
  }

  async cut(): Promise<void> {
    const cutter = this.#cutter as ChildProcess
    const gone = new Promise(resolve => cutter.once('close', resolve))
    const said = this.#says('cut')
    cutter.stdin?.write('now\n')
    await said
    await gone
  }

  /** After everyone who had files open is gone. */
  remount(): void {
    execFileSync('umount', [this.directory], { stdio: 'pipe' })
    this.mount()
  }

  dispose(): void {
    execFileSync('umount', ['-l', this.directory], { stdio: 'pipe' })
  }

  #says(word: string): Promise<void> {
    const cutter = this.#cutter as ChildProcess
    return new Promise((resolve, reject) => {
      cutter.once('error', reject)
      cutter.once('close', () => reject(new Error(`the cutter ended before it said "${word}"`)))
      cutter.stdout?.on('data', chunk => {
        if (String(chunk).includes(word)) resolve()
      })
    })
  }
}
