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
  // The part before `first` is forgotten; it is cut off now and then only, since that moves the rest.
  let changes: Change[] = []
  let first = 0
  let since = start
  let size = 0
  const forget = (): void => {
    const oldest = changes[first]
    if (oldest === undefined) return
    size -= sizeOf(oldest)
    since = oldest.version
    first += 1
    if (first > 1000 && first * 2 > changes.length) {
      changes = changes.slice(first)
      first = 0
    }
  }
  return {
    get since() {
      return since
    },
    get version() {
      return since + changes.length - first
    },
    add(change) {
      changes.push(change)
      size += sizeOf(change)
      while (changes.length - first > limits.mostChanges || (size > limits.mostHistoryBytes && changes.length - first > 1)) forget()
    },
    after: (version) => changes[first + version - since],
    *back(version) {
      for (let i = changes.length - 1; i >= first; i--) {
        const change = changes[i]
        if (change === undefined || change.version <= version) return
        yield change
      }
    },
    compact(version) {
      while (since < version && changes.length > first) forget()
    },
  }
}

const sizeOf = ({ after }: { readonly after: Item }): number => after.text.length + 200
