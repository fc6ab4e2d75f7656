import { setTimeout } from 'node:timers/promises'

export const wait = (ms: number): Promise<void> => setTimeout(ms)

/** Waits until the condition holds; an error of it counts as no. Throws when it does not within the limit. */
export async function until(what: string, condition: () => Promise<boolean>, limitMs = 60_000): Promise<number> {
  const started = Date.now()
  for (;;) {
    if (await condition().catch(() => false)) return Date.now() - started
    if (Date.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await wait(50)
  }
}
