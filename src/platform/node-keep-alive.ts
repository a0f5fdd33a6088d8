// Timers of our Clock do not keep a process alive, and neither does a wait for new records: a program that only waits would
// end in the middle of it. Called by cli/.

const aLongTimeMs = 2 ** 31 - 1

/** Until the returned function is called the process does not end by itself. */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, aLongTimeMs)
  return () => clearInterval(timer)
}
