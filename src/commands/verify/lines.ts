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

/** Without another cluster the same holds of many checks, and is worth one line. */
const OTHERS: ProblemId = 'SUB0610'

/** One line for all checks that a cluster which does not answer, has not joined or is alone makes impossible. */
export function foldSkipped(): Fold {
  let ground: Outcome | undefined
  const counts = new Map<string, number>()
  let isAlone = false
  return {
    takes(outcome) {
      const { id, verdict } = outcome
      if (verdict.is === 'failed' && verdict.isPartial !== true && GROUNDS.includes(id)) ground ??= outcome
      if (verdict.is !== 'skipped') return false
      if (id === OTHERS && ground === undefined) isAlone = true
      const isOfOthers = isAlone && verdict.ground === OTHERS
      if (ground === undefined && !isOfOthers) return false
      const why = ground === undefined ? verdict.reason : `they cannot be told while ${ground.id} is not in order`
      counts.set(why, (counts.get(why) ?? 0) + 1)
      return true
    },
    line: ({ skipped, paint }) => [...counts].map(([why, count]) => `  ${skipped} ${count} more checks: ${paint.dim(why)}\n`).join(''),
  }
}
