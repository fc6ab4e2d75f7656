import type { Clock } from '../../system/clock.ts'

/** After this time, then twice as long each time. */
const WAIT_MS = { first: 250, most: 4_000 }

/** Cables that have just changed and are not up: they are looked at again soon, before all others are. */
export interface Fresh {
  /** Those whose time has come. */
  due(): ReadonlySet<string>
  /** After a look: takes up the changed ones, forgets those that are not down. Gives the milliseconds until the next are due, Infinity where none are. */
  note(changed: Iterable<string>, isDown: (name: string) => boolean): number
}

export function openFresh(clock: Clock): Fresh {
  let names: ReadonlySet<string> = new Set()
  let waitMs = WAIT_MS.first
  let atMs = 0
  const isDue = (): boolean => names.size > 0 && clock.now() >= atMs
  return {
    due: () => (isDue() ? names : new Set()),
    note(changed, isDown) {
      const more = [...changed]
      const wasDue = isDue()
      if (more.length > 0) waitMs = WAIT_MS.first
      else if (wasDue) waitMs *= 2
      names = waitMs > WAIT_MS.most ? new Set() : new Set([...names, ...more].filter(isDown))
      if (more.length > 0 || wasDue) atMs = clock.now() + waitMs
      return names.size === 0 ? Number.POSITIVE_INFINITY : Math.max(0, atMs - clock.now())
    },
  }
}
