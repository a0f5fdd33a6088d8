// One file of the memory disk, without its name.
//   content   what a read sees: the page cache
//   durable   what a power cut cannot take
//   pending   the writes and truncations between the two, in order
//   1  durable changes only by commit() (a sync that succeeded), lose() (one that failed) and crash()
//   2  a commit covers the changes made before the sync was called, and nothing later
//   3  after lose() the lost bytes are still readable and no later sync brings them back: the kernel marked the pages clean
// Called by memory-disk.ts and memory-file.ts.

import { SparseBytes } from './memory-bytes.ts'
import type { Dice } from './seeded-random.ts'

/** A write of `bytes` at `position` (data undefined: zeros), or, with position −1, a truncation to `bytes`. */
interface Change {
  readonly sequence: number
  readonly position: number
  readonly bytes: number
  readonly data: Buffer | undefined
}

const truncation = -1
const piecesMax = 4096
const keepChances = [0, 0.1, 0.5, 0.5, 0.9, 1]

export class FileInode {
  content = new SparseBytes()
  modifiedMs = 0
  /** Grows with every failed sync: each handle that was open then has an error to report. */
  syncErrors = 0
  readonly #volatileOnly: boolean
  #durable = new SparseBytes()
  #pending: Change[] = []
  #sequence = 0
  #diverged = false

  /** `volatileOnly`: nothing is kept for a crash; half the memory and a third of the copying. */
  constructor(volatileOnly: boolean) {
    this.#volatileOnly = volatileOnly
  }

  /** The inode keeps `data`; undefined: `bytes` zeros. */
  write(data: Buffer | undefined, bytes: number, position: number): void {
    if (data === undefined) this.content.writeZeros(bytes, position)
    else this.content.write(data, position)
    if (!this.#volatileOnly) this.#pending.push({ sequence: ++this.#sequence, position, bytes, data })
  }

  truncate(bytes: number): void {
    this.content.truncate(bytes)
    if (!this.#volatileOnly)
      this.#pending.push({ sequence: ++this.#sequence, position: truncation, bytes, data: undefined })
  }

  /** Where the file is now, for a later commit or lose. */
  mark(): number {
    return this.#sequence
  }

  commit(mark: number): void {
    for (const change of this.#take(mark)) apply(this.#durable, change)
  }

  /** A failed sync: some pieces may have landed before the error (with dice), the rest never will. */
  lose(mark: number, dice: Dice | undefined): void {
    this.syncErrors++
    this.#diverged = true
    const lost = this.#take(mark)
    if (dice !== undefined) land(this.#durable, lost, { dice, hostile: false })
  }

  /** Power is back: what is there now is what the medium had. */
  crash(options: { dice: Dice; hostile: boolean }): void {
    if (this.#pending.length === 0 && !this.#diverged) return
    land(this.#durable, this.#take(this.#sequence), options)
    this.content = this.#durable.fork()
    this.#diverged = false
  }

  /** At rest: under everybody's feet, on the medium and in the cache. */
  corrupt(data: Buffer, position: number): void {
    this.content.write(data, position)
    if (position + data.byteLength <= this.#durable.bytes) this.#durable.write(data, position)
  }

  /** How many bytes of the file no power cut can take (the size; pending writes inside it aside). */
  get durableBytes(): number {
    return this.#volatileOnly ? this.content.bytes : this.#durable.bytes
  }

  fork(): FileInode {
    const copy = new FileInode(this.#volatileOnly)
    copy.content = this.content.fork()
    copy.modifiedMs = this.modifiedMs
    copy.syncErrors = this.syncErrors
    copy.#durable = this.#durable.fork()
    copy.#pending = [...this.#pending]
    copy.#sequence = this.#sequence
    copy.#diverged = this.#diverged
    return copy
  }

  #take(mark: number): Change[] {
    const pending = this.#pending
    let count = 0
    while (count < pending.length && pending[count].sequence <= mark) count++
    if (count === pending.length) this.#pending = []
    else this.#pending = pending.slice(count)
    return count === pending.length ? pending : pending.slice(0, count)
  }
}

function apply(target: SparseBytes, change: Change): void {
  if (change.position === truncation) target.truncate(change.bytes)
  else if (change.data === undefined) target.writeZeros(change.bytes, change.position)
  else target.write(change.data, change.position)
}

/**
 * What an unlucky end of `changes` leaves behind. Sizes and data go to the medium on their own ways: the size is that after
 * some prefix of the changes; every sector of every write is there or not by itself. A lost piece shows what was there
 * before, zeros or garbage where nothing was. Hostile: an older piece may land after a newer one.
 */
function land(target: SparseBytes, changes: Change[], { dice, hostile }: { dice: Dice; hostile: boolean }): void {
  if (changes.length === 0) return
  const sizesKept = dice.below(changes.length + 1)
  const bytes = sizeAfter(target.bytes, changes, sizesKept)
  const synced = target.bytes
  const chance = dice.pick(keepChances)
  const sector = dice.chance(0.5) ? 512 : 4096
  const pieces = changes.flatMap((change, i) =>
    change.position === truncation ? (i < sizesKept ? [change] : []) : split(change, sector),
  )
  if (hostile && !pieces.some(piece => piece.position === truncation)) dice.shuffle(pieces)
  for (const piece of pieces) {
    if (piece.position === truncation || dice.chance(chance)) apply(target, piece)
    else if (piece.position >= synced && dice.chance(0.3)) apply(target, garbage(piece, dice))
  }
  target.truncate(bytes)
}

function sizeAfter(bytes: number, changes: Change[], count: number): number {
  for (let i = 0; i < count; i++) {
    const change = changes[i]
    bytes = change.position === truncation ? change.bytes : Math.max(bytes, change.position + change.bytes)
  }
  return bytes
}

function split(change: Change, sector: number): Change[] {
  while (change.bytes / sector > piecesMax) sector *= 8
  const pieces: Change[] = []
  const end = change.position + change.bytes
  for (let at = change.position; at < end; ) {
    const next = Math.min(end, (Math.floor(at / sector) + 1) * sector)
    const data = change.data?.subarray(at - change.position, next - change.position)
    pieces.push({ sequence: change.sequence, position: at, bytes: next - at, data })
    at = next
  }
  return pieces
}

function garbage(piece: Change, dice: Dice): Change {
  return { ...piece, data: dice.bytes(piece.bytes) }
}
