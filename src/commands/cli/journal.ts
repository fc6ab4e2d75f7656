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
  /** What is going to be done, each by the words that `did` says of it. */
  plan(what: readonly string[]): void
  /** Something was changed. */
  did(entry: Entry): void
  /** How something stands now; the last word counts. */
  saw(entry: Entry): void
  readonly hasBegun: boolean
  /** What was done, in order. */
  readonly done: readonly Entry[]
  /** What was done, and then what was seen last of each thing. */
  readonly steps: readonly Entry[]
  /** What was planned and, as far as is known, not done. */
  readonly notDone: readonly string[]
}

export function openJournal(): Journal {
  const done: Entry[] = []
  const seen = new Map<string, Entry>()
  const planned = new Set<string>()
  let hasBegun = false
  return {
    begin: () => {
      hasBegun = true
    },
    plan: (what) => {
      for (const one of what) planned.add(one)
    },
    did: (entry) => {
      hasBegun = true
      done.push(entry)
      planned.delete(entry.what)
    },
    saw: (entry) => void seen.set(entry.what, entry),
    get hasBegun() {
      return hasBegun
    },
    done,
    get steps() {
      return [...done, ...seen.values()]
    },
    get notDone() {
      return [...planned]
    },
  }
}

/** What somebody should know whose command ended before its time; empty where it had changed nothing yet. */
export function brokenOff(journal: Journal): string {
  const told = howFar(journal)
  return told === '' ? '' : `${told} Run the same command again: it goes on where it stopped.`
}

/** What was done and what was not; empty where nothing was changed yet. */
export function howFar({ hasBegun, done, notDone }: Journal): string {
  if (!hasBegun) return ''
  const last = done.at(-1)
  const told =
    last === undefined
      ? 'It had begun to change things.'
      : `What was done stays: ${done.length === 1 ? 'one step' : `${done.length} steps`}, the last of them ${last.what}: ${last.text}.`
  return notDone.length === 0 ? told : `${told} Not done yet: ${listed(notDone)}.`
}

const MOST_NAMED = 5
const listed = (what: readonly string[]): string =>
  what.length <= MOST_NAMED ? what.join(', ') : `${what.slice(0, MOST_NAMED - 1).join(', ')} and ${what.length - MOST_NAMED + 1} more`
