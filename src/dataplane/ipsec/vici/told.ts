import type { Clock } from '../../../system/clock.ts'

/** Events of one change come close together; they make one look. */
const GATHER_MS = 10

/** What events have named and nobody has looked at since. */
export interface Told {
  /** A look comes shortly. */
  add(name: string): void
  /** A look comes after this time. */
  later(names: Iterable<string>, ms: number): void
}

/** Calls back, once for the events of one change, with what they named. */
export function openTold(clock: Clock, signal: AbortSignal, look: (names: ReadonlySet<string>) => void): Told {
  let names = new Set<string>()
  const take = (): void => {
    const taken = names
    names = new Set()
    if (!signal.aborted && taken.size > 0) look(taken)
  }
  return {
    add(name) {
      if (names.size === 0) void clock.sleep(GATHER_MS, signal).then(take)
      names.add(name)
    },
    later(them, ms) {
      const later = new Set(them)
      void clock.sleep(ms, signal).then(() => signal.aborted || look(later))
    },
  }
}
