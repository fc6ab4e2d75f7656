import { codeOf, messageOf } from '../../model/errors.ts'
import { badRequest, StatusError, tooLarge } from '../objects/status.ts'

/** What any error is to a client. What is nobody's fault but ours says so, without its text. */
export function statusErrorOf(error: unknown, mostBodyBytes: number): StatusError {
  if (error instanceof StatusError) return error
  const code = codeOf(error) ?? ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(mostBodyBytes)
  if (/^FST_ERR_(CTP|BAD_URL|VALIDATION)/.test(code)) return badRequest(messageOf(error))
  // SQLite: the disk is full or broken.
  if (code === 'ERR_SQLITE_ERROR') return new StatusError(500, 'InternalError', 'Internal error occurred: the write could not be stored')
  return new StatusError(500, 'InternalError', 'Internal error occurred')
}
