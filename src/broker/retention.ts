// Retention runs every log.retention.check.interval.ms, and when asked; never twice at once.
// Called by broker.ts.

import type { Timer } from '../platform/platform.ts'
import type { Engine } from './engine.ts'

export class Retention {
  readonly #engine: Engine
  readonly #intervalMs: number
  #timer: Timer | undefined
  #running: Promise<number> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    // Longer than a timer can count is never soon enough to matter.
    this.#intervalMs = Math.min(engine.settings.number('log.retention.check.interval.ms'), 2 ** 31 - 1)
  }

  start(): void {
    this.#timer = this.#engine.platform.clock.after(this.#intervalMs, () => this.#tick())
  }

  /** The next one does not come; resolves when one that runs is done. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#running?.catch(() => {})
  }

  /** Resolves with the bytes that were taken out. */
  run(): Promise<number> {
    this.#running ??= this.#engine.directory
      .retain()
      .then(bytes => {
        this.#engine.logStartMoves++
        this.#engine.metrics.total.retainedBytes += bytes
        return bytes
      })
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }

  async #tick(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#engine.logger.error('retention failed', { error })
    }
    if (this.#timer !== undefined) this.start()
  }
}
