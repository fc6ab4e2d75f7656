import type { ProblemId } from './problem.ts'

/** A mistake that the user or the operator can mend: shown without a stack, with its id and what to do next. Any other error is a fault of ours. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly id: ProblemId
  readonly hint: string | undefined
  readonly exitCode: ExitCode
  /** The flag that it is about, by its name; undefined where it is about none. */
  readonly flag: string | undefined
  constructor(
    id: ProblemId,
    message: string,
    options: { readonly hint?: string; readonly exitCode?: ExitCode; readonly cause?: unknown; readonly flag?: string } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.id = id
    this.hint = options.hint
    this.exitCode = options.exitCode ?? EXIT.failed
    this.flag = options.flag
  }
}

/** Exit codes of every command (BSD's sysexits where there is one). */
export const EXIT = { done: 0, failed: 1, checkFailed: 2, usage: 64, unreachable: 69, timedOut: 75, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => textAt(error, 'message') ?? String(error)

/** Node's code of an error, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined => textAt(error, 'code')

// Not by instanceof: an error of Node's own is of another realm where code runs in a context of node:vm, as under jest.
function textAt(error: unknown, key: 'message' | 'code'): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}
