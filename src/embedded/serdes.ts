// How values become bytes and back: `text`, `json<T>()`, `msgpack<T>()`, `bytes`, or an object of your own.
//   1  null never reaches a serde: it is a null key, or a tombstone
//   2  decode may throw: the reader's onBadRecord says what happens then
// Re-exported by index.ts; called by encode.ts and record.ts.

import { Packr } from 'msgpackr'

export interface Serde<T> {
  /** Text is written as UTF-8. */
  encode(value: T): Uint8Array | string
  decode(bytes: Buffer): T
}

/** As they are. What is read is a private copy. */
export const bytes: Serde<Uint8Array> = {
  encode: value => value,
  decode: value => value,
}

/** UTF-8. */
export const text: Serde<string> = {
  encode: value => value,
  decode: value => value.toString('utf8'),
}

/** JSON text; `T` is your word for what is in it, it is not checked. */
export function json<T>(): Serde<T> {
  return {
    encode: value => {
      const encoded = JSON.stringify(value)
      // Functions and symbols have no JSON: an error beats a record that cannot be read back.
      if (encoded === undefined) throw new TypeError(`${typeof value} cannot be written as JSON`)
      return encoded
    },
    decode: value => JSON.parse(value.toString('utf8')) as T,
  }
}

// A number while it is exact, else a bigint. Known to msgpackr's reader, unknown to its types.
const int64AsType = 'auto' as unknown as 'number'

/** MessagePack; plain maps, so that any reader understands them. Integers beyond 2^53 come back as bigint. */
export function msgpack<T>(): Serde<T> {
  // No record extension: it compiles code from what it reads, and these bytes may come from anyone.
  const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType })
  return {
    encode: value => Buffer.from(packr.pack(value)),
    decode: value => packr.unpack(value) as T,
  }
}
