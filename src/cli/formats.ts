// How `varve consume` writes a record.
//   json   one object per line: {topic, partition, offset, timestamp, key, value, headers}. What is not UTF-8 is base64 under
//          another name (keyBase64, valueBase64), so a reader never mistakes one for the other; null is null
//   raw    the value and a newline, byte for byte
//   table  columns for a terminal
//   text   anything with a % or a backslash in it
// Pure. Called by consume.ts.

import { KafkaError } from '../base/errors.ts'
import { printable } from '../base/names.ts'
import type { LogRecord } from '../embedded/types.ts'
import { jsonLine } from './table.ts'
import { timeText } from './text.ts'

type BytesRecord = LogRecord<Uint8Array, Uint8Array>

export interface RecordFormat {
  /** Before the first record. */
  readonly head?: string
  readonly line: (record: BytesRecord) => string | Buffer
}

/** `raw`: a text's fields are bytes as they are. Throws INVALID_ARGUMENT. */
export function chooseFormat(format: string, { raw }: { raw: boolean }): RecordFormat {
  if (format === 'json') return { line: jsonOf }
  if (format === 'raw') return { line: record => Buffer.concat([bytesOf(record.value), newline]) }
  if (format === 'table') return { head: tableHead, line: tableLine }
  if (!/[%\\]/.test(format))
    throw new KafkaError('INVALID_ARGUMENT', {
      message: `"${format}" is not a format: json, raw, table, or a text with fields like '%k %v\\n'`,
    })
  return textFormat(format, raw)
}

const newline = Buffer.from('\n')
const nothing = Buffer.alloc(0)
const lengthMax = Number.POSITIVE_INFINITY

function bytesOf(bytes: Uint8Array | null): Buffer {
  return bytes === null ? nothing : asBuffer(bytes)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// ----------------------------------------------------------------------------------------------------------------- json

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function jsonOf({ topic, partition, offset, timestamp, key, value, headers }: BytesRecord): string {
  const object = {
    topic,
    partition,
    offset,
    timestamp,
    ...payloadFields('key', key),
    ...payloadFields('value', value),
    ...(headers.length === 0
      ? {}
      : { headers: headers.map(([name, content]) => ({ name, ...payloadFields('value', content) })) }),
  }
  return `${jsonLine(object)}\n`
}

/** `{name: text}`, or `{nameBase64: …}` for what is not UTF-8. */
export function payloadFields(name: string, bytes: Uint8Array | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  try {
    return { [name]: utf8.decode(bytes) }
  } catch {
    return { [`${name}Base64`]: asBuffer(bytes).toString('base64') }
  }
}

// ---------------------------------------------------------------------------------------------------------------- table

const tableHead = `${'PARTITION'.padStart(9)}  ${'OFFSET'.padStart(10)}  ${'TIME'.padEnd(24)}  ${'KEY'.padEnd(16)}  VALUE\n`

function tableLine({ partition, offset, timestamp, key, value }: BytesRecord): string {
  const cells = [
    String(partition).padStart(9),
    String(offset).padStart(10),
    timeText(timestamp).padEnd(24),
    (key === null ? '-' : safe(key)).padEnd(16),
    value === null ? '(null)' : safe(value),
  ]
  return `${cells.join('  ').trimEnd()}\n`
}

const safe = (bytes: Uint8Array): string => printable(asBuffer(bytes).toString('utf8'), lengthMax)

// ----------------------------------------------------------------------------------------------------------------- text

type Field = (record: BytesRecord) => Buffer | string

const fields: Readonly<Record<string, Field>> = {
  t: record => record.topic,
  p: record => String(record.partition),
  o: record => String(record.offset),
  T: record => String(record.timestamp),
  k: record => bytesOf(record.key),
  v: record => bytesOf(record.value),
  s: record => bytesOf(record.value),
  h: record => headersText(record),
  K: record => String(record.key === null ? -1 : record.key.length),
  S: record => String(record.value === null ? -1 : record.value.length),
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '0': '\0' }

function textFormat(format: string, raw: boolean): RecordFormat {
  const parts = [...format.matchAll(/%(.|$)|\\(.|$)|[^%\\]+/gsu)].map(([all, field, escaped]): Field => {
    if (field === '%') return () => '%'
    if (field !== undefined) return fieldOf(field)
    if (escaped !== undefined) return () => escapeOf(escaped)
    return () => all
  })
  if (!raw) return { line: record => parts.map(part => text(part(record))).join('') }
  return {
    line: record =>
      Buffer.concat(
        parts.map(part => {
          const piece = part(record)
          return typeof piece === 'string' ? Buffer.from(piece) : piece
        }),
      ),
  }
}

/** Payloads come as bytes and are escaped; our own text is not. */
function text(piece: Buffer | string): string {
  return typeof piece === 'string' ? piece : safe(piece)
}

function headersText({ headers }: BytesRecord): Buffer {
  const pairs = headers.map(([name, value]) => Buffer.concat([Buffer.from(`${name}=`), bytesOf(value)]))
  return Buffer.concat(pairs.flatMap((pair, i) => (i === 0 ? [pair] : [Buffer.from(','), pair])))
}

function fieldOf(letter: string): Field {
  const field = Object.hasOwn(fields, letter) ? fields[letter] : undefined
  if (field !== undefined) return field
  throw new KafkaError('INVALID_ARGUMENT', {
    message: `the format has no field %${letter}: there are ${Object.keys(fields)
      .map(each => `%${each}`)
      .join(' ')} and %%`,
  })
}

function escapeOf(letter: string): string {
  const meant = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
  if (meant !== undefined) return meant
  throw new KafkaError('INVALID_ARGUMENT', {
    message: `the format has no escape \\${letter}: there are \\n \\t \\r \\0 \\\\`,
  })
}
