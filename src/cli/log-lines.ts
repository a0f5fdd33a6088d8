// The engine's words as lines on stderr: `10:00:00.123 WARN  connection refused remote=127.0.0.1:5123 reason=max.connections`.
//   1  one event, one line: control characters of messages and facts are escaped
// Made by commands that open a directory.

import type { Logger } from '../base/logger.ts'
import { printable } from '../base/names.ts'
import type { Clock } from '../platform/platform.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export function lineLogger(clock: Clock, write: (line: string) => void, from: LogLevel): Logger {
  const lowest = logLevels.indexOf(from)
  const at =
    (level: LogLevel) =>
    (message: string, facts: Record<string, unknown> = {}): void => {
      if (logLevels.indexOf(level) >= lowest) write(logLine(clock.now(), level, message, facts))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export function logLine(nowMs: number, level: LogLevel, message: string, facts: Record<string, unknown>): string {
  const time = new Date(nowMs).toISOString().slice(11, 23)
  const words = Object.entries(facts).map(([name, value]) => `${name}=${factText(value)}`)
  return [time, level.toUpperCase().padEnd(5), printable(message, 1024), ...words].join(' ')
}

function factText(value: unknown): string {
  const text =
    value instanceof Error ? value.message : typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
  const safe = printable(text, 1024)
  return /[\s"=]/.test(safe) || safe === '' ? JSON.stringify(safe) : safe
}
