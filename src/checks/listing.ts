// Checks whose problems are lines.
import type { Check, Verdict } from './check.ts'

const MOST_SAID = 5

/** The first few of the lines, and how many more there are; `of` says of how many things. */
export const firstOf = (lines: readonly string[], of = ''): readonly string[] => [
  ...lines.slice(0, MOST_SAID),
  ...(lines.length > MOST_SAID ? [`and ${lines.length - MOST_SAID} more${of}`] : []),
]

/** In order where there are no problems; else each of them is told. */
export const verdictOf = (
  problems: readonly string[],
  { note, hint, isPartial = false }: { readonly note: string; readonly hint: string; readonly isPartial?: boolean },
): Verdict =>
  problems.length === 0 ? { is: 'ok', note } : { is: 'failed', reason: problems.join('; '), hint, ...(isPartial && { isPartial }) }

/** A check that looks for problems, or says at once what is to be said instead. */
export interface Listing<C> extends Omit<Check<C>, 'run'> {
  /** What to do about any of them. */
  readonly hint: string
  readonly find: (context: C, signal: AbortSignal) => Promise<{ readonly problems: readonly string[]; readonly note: string } | Verdict>
}

export const listing = <C>({ hint, find, ...check }: Listing<C>): Check<C> => ({
  ...check,
  async run(context, signal) {
    const found = await find(context, signal)
    return 'is' in found ? found : verdictOf(found.problems, { note: found.note, hint })
  },
})

/** The run of a check that judges what others have found, where they have found anything; else what they say stands. */
export const judging =
  <C, T>(
    find: (context: C, signal: AbortSignal) => Promise<readonly T[] | Verdict>,
    judge: (all: readonly T[], context: C) => Verdict | Promise<Verdict>,
  ): Check<C>['run'] =>
  async (context, signal) => {
    const all = await find(context, signal)
    return 'is' in all ? all : judge(all, context)
  }
