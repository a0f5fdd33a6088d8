// The four doors to the world. Nothing else in src/ touches files, time, chance or sockets, so the whole engine runs in a
// seeded, deterministic simulation (memory-disk.ts, simulated.ts), and users get the same for their own tests.
// Implemented by node-*.ts (real) and memory-*.ts / simulated-*.ts (tests). Contracts below hold for every implementation
// and are held by test/conformance/.

export interface Platform {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
}

// ---------------------------------------------------------------------------------------------------------------- Disk

export interface FileStat {
  readonly bytes: number
  readonly modifiedMs: number
  readonly isDirectory: boolean
}

/** 'read': existing, read-only. 'write': existing, read and write. 'create': must not exist yet, read and write. */
export type OpenMode = 'read' | 'write' | 'create'

/**
 * Files and directories. Every failure is a DiskError with the system's errno. Names become durable only by
 * syncDirectory() of the directory that holds them, bytes only by a sync() that was *called after* the write returned.
 */
export interface Disk {
  /** Of file data that the system is likely to keep in memory: a hint for who reads on which thread. */
  readonly cacheBytes: number
  /** How many syncs may run at once and still leave a thread for the one that everybody waits for. */
  readonly syncsAtOnce: number
  open(path: string, mode: OpenMode): DiskFile
  /** undefined if nothing is there */
  stat(path: string): FileStat | undefined
  /** names only, sorted; [] if the directory is missing */
  list(path: string): string[]
  /** with parents; nothing happens if it exists */
  makeDirectory(path: string): void
  /** replaces `to` if it exists (files) */
  rename(from: string, to: string): void
  /** One small file, at once. */
  remove(path: string): void
  /**
   * A file, or a directory with all below it, through the thread pool: freeing a segment of 1 GiB took 230 ms. Nothing
   * happens if it is missing.
   */
  removeTree(path: string): Promise<void>
  /** The directory that has this name at the time of the call; it may be renamed or removed before the promise settles. */
  syncDirectory(path: string): Promise<void>
  /** bytes free for us on the file system that holds `path` */
  freeBytes(path: string): Promise<number>
  /** bytes of that file system, used or not */
  totalBytes(path: string): Promise<number>
  /**
   * Makes this process the only owner of a data directory, or throws KafkaError DIRECTORY_IN_USE with a sentence that says
   * who holds it. `onLost` is called if ownership is taken away while we live (then appends must stop).
   * May take ten seconds where a lock was left behind by an owner that could be alive elsewhere.
   */
  own(path: string, onLost: (reason: string) => void): Promise<Ownership>
}

export interface Ownership {
  release(): Promise<void>
}

/** An open file. Positional only: there is no cursor and no append mode (a torn append must not be buried). */
export interface DiskFile {
  readonly path: string
  bytes(): number
  /** Synchronous, for warm ranges. Returns the bytes read: fewer than asked only at the end of the file. */
  read(target: Uint8Array, position: number): number
  /** The same through the thread pool, for ranges that may be cold. */
  readLater(target: Uint8Array, position: number): Promise<number>
  /** All of it into the page cache, or a DiskError: a short write is a failure (libuv swallows the reason). */
  write(buffers: readonly Uint8Array[], position: number): void
  /** The same through the thread pool. */
  writeLater(buffers: readonly Uint8Array[], position: number): Promise<void>
  /** Cuts, or grows with zeros. */
  truncate(bytes: number): void
  /**
   * fdatasync: covers every write that returned before this call. After a failure it is never called again in hope: every
   * later sync of this handle rejects with the same error. Syncs that overlap are carried out one after the other.
   */
  sync(): Promise<void>
  /** Calls that are under way end first, on this file. A second close does nothing; any other use afterwards is EBADF. */
  close(): void
}

// --------------------------------------------------------------------------------------------------------------- Clock

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970: for record timestamps and retention only. It may jump. */
  now(): number
  /** Milliseconds from an arbitrary origin that never goes back: for timeouts and durations. */
  monotonic(): number
  /** Calls `fire` once after `delayMs`. It keeps the process alive only if asked to. */
  after(delayMs: number, fire: () => void, options?: { keepsAlive?: boolean }): Timer
  /** Calls `fire` once the events that are already there have been handled (setImmediate). */
  soon(fire: () => void): void
}

// -------------------------------------------------------------------------------------------------------------- Random

export interface Random {
  bytes(count: number): Buffer
  /** 0 ≤ integer < limit */
  below(limit: number): number
}

// ------------------------------------------------------------------------------------------------------------- Network

export interface Network {
  /** Throws (rejects with) an Error with `code` EADDRINUSE, EACCES… as node:net does. Port 0 takes a free one. */
  listen(address: { host: string; port: number }, accept: (connection: Connection) => void): Promise<Listener>
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** No new connections; the ones that live are left to their owner. */
  close(): Promise<void>
}

export interface Connection {
  /** `127.0.0.1:51234`, for log lines */
  readonly remote: string
  /** the address that the client dialled */
  readonly local: { readonly host: string; readonly port: number }
  /** Set once by the owner, before any data flows. */
  handler: ConnectionHandler
  /** Bytes in order. False: the socket's buffer is full, wait for `drained`. The buffers are ours until they are sent. */
  write(buffers: readonly Uint8Array[]): boolean
  /** Bytes that were written and have not left for the kernel. */
  readonly bytesQueued: number
  pause(): void
  resume(): void
  /** After what is queued has been sent. */
  end(): void
  /** At once. */
  destroy(): void
}

export interface ConnectionHandler {
  data(chunk: Buffer): void
  drained(): void
  /** Once, at the end, whatever the reason. */
  closed(error?: Error): void
}
