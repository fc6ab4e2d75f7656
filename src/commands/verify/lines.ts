import type { Outcome } from '../../checks/check.ts'
import type { ProblemId } from '../../model/problem.ts'
import type { Output } from '../context.ts'
import type { Marks } from '../look/marks.ts'
import { printable } from '../look/tables.ts'

export interface StatusLine {
  show(text: string): void
  clear(): void
}

/** A line that a person at a terminal sees until the next one comes; nothing where nobody looks. */
export function statusLine(output: Output): StatusLine {
  const write = (text: string): void => void (output.isTty && output.write(text))
  return { show: (text) => write(`\r\u001b[K  ${text.slice(0, output.columns - 3)}`), clear: () => write('\r\u001b[K') }
}

export function outcomeLine({ id, name, verdict }: Outcome, marks: Marks): string {
  const { paint } = marks
  const head = `  ${marks[verdict.is]} ${paint.dim(id)} ${name}`
  if (verdict.is === 'ok') return verdict.note === undefined ? head : `${head} ${paint.dim(`(${printable(verdict.note)})`)}`
  if (verdict.is === 'skipped') return `${head}: ${paint.dim(printable(verdict.reason))}`
  return `${head}: ${printable(verdict.reason)}${verdict.hint === undefined ? '' : `\n      ${paint.dim(`-> ${verdict.hint}`)}`}`
}

/** Without an answer, or without agents, nothing else can be told: these are worth one line. */
const GROUNDS: readonly ProblemId[] = ['SUB0601', 'SUB0602']

export interface Fold {
  /** Whether the outcome goes into the line. */
  takes(outcome: Outcome): boolean
  /** The line; "" where there is none. */
  line(marks: Marks): string
}

/** One line for all checks that a cluster which does not answer, or has not joined, makes impossible. */
export function foldSkipped(): Fold {
  let ground: Outcome | undefined
  let count = 0
  return {
    takes(outcome) {
      const { verdict } = outcome
      if (verdict.is === 'failed' && verdict.isPartial !== true && GROUNDS.includes(outcome.id)) ground ??= outcome
      if (verdict.is !== 'skipped' || ground === undefined) return false
      count += 1
      return true
    },
    line: ({ skipped, paint }) =>
      count === 0 ? '' : `  ${skipped} ${count} more checks: ${paint.dim(`they cannot be told while ${ground?.id} is not in order`)}\n`,
  }
}
