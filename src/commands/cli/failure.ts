// How a command fails for programs that read its output: with -o json or yaml an object on stdout has the error too.
import type { ExitCode } from '../../model/errors.ts'
import type { Output } from '../context.ts'
import type { Journal } from './journal.ts'

/** An error as people and programs are told it. */
export interface Failure {
  /** Such as SUB0105; none where it is a fault of ours or an interruption. */
  readonly id?: string
  readonly message: string
  readonly hint?: string
  readonly exitCode: ExitCode
}

export type Format = 'json' | 'yaml'

/** The format that a command line asks for which could not be understood as a whole. */
export function formatIn(argv: readonly string[]): Format | undefined {
  const found = argv.flatMap((word, i) => {
    if (word === '-o' || word === '--output') return [argv[i + 1] ?? '']
    return /^(?:-o|--output=)(.+)$/.exec(word)?.[1] ?? []
  })
  return formatOf(found.at(-1))
}

export const formatOf = (text: string | undefined): Format | undefined => (text === 'json' || text === 'yaml' ? text : undefined)

/** An output whose text waits until it is known how the command ended, since an object cannot be added to once it is out. */
export interface Held extends Output {
  readonly text: () => string
}

export function held({ isTty, columns }: Output): Held {
  const texts: string[] = []
  return { isTty, columns, write: (text) => texts.push(text), text: () => texts.join('') }
}

/**
 * What stdout gets in place of the held text: the object that the command has printed, or one of kind Error, with `error` and, as far as they are known, `steps` and what is `notDone`.
 * Text that is no object stays as it is, with the object behind it.
 */
export function failureText(
  format: Format,
  heldText: string,
  failure: Failure,
  { steps, notDone }: Pick<Journal, 'steps' | 'notDone'>,
): string {
  const { id, message, hint, exitCode } = failure
  const error = { ...(id !== undefined && { id }), message, ...(hint !== undefined && { hint }), exitCode }
  const open = notDone.length > 0 ? { notDone } : {}
  const alone = { apiVersion: 'subctl.submariner.io/v1', kind: 'Error', error, ...(steps.length > 0 && { steps }), ...open }
  if (heldText.trim() === '') return lines(alone)
  // JSON is YAML: a field behind those of a block needs no library.
  if (format === 'yaml')
    return heldText.startsWith('apiVersion:') ? `${heldText}error: ${JSON.stringify(error)}\n` : heldText + lines(alone)
  const printed = objectOf(heldText)
  return printed === undefined
    ? heldText + lines(alone)
    : lines({ ...printed, ...(steps.length > 0 && !('steps' in printed) && { steps }), ...open, error })
}

const lines = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
