import type { Change, Item } from './item.ts'

/** What changed lately, one change a version without a gap: watches read it at their own pace, pages see the past by it. */
export interface History {
  /** Changes after this version are here. */
  readonly since: number
  readonly version: number
  add(change: Change): void
  /** The first change after the version; undefined where there is none yet. The version must not be older than `since`. */
  after(version: number): Change | undefined
  /** Changes after the version, the newest first. */
  back(version: number): Iterable<Change>
  /** Forgets what is older than the version. */
  compact(version: number): void
}

export function openHistory(start: number, limits: { readonly mostChanges: number; readonly mostHistoryBytes: number }): History {
  const queue = openQueue()
  let since = start
  let size = 0
  const forget = (): void => {
    const oldest = queue.shift()
    if (oldest === undefined) return
    size -= sizeOf(oldest)
    since = oldest.version
  }
  return {
    get since() {
      return since
    },
    get version() {
      return since + queue.length
    },
    add(change) {
      queue.push(change)
      size += sizeOf(change)
      while (queue.length > limits.mostChanges || (size > limits.mostHistoryBytes && queue.length > 1)) forget()
    },
    after: (version) => queue.at(version - since),
    *back(version) {
      for (let i = queue.length - 1; i >= 0; i--) {
        const change = queue.at(i)
        if (change === undefined || change.version <= version) return
        yield change
      }
    },
    compact(version) {
      while (since < version && queue.length > 0) forget()
    },
  }
}

interface Queue {
  readonly length: number
  push(change: Change): void
  /** Takes the oldest out. */
  shift(): Change | undefined
  /** By place, the oldest has 0. */
  at(place: number): Change | undefined
}

/** What was taken out is cut off now and then only, since that moves the rest. */
function openQueue(): Queue {
  let changes: Change[] = []
  let first = 0
  return {
    get length() {
      return changes.length - first
    },
    push: (change) => void changes.push(change),
    shift() {
      const oldest = changes[first]
      if (oldest === undefined) return undefined
      first += 1
      if (first > 1000 && first * 2 > changes.length) {
        changes = changes.slice(first)
        first = 0
      }
      return oldest
    },
    at: (place) => changes[first + place],
  }
}

const sizeOf = ({ after }: { readonly after: Item }): number => after.text.length + 200
