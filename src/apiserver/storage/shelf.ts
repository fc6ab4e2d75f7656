import { type Item, keyOf } from './item.ts'

/** The objects of one kind, by `namespace/name`. */
export interface Shelf {
  get(key: string): Item | undefined
  all(namespace?: string): readonly Item[]
  put(item: Item): void
  drop(item: Item): void
}

export function openShelf(): Shelf {
  const items = new Map<string, Item>()
  let sorted: readonly Item[] | undefined
  return {
    get: (key) => items.get(key),
    all(namespace) {
      sorted ??= [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
      return namespace === undefined ? sorted : sorted.filter((item) => item.namespace === namespace)
    },
    put(item) {
      items.set(keyOf(item), item)
      sorted = undefined
    },
    drop(item) {
      items.delete(keyOf(item))
      sorted = undefined
    },
  }
}
