// What goes wrong on the memory disk, and when: a table of faults, each for some calls on some paths.
// Called by memory-disk.ts and memory-file.ts before every operation.

export type DiskOperation =
  | 'open'
  | 'stat'
  | 'list'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'makeDirectory'
  | 'rename'
  | 'remove'
  | 'removeTree'
  | 'syncDirectory'
  | 'freeBytes'
  | 'own'

export interface Fault {
  readonly on: DiskOperation
  /** Which paths: a part of it, or an expression. All, if missing. */
  readonly path?: string | RegExp
  /** The first call that fails, counted from now on: 1 is the next one. */
  readonly nth?: number
  /** How many calls in a row fail. 1: once, then all is well; Infinity: from then on. */
  readonly times?: number
  /** EIO if missing */
  readonly errno?: string
  /** It never ends, for what a real disk does in the thread pool. */
  readonly hangs?: boolean
  /** For a write: so much of it goes into the page cache before it fails. */
  readonly bytesWritten?: number
}

/** Thrown inside the disk by an operation that hangs: whoever waits hears nothing. */
export const hang = Symbol('hang')

export interface ArmedFault {
  /** How often it struck. */
  readonly hits: number
  disarm(): void
}

export class Faults {
  readonly #armed = new Set<Armed>()

  arm(fault: Fault): ArmedFault {
    const armed = new Armed(fault, () => this.#armed.delete(armed))
    this.#armed.add(armed)
    return armed
  }

  /** The fault that strikes this call, if one does. */
  strike(on: DiskOperation, path: string): Fault | undefined {
    if (this.#armed.size === 0) return undefined
    let struck: Fault | undefined
    for (const armed of this.#armed) if (armed.strikes(on, path)) struck ??= armed.fault
    return struck
  }
}

class Armed implements ArmedFault {
  readonly fault: Fault
  readonly disarm: () => void
  hits = 0
  #calls = 0

  constructor(fault: Fault, disarm: () => void) {
    this.fault = fault
    this.disarm = disarm
  }

  strikes(on: DiskOperation, path: string): boolean {
    const { on: kind, path: pattern, nth = 1, times = 1 } = this.fault
    if (on !== kind) return false
    if (pattern !== undefined && !(typeof pattern === 'string' ? path.includes(pattern) : pattern.test(path)))
      return false
    this.#calls++
    if (this.#calls < nth || this.#calls >= nth + times) return false
    this.hits++
    return true
  }
}
