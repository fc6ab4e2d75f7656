// Several clusters are asked: one that cannot be keeps nobody from seeing what the others say.
import { explain } from '../../k8s/explain.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import type { Subject } from './subjects.ts'

/** A cluster that cannot be asked, and why. */
export interface Unasked {
  readonly subject: Subject
  readonly error: UserError
}

/** What comes of the work; or why this cluster's API is not reached, or what it refuses. A fault of ours is thrown. */
export async function tryOn<T>({ api }: Subject, work: () => Promise<T>): Promise<T | UserError> {
  try {
    return await work()
  } catch (error) {
    const told = explain(error, api.server)
    if (told instanceof UserError) return told
    throw told
  }
}

/** One error for all of them, at least one: it begins with one that is not reached at all, should there be such, and is of its id. */
export function unaskedError(all: readonly Unasked[]): UserError {
  const first = all.find(({ error }) => error.exitCode === EXIT.unreachable) ?? all[0]
  if (first === undefined) throw new RangeError('all were asked')
  const { error } = first
  const { id, hint, exitCode } = error
  const lines = [first, ...all.filter((one) => one !== first)].map(titled)
  return new UserError(id, lines.join('\n'), { exitCode, cause: error, ...(hint !== undefined && { hint }) })
}

function titled({ subject: { name }, error: { message } }: Unasked): string {
  const title = `context "${name}"`
  return name === 'current' || message.includes(title) ? message : `${title}: ${message}`
}

/** For programs. */
export const unaskedRecord = ({ subject: { name, api }, error: { id, message } }: Unasked) => ({
  context: name,
  server: api.server,
  error: { id, message },
})
