/** JSON with sorted keys, undefined left out: equal values are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** The function with a memory of the objects that it was called with, which must never change: a change among hundreds costs no more than one among two. */
export function remembered<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const there = known.get(key) ?? { value: compute(key) }
    known.set(key, there)
    return there.value
  }
}
