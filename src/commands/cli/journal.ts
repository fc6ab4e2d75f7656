// What a command has done so far, for those who are told when it ends before its time.

/** One thing that was done or seen, as the waiting of a join tells it. */
export interface Entry {
  readonly what: string
  readonly state: string
  readonly text: string
}

export interface Journal {
  /** From here on things are changed. */
  begin(): void
  /** Something was changed. */
  did(entry: Entry): void
  /** How something stands now; the last word counts. */
  saw(entry: Entry): void
  readonly hasBegun: boolean
  /** What was done, in order. */
  readonly done: readonly Entry[]
  /** What was done, and then what was seen last of each thing. */
  readonly steps: readonly Entry[]
}

export function openJournal(): Journal {
  const done: Entry[] = []
  const seen = new Map<string, Entry>()
  let hasBegun = false
  return {
    begin: () => {
      hasBegun = true
    },
    did: (entry) => {
      hasBegun = true
      done.push(entry)
    },
    saw: (entry) => void seen.set(entry.what, entry),
    get hasBegun() {
      return hasBegun
    },
    done,
    get steps() {
      return [...done, ...seen.values()]
    },
  }
}

/** What somebody who broke a command off should know; empty where it had changed nothing yet. */
export function brokenOff({ hasBegun, done }: Journal): string {
  if (!hasBegun) return ''
  const last = done.at(-1)
  const told =
    last === undefined
      ? 'It had begun to change things'
      : `What was done stays: ${done.length === 1 ? 'one step' : `${done.length} steps`}, the last of them ${last.what}: ${last.text}`
  return `${told}. Run the same command again: it goes on where it stopped.`
}
