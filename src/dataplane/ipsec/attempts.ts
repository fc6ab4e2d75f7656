import { canonical } from '../../model/canonical.ts'
import type { Cable } from '../cable.ts'

const FIRST_MS = 1_000
const MOST_MS = 30_000

interface Attempt {
  readonly text: string
  readonly count: number
  readonly dueMs: number
}

/** When to try again: 1, 2, 4 ... 30 s after each try of a cable, and at once when anything about it has changed. */
export interface Attempts {
  isDue(cable: Cable, nowMs: number): boolean
  tried(cable: Cable, nowMs: number): void
  /** The cable is up: its next try comes at once. */
  clear(cable: Cable): void
  /** Everything is tried at once: the key is another one. */
  clearAll(): void
  /** Forgets all cables but these. */
  keep(cables: readonly Cable[]): void
}

export function openAttempts(): Attempts {
  const attempts = new Map<string, Attempt>()
  const of = (cable: Cable): Attempt | undefined => {
    const attempt = attempts.get(cable.remote.cable_name)
    return attempt?.text === canonical(cable) ? attempt : undefined
  }
  return {
    isDue: (cable, nowMs) => (of(cable)?.dueMs ?? nowMs) <= nowMs,
    tried(cable, nowMs) {
      const count = of(cable)?.count ?? 0
      const dueMs = nowMs + Math.min(FIRST_MS * 2 ** Math.min(count, 10), MOST_MS)
      attempts.set(cable.remote.cable_name, { text: canonical(cable), count: count + 1, dueMs })
    },
    clear: (cable) => void attempts.delete(cable.remote.cable_name),
    clearAll: () => attempts.clear(),
    keep(cables) {
      const names = new Set(cables.map(({ remote }) => remote.cable_name))
      for (const name of attempts.keys()) if (!names.has(name)) attempts.delete(name)
    },
  }
}
