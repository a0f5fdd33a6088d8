// The names of the memory disk: directories, and which of their entries a power cut would leave.
//   1  an inode is not its name: an open file outlives remove(), and a name that was never synced can be lost while the
//      bytes behind it were safe
//   2  a change of names (create, rename, remove) is one change: a rename is kept or lost whole, so one of the two names is
//      always there
//   3  syncDirectory makes the changes of that directory durable, in order, with those that they depend on
// Called by memory-disk.ts.

import { FileInode } from './memory-inode.ts'
import type { Dice } from './seeded-random.ts'

export type Inode = FileInode | DirectoryInode

export class DirectoryInode {
  entries = new Map<string, Inode>()
  /** After a power cut these are there for certain, and `entries` begins with them. */
  durable = new Map<string, Inode>()
  modifiedMs = 0
}

interface Entry {
  readonly directory: DirectoryInode
  readonly name: string
  /** undefined: the name goes */
  readonly inode: Inode | undefined
}

interface Change {
  readonly sequence: number
  readonly entries: readonly Entry[]
}

export class Tree {
  root = new DirectoryInode()
  readonly #volatileOnly: boolean
  readonly #parts = new Map<string, readonly string[]>()
  #pending: Change[] = []
  #sequence = 0

  constructor(volatileOnly: boolean) {
    this.#volatileOnly = volatileOnly
  }

  /** Names from the root down; remembered, since a log asks for few paths very often. */
  partsOf(path: string): readonly string[] {
    let parts = this.#parts.get(path)
    if (parts === undefined) {
      if (this.#parts.size > 10_000) this.#parts.clear()
      parts = split(path)
      this.#parts.set(path, parts)
    }
    return parts
  }

  /** undefined if a part of the path is missing or not a directory. */
  find(path: string): Inode | undefined {
    let inode: Inode | undefined = this.root
    for (const name of this.partsOf(path)) {
      if (!(inode instanceof DirectoryInode)) return undefined
      inode = inode.entries.get(name)
    }
    return inode
  }

  change(entries: readonly Entry[]): void {
    for (const { directory, name, inode } of entries) {
      if (inode === undefined) directory.entries.delete(name)
      else directory.entries.set(name, inode)
    }
    if (!this.#volatileOnly) this.#pending.push({ sequence: ++this.#sequence, entries })
  }

  mark(): number {
    return this.#sequence
  }

  commit(directory: DirectoryInode, mark: number): void {
    const directories = new Set([directory])
    const commit = new Set<Change>()
    for (let i = this.#pending.length - 1; i >= 0; i--) {
      const change = this.#pending[i]
      if (change.sequence > mark || !change.entries.some(entry => directories.has(entry.directory))) continue
      commit.add(change)
      for (const entry of change.entries) directories.add(entry.directory)
    }
    for (const change of commit.size === 0 ? [] : this.#pending) if (commit.has(change)) this.#land(change)
    if (commit.size > 0) this.#pending = this.#pending.filter(change => !commit.has(change))
  }

  /** Default: of each directory's changes a prefix is kept. Hostile: any of them. */
  crash({ dice, hostile }: { dice: Dice; hostile: boolean }): void {
    const chance = dice.pick([0, 0.1, 0.5, 0.9, 1])
    const stopped = new Set<DirectoryInode>()
    for (const change of this.#pending) {
      const isAfterStop = !hostile && change.entries.some(entry => stopped.has(entry.directory))
      if (!isAfterStop && dice.chance(chance)) this.#land(change)
      else for (const entry of change.entries) stopped.add(entry.directory)
    }
    this.#pending = []
    if (!this.#volatileOnly) backToDurable(this.root)
  }

  /** Every file that has a name, with its path, in order of names. */
  *files(directory = this.root, path = ''): Generator<[path: string, inode: FileInode]> {
    for (const name of [...directory.entries.keys()].sort()) {
      const inode = directory.entries.get(name)!
      if (inode instanceof FileInode) yield [`${path}/${name}`, inode]
      else yield* this.files(inode, `${path}/${name}`)
    }
  }

  fork(): Tree {
    const copies = new Map<Inode, Inode>()
    const tree = new Tree(this.#volatileOnly)
    tree.root = forkInode(this.root, copies) as DirectoryInode
    tree.#sequence = this.#sequence
    tree.#pending = this.#pending.map(({ sequence, entries }) => ({
      sequence,
      entries: entries.map(({ directory, name, inode }) => ({
        directory: forkInode(directory, copies) as DirectoryInode,
        name,
        inode: inode && forkInode(inode, copies),
      })),
    }))
    return tree
  }

  // A rename whose earlier rename was lost still moves the file: it never has two names.
  #land({ entries }: Change): void {
    const moved = entries.length > 1 ? entries.find(entry => entry.inode !== undefined)?.inode : undefined
    if (moved !== undefined)
      for (const { directory } of entries)
        for (const [name, inode] of directory.durable) if (inode === moved) directory.durable.delete(name)
    for (const { directory, name, inode } of entries) {
      if (inode === undefined) directory.durable.delete(name)
      else directory.durable.set(name, inode)
    }
  }
}

function split(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

function backToDurable(directory: DirectoryInode): void {
  directory.entries = new Map(directory.durable)
  for (const inode of directory.entries.values()) if (inode instanceof DirectoryInode) backToDurable(inode)
}

function forkInode(inode: Inode, copies: Map<Inode, Inode>): Inode {
  const known = copies.get(inode)
  if (known !== undefined) return known
  const copy = inode instanceof FileInode ? inode.fork() : new DirectoryInode()
  copies.set(inode, copy)
  if (inode instanceof DirectoryInode && copy instanceof DirectoryInode) {
    copy.modifiedMs = inode.modifiedMs
    for (const [name, child] of inode.entries) copy.entries.set(name, forkInode(child, copies))
    for (const [name, child] of inode.durable) copy.durable.set(name, forkInode(child, copies))
  }
  return copy
}
