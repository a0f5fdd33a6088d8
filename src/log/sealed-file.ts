// The envelope of our own small files (manifest, producer windows, owner marks): whole and checked, or not there.
//   0 magic (8 bytes) · 8 version u32 · 12 CRC-32C of everything behind it · 16 body length u32 · 20 body (MessagePack)
// The version is read before the checksum, so a newer file reads as newer, never as corrupt. Bytes behind the body are
// ignored: a slot that is rewritten in place may be shorter than what it held before.
// Called by manifest.ts and producer-snapshot.ts.

import { Packr } from 'msgpackr'
import { KafkaError } from '../base/errors.ts'
import { crc32c } from '../bytes/crc32c.ts'
import type { Disk } from '../platform/platform.ts'

const headBytes = 20
const packr = new Packr({ useRecords: false, int64AsType: 'number' })

export interface SealedKind {
  /** Eight ASCII characters. */
  readonly magic: string
  readonly version: number
  /** For the sentence that refuses a newer one. */
  readonly noun: string
}

export function encodeSealed(kind: SealedKind, body: unknown): Buffer {
  const packed = packr.pack(body)
  const bytes = Buffer.allocUnsafe(headBytes + packed.length)
  bytes.write(kind.magic, 0, 8, 'latin1')
  bytes.writeUInt32BE(kind.version, 8)
  bytes.writeUInt32BE(packed.length, 16)
  packed.copy(bytes, headBytes)
  bytes.writeUInt32BE(crc32c(bytes.subarray(16)), 12)
  return bytes
}

/** The body, or undefined if the bytes are not a whole file of this kind. Throws NEWER_FORMAT. */
export function decodeSealed(kind: SealedKind, bytes: Buffer, path: string): unknown {
  if (bytes.length < headBytes || bytes.toString('latin1', 0, 8) !== kind.magic) return undefined
  const version = bytes.readUInt32BE(8)
  // A version is a small number; a large one is a damaged one.
  if (version > kind.version && version < 1000)
    throw new KafkaError('NEWER_FORMAT', {
      message: `${kind.noun} was written by a newer Varve; use that one`,
      path,
      version,
    })
  const bodyBytes = bytes.readUInt32BE(16)
  if (headBytes + bodyBytes > bytes.length) return undefined
  if (crc32c(bytes.subarray(16, headBytes + bodyBytes)) !== bytes.readUInt32BE(12)) return undefined
  try {
    return packr.unpack(bytes.subarray(headBytes, headBytes + bodyBytes))
  } catch {
    return undefined
  }
}

/** All bytes of a small file, or undefined if there is none. */
export function readWhole(disk: Disk, path: string): Buffer | undefined {
  if (disk.stat(path) === undefined) return undefined
  const file = disk.open(path, 'read')
  try {
    const bytes = Buffer.alloc(file.bytes())
    return bytes.subarray(0, file.read(bytes, 0))
  } finally {
    file.close()
  }
}

/**
 * Makes a small file durable as it reads now. Written again first: after a failed sync and a kill the page cache may have
 * bytes that the disk lacks and that no sync would write.
 */
export async function confirmFile(disk: Disk, path: string): Promise<void> {
  const bytes = readWhole(disk, path)
  if (bytes === undefined) return
  const file = disk.open(path, 'write')
  try {
    file.write([bytes], 0)
    await file.sync()
  } finally {
    file.close()
  }
}

/** Replaces a small file as a whole: temporary file, sync, rename, directory sync. A crash leaves the old or the new one. */
export async function replaceFile(disk: Disk, directory: string, name: string, bytes: Buffer): Promise<void> {
  const temporary = `${directory}/${name}.tmp`
  if (disk.stat(temporary) !== undefined) disk.remove(temporary)
  const file = disk.open(temporary, 'create')
  try {
    file.write([bytes], 0)
    await file.sync()
  } finally {
    file.close()
  }
  disk.rename(temporary, `${directory}/${name}`)
  await disk.syncDirectory(directory)
}
