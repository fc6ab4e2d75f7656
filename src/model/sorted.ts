// Lists that are kept in order: they are compared in step, and searched by halves, without a table of what is in them.
import type { Diff } from './diff.ts'

/** Index of the first item for which `isBefore` no longer holds; the items are sorted by it. */
export function lowerBound<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    const item = items[middle]
    if (item !== undefined && isBefore(item)) low = middle + 1
    else high = middle
  }
  return low
}

export interface Order<T> {
  /** Negative, 0 or positive; 0 for items of one place. No two items of a list stand in one place. */
  compare(a: T, b: T): number
  /** Whether two items of one place are alike. */
  isSame(a: T, b: T): boolean
}

/** What turns one list into the other, both being in this order. An item in the place of another one is put and drops nothing. */
export function diffSorted<T>(before: readonly T[], after: readonly T[], { compare, isSame }: Order<T>): Diff<T> {
  const put: T[] = []
  const drop: T[] = []
  for (let [i, j] = [0, 0]; i < before.length || j < after.length; ) {
    const [old, now] = [before[i], after[j]]
    const order = old === undefined ? 1 : now === undefined ? -1 : compare(old, now)
    if (old !== undefined && order < 0) drop.push(old)
    else if (now !== undefined && (order > 0 || (old !== undefined && !isSame(old, now)))) put.push(now)
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
  return { put, drop }
}

/** The order of texts that sort() gives. */
export const TEXT_ORDER: Order<string> = { compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1), isSame: () => true }
