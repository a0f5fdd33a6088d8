// Lines of a stream as bytes, as many at a time as one chunk holds. Called by produce.ts.
//   1  a line ends at \n, which is not part of it; the last one may end without
//   2  lines are views of their chunk: nothing is copied but what crosses two chunks

const newline = 0x0a

/** Ends early, without an error, when the signal aborts. Never yields an empty array. */
export async function* linesOf(input: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = []
  for await (const chunk of untilAborted(input, signal)) {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const line = chunk.subarray(from, at)
      lines.push(rest.length === 0 ? line : Buffer.concat([...rest, line]))
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0 && !signal.aborted) yield [Buffer.concat(rest)]
}

async function* untilAborted(input: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = input[Symbol.asyncIterator]()
  let abort = (): void => {}
  const aborted = new Promise<undefined>(resolve => {
    abort = () => resolve(undefined)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    while (!signal.aborted) {
      const result = await Promise.race([chunks.next(), aborted])
      if (result === undefined || result.done === true) return
      yield result.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
