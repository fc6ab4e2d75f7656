import type { ServiceText } from '../../discovery/copies/copies.ts'

/**
 * Which services are to be looked at again: those that were begun first, since an import is of no use without what belongs to it; then those that something has
 * happened to; then those that are looked at because it is time.
 */
export interface Marks {
  /** Something has happened. */
  changed(service: ServiceText): void
  /** It is time. */
  due(services: Iterable<ServiceText>): void
  /** The next ones, at most so many, but for these; they are not marked any more. */
  take(most: number, but: ReadonlySet<ServiceText>): readonly ServiceText[]
  readonly size: number
  /** Whether others than these are marked. */
  hasBut(but: ReadonlySet<ServiceText>): boolean
}

/** What one pass has written. */
export interface Written {
  add(service: ServiceText): void
  /** Services that were written so often that the rest is left to the next pass. */
  readonly enough: ReadonlySet<ServiceText>
}

/** An import is written three times: itself, what belongs to it, and its address. Whoever undoes what is written must not keep a pass busy for ever. */
const MOST_WRITTEN = 4

export function openWritten(): Written {
  const times = new Map<ServiceText, number>()
  const enough = new Set<ServiceText>()
  return {
    enough,
    add(service) {
      const count = (times.get(service) ?? 0) + 1
      times.set(service, count)
      if (count >= MOST_WRITTEN) enough.add(service)
    },
  }
}

/** `isBegun` says of which services something was written when they were last looked at. */
export function openMarks(isBegun: (service: ServiceText) => boolean): Marks {
  const begun = new Set<ServiceText>()
  const urgent = new Set<ServiceText>()
  const rest = new Set<ServiceText>()
  return {
    changed(service) {
      rest.delete(service)
      if (isBegun(service)) urgent.delete(service)
      if (!begun.has(service)) (isBegun(service) ? begun : urgent).add(service)
    },
    due(services) {
      for (const service of services) if (!begun.has(service) && !urgent.has(service)) rest.add(service)
    },
    take(most, but) {
      const taken: ServiceText[] = []
      for (const marks of [begun, urgent, rest])
        for (const service of marks) {
          if (taken.length >= most) return taken
          if (but.has(service)) continue
          marks.delete(service)
          taken.push(service)
        }
      return taken
    },
    hasBut: (but) => [begun, urgent, rest].some((marks) => marks.size > but.size || [...marks].some((service) => !but.has(service))),
    get size() {
      return begun.size + urgent.size + rest.size
    },
  }
}
