/** One thing that has to come true. `note` keeps nobody waiting. */
export interface Step {
  readonly what: string
  readonly state: 'ok' | 'waiting' | 'failing' | 'note'
  readonly text: string
  /** Said with the text: the last line of a log. No news by itself, unless it tells of a fault. */
  readonly detail?: string
  readonly isNews?: boolean
  /** What to do about it. */
  readonly hint?: string
}

/** Those that keep it from being done. */
export const openSteps = (steps: readonly Step[]): readonly Step[] =>
  steps.filter(({ state }) => state === 'waiting' || state === 'failing')

/** The steps that are new or stand otherwise than they did. */
export function changedSteps(before: ReadonlyMap<string, string>, steps: readonly Step[]): readonly Step[] {
  return steps.filter((step) => before.get(step.what) !== textOf(step))
}

/** What was said of each step, for changedSteps the next time. */
export const saidOf = (steps: readonly Step[]): ReadonlyMap<string, string> => new Map(steps.map((step) => [step.what, textOf(step)]))

/** A step's text with its detail. */
export const wholeText = ({ text, detail }: Step): string => (detail === undefined ? text : `${text}; its last line: ${detail}`)

/** What makes a step another one than it was. Numbers in a log, such as those of tries, do not. */
export const textOf = ({ state, text, detail, isNews }: Step): string =>
  `${state} ${text}${detail !== undefined && isNews === true ? `: ${detail.replace(/\d+/g, '0')}` : ''}`
