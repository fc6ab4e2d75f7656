// What a program in a virtual machine says: `ok WHAT` or `failed WHAT: why`, a line each, read by describeGuest.

/** What did not hold so far. */
export const failures: string[] = []

/** Says whether it holds: a check that gives true, or nothing, holds; anything else is why it does not. */
export async function check(what: string, holds: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  const found = await holds().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
  const seconds = Math.round((performance.now() - started) / 1000)
  const isOk = found === true || found === undefined
  if (!isOk) failures.push(what)
  console.log(isOk ? `ok ${what}` : `failed ${what}: ${why(found)}`)
  if (seconds > 0) console.log(`took ${seconds} s`)
}

/** In one line. */
const why = (found: unknown): string => (typeof found === 'string' ? found.replaceAll('\n', ' | ') : JSON.stringify(found))

/** Says what is being done, for who waits. */
export const progress = (what: string): void => console.log(`... ${what}`)
