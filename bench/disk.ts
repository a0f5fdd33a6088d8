// The raw rate of the disk, measured beside everything else: what no broker can beat. 1 MiB writes with a sync after each,
// and 4 KiB appends with a sync after each, into preallocated space and into a file that grows.
// Called by run.ts and by hand: npx tsx bench/disk.ts [DIR]

import { closeSync, fdatasync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, pattern, percentile } from './numbers.ts'

const sync = promisify(fdatasync)

export interface DiskRate {
  readonly largeMegabytesPerSecond: number
  readonly appendMs: { readonly p50: number; readonly p99: number }
  readonly growingAppendMs: { readonly p50: number; readonly p99: number }
}

/** About two seconds. `dir` must exist; nothing stays in it. */
export async function measureDisk(dir: string): Promise<DiskRate> {
  const scratch = mkdtempSync(join(dir, 'disk-'))
  try {
    const large = await appends(join(scratch, 'large'), { bytes: 1 << 20, count: 256, preallocate: true })
    const small = await appends(join(scratch, 'small'), { bytes: 4096, count: 2000, preallocate: true })
    const growing = await appends(join(scratch, 'growing'), { bytes: 4096, count: 2000, preallocate: false })
    return {
      largeMegabytesPerSecond: 1048.576 / median(large),
      appendMs: { p50: median(small), p99: percentile(small, 0.99) },
      growingAppendMs: { p50: median(growing), p99: percentile(growing, 0.99) },
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Milliseconds of each write and its sync. */
async function appends(
  path: string,
  { bytes, count, preallocate }: { bytes: number; count: number; preallocate: boolean },
): Promise<number[]> {
  const payload = pattern(bytes)
  const fd = openSync(path, 'w')
  if (preallocate) for (let at = 0; at < count; at++) writeSync(fd, Buffer.alloc(bytes), 0, bytes, at * bytes)
  fsyncSync(fd)
  const took: number[] = []
  for (let at = 0; at < count; at++) {
    const start = performance.now()
    writeSync(fd, payload, 0, bytes, at * bytes)
    await sync(fd)
    took.push(performance.now() - start)
  }
  closeSync(fd)
  return took
}

if (process.argv[1] === import.meta.filename) console.log(await measureDisk(process.argv[2] ?? '.'))
