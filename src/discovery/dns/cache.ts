import type { Epoch } from './directory.ts'

/** The answers to one question, by their turns. */
export interface Cached {
  /** What makes answers of them is the asker's: to a text of this size, a byte a character, a Buffer is twice the weight. */
  readonly answers: (string | undefined)[]
  readonly epochs: readonly Epoch[]
  /** Where the question ends, in what was asked and in answers. */
  readonly questionEnd: number
  /** The turn that is next. */
  turn: number
}
export interface Cache {
  /** What was put, unless it has been forgotten or is no longer so. */
  get(key: string): Cached | undefined
  put(key: string, cached: Cached): void
  /** Says that an answer more is kept in what was put. */
  grow(answer: string): void
}

/** What an entry weighs beside its key and its answers, with the service as it was asked for; and an answer beside its text. */
const [ENTRY_BYTES, ANSWER_BYTES] = [330, 24]
const weightOf = (answer: string | undefined): number => (answer === undefined ? 0 : ANSWER_BYTES + answer.length)

/** Answers in two generations: when the young one has its share of the bytes, the old one, in which lies what nobody has asked for since, is forgotten. */
export function openCache(mostBytes: number): Cache {
  let young = new Map<string, Cached>()
  let old = new Map<string, Cached>()
  let bytes = 0
  const add = (more: number): void => {
    bytes += more
    if (bytes <= mostBytes / 2) return
    old = young
    young = new Map()
    bytes = 0
  }
  const put = (key: string, cached: Cached): void => {
    young.set(key, cached)
    add(cached.answers.reduce((sum, answer) => sum + weightOf(answer), ENTRY_BYTES + key.length))
  }
  return {
    put,
    grow: (answer) => add(weightOf(answer)),
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
