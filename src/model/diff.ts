/** What turns the actual items into the desired ones: puts overwrite the item of the same id, drops remove it. */
export interface Diff<T> {
  readonly put: readonly T[]
  readonly drop: readonly T[]
}

/** Compares by id, then by text; of several desired items with one id the last counts. */
export const diff = <T>(actual: readonly T[], desired: readonly T[], id: (item: T) => string, text: (item: T) => string): Diff<T> =>
  diffBy(actual, desired, id, (there, wanted) => text(there) === text(wanted))

/** The same where a text of each would cost more than the comparison. */
export function diffBy<T>(
  actual: readonly T[],
  desired: readonly T[],
  id: (item: T) => string,
  isSame: (there: T, wanted: T) => boolean,
): Diff<T> {
  const have = new Map(actual.map((item) => [id(item), item]))
  const want = new Map(desired.map((item) => [id(item), item]))
  const isThere = (key: string, wanted: T): boolean => {
    const there = have.get(key)
    return there !== undefined && isSame(there, wanted)
  }
  return {
    put: [...want].filter(([key, item]) => !isThere(key, item)).map(([, item]) => item),
    drop: actual.filter((item) => !want.has(id(item))),
  }
}

/** Items of the first list that the second has not, each as often as it is missing. */
export function minus<T>(from: readonly T[], other: readonly T[]): readonly T[] {
  const left = [...other]
  return from.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
