import { type Change, type Draft, type Item, keyOf, type Place, type Reader } from './item.ts'

/** The writes of one transaction, over what is committed. */
export interface Batch extends Draft {
  readonly changes: readonly Change[]
  readonly version: number
  /** Characters of what was put. */
  readonly size: number
  mark(): number
  /** Forgets the writes since the mark. */
  backTo(mark: number): void
}

const wholeKey = (place: Place): string => `${place.kind} ${keyOf(place)}`

export function openBatch(committed: Reader, from: number): Batch {
  const changes: Change[] = []
  const newest = new Map<string, Change>()
  let size = 0
  const latest = (place: Place): Item | undefined => {
    const change = newest.get(wholeKey(place))
    if (change === undefined) return committed.get(place.kind, place.namespace, place.name)
    return change.gone ? undefined : change.after
  }
  const add = (place: Place, gone: boolean, make: (version: number) => Pick<Item, 'text' | 'labels'>): Item => {
    const version = from + changes.length + 1
    const { kind, namespace, name } = place
    const before = latest(place)
    const after: Item = { kind, namespace, name, version, ...make(version) }
    const change = { version, before, after, gone }
    size += after.text.length
    changes.push(change)
    newest.set(wholeKey(place), change)
    return after
  }
  return {
    changes,
    get version() {
      return from + changes.length
    },
    get size() {
      return size
    },
    get: (kind, namespace, name) => latest({ kind, namespace, name }),
    all(kind, namespace) {
      const base = committed.all(kind, namespace)
      const mine = [...newest.values()].filter(
        ({ after }) => after.kind === kind && (namespace === undefined || after.namespace === namespace),
      )
      return mine.length === 0 ? base : changed(base, mine)
    },
    put: (place, make) => add(place, false, make),
    drop: (place, make) => add(place, true, (version) => ({ text: make(version), labels: latest(place)?.labels ?? {} })),
    mark: () => changes.length,
    backTo(mark) {
      if (mark === changes.length) return
      changes.splice(mark)
      newest.clear()
      for (const change of changes) newest.set(wholeKey(change.after), change)
    },
  }
}

/** Items of one kind after changes, by their keys. */
function changed(base: readonly Item[], changes: readonly Change[]): readonly Item[] {
  const items = new Map(base.map((item) => [keyOf(item), item]))
  for (const { after, gone } of changes) {
    if (gone) items.delete(keyOf(after))
    else items.set(keyOf(after), after)
  }
  return [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}
