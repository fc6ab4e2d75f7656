import type { Epoch } from './directory.ts'

/** The answers to one question, by their turns. */
export interface Cached {
  /** A byte a character: a text of this size weighs half of what a Buffer does, and each who asks gets a copy anyway. */
  readonly answers: (string | undefined)[]
  readonly epochs: readonly Epoch[]
  /** The turn that is next. */
  turn: number
}
export interface Cache {
  /** What was put, unless it has been forgotten or is no longer so. */
  get(key: string): Cached | undefined
  put(key: string, cached: Cached): void
  /** Says that so many bytes more are kept in what was put. */
  grow(bytes: number): void
}

/** Beside the key and the bytes of answers, about. */
const ENTRY_BYTES = 300

/** Answers in two generations: when the young one has its share of the bytes, the old one, in which lies what nobody has asked for since, is forgotten. */
export function openCache(mostBytes: number): Cache {
  let young = new Map<string, Cached>()
  let old = new Map<string, Cached>()
  let bytes = 0
  const grow = (more: number): void => {
    bytes += more
    if (bytes <= mostBytes / 2) return
    old = young
    young = new Map()
    bytes = 0
  }
  const put = (key: string, cached: Cached): void => {
    young.set(key, cached)
    grow(ENTRY_BYTES + key.length + cached.answers.reduce((sum, answer) => sum + (answer?.length ?? 0), 0))
  }
  return {
    put,
    grow,
    get(key) {
      let found = young.get(key)
      if (found === undefined) {
        found = old.get(key)
        if (found === undefined) return undefined
        old.delete(key)
        if (isCurrent(found)) put(key, found)
      }
      return isCurrent(found) ? found : undefined
    },
  }
}

function isCurrent({ epochs }: Cached): boolean {
  for (const epoch of epochs) if (!epoch.isCurrent) return false
  return true
}
