/** Lets so much work run at the same time; the rest waits its turn. */
export function openGate(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The place is handed on: whoever comes in between waits.
      if (next === undefined) running -= 1
      else next()
    }
  }
}
