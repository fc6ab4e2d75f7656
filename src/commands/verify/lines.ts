import type { Outcome } from '../../checks/check.ts'
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
