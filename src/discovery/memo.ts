// What was made of the same things before need not be made again: a change among thousands of services costs little more than one among ten.

/** Whether two lists hold the very same items. */
export const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i])

/** A memory of one value for each key, kept as long as the key is asked for in every round. */
export interface Memo<T> {
  /** The value as it was made of these sources, or made of them now. */
  get(key: string, sources: readonly unknown[], make: () => T): T
  /** Ends a round: what was not asked for in it is forgotten. */
  next(): void
}

export function openMemo<T>(): Memo<T> {
  let known = new Map<string, { readonly sources: readonly unknown[]; readonly value: T }>()
  let now: typeof known = new Map()
  return {
    get(key, sources, make) {
      const before = known.get(key)
      const kept = before !== undefined && sameItems(before.sources, sources) ? before : { sources, value: make() }
      now.set(key, kept)
      return kept.value
    },
    next() {
      known = now
      now = new Map()
    },
  }
}
