const FIRST_MS = 1_000
const MOST_MS = 30_000

interface Attempt {
  readonly about: string
  readonly count: number
  readonly dueMs: number
}

/** When to try again: 1, 2, 4 ... 30 s after each try of one thing, and at once when what it is about has changed. */
export interface Attempts {
  isDue(what: string, about: string, nowMs: number): boolean
  tried(what: string, about: string, nowMs: number): void
  /** How often it was tried since it is about this. */
  tries(what: string, about: string): number
  /** Gives someone else the first go: what has not been asked for before is due after this time alone. */
  yield(what: string, about: string, nowMs: number, ms: number): void
  /** It is done: the next try comes at once. */
  clear(what: string): void
  clearAll(): void
  /** Forgets all others. */
  keepIf(isKept: (what: string) => boolean): void
}

export function openAttempts(): Attempts {
  const attempts = new Map<string, Attempt>()
  const of = (what: string, about: string): Attempt | undefined => {
    const attempt = attempts.get(what)
    return attempt?.about === about ? attempt : undefined
  }
  return {
    isDue: (what, about, nowMs) => (of(what, about)?.dueMs ?? nowMs) <= nowMs,
    tried(what, about, nowMs) {
      const count = of(what, about)?.count ?? 0
      attempts.set(what, { about, count: count + 1, dueMs: nowMs + Math.min(FIRST_MS * 2 ** Math.min(count, 10), MOST_MS) })
    },
    tries: (what, about) => of(what, about)?.count ?? 0,
    yield(what, about, nowMs, ms) {
      if (of(what, about) === undefined) attempts.set(what, { about, count: 0, dueMs: nowMs + ms })
    },
    clear: (what) => void attempts.delete(what),
    clearAll: () => attempts.clear(),
    keepIf(isKept) {
      for (const name of attempts.keys()) if (!isKept(name)) attempts.delete(name)
    },
  }
}
