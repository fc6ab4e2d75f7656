// Errors as a Kubernetes API server says them: a Status object, with the reasons and texts that its clients know.
import { qualified, resourceOf, type Served } from '../kinds/served.ts'
import type { Json } from './json.ts'

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** An answer that is no success. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: number
  readonly reason: string
  readonly details: Json | undefined
  constructor(code: number, reason: string, message: string, details?: Json) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }
}

/** The Status object of an error. */
export const statusOf = ({ code, reason, message, details }: StatusError): Json => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  ...(details !== undefined && { details }),
  code,
})

const about = ({ group, plural }: Served, name: string): Json => ({
  ...(name !== '' && { name }),
  ...(group !== '' && { group }),
  kind: plural,
})

export const notFound = (served: Served, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${resourceOf(served)} "${name}" not found`, about(served, name))

export const alreadyExists = (served: Served, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${resourceOf(served)} "${name}" already exists`, about(served, name))

export const conflict = (served: Served, name: string, why: string): StatusError =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${resourceOf(served)} "${name}": ${why}`, about(served, name))

export const CHANGED = 'the object has been modified; please apply your changes to the latest version and try again'

/** Fields that others have set by an apply, each as `manager: .field`. */
export function applyConflict(served: Served, name: string, fields: readonly string[]): StatusError {
  const told = fields.slice(0, 16)
  const causes = told.map((text) => {
    const [manager = '', field = ''] = text.split(': ')
    return { reason: 'FieldManagerConflict', message: `conflict with ${JSON.stringify(manager)}`, field }
  })
  const message = `Apply failed with ${fields.length} conflict${fields.length === 1 ? '' : 's'}: conflicts with ${told.join(', ')}`
  return new StatusError(409, 'Conflict', message, { ...about(served, name), causes })
}

export function invalid(served: Served, name: string, causes: readonly Cause[]): StatusError {
  const all = causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
  const message = `${qualified(served)} "${name}" is invalid: ${all.length === 1 ? all[0] : `[${all.join(', ')}]`}`
  const { group, kind } = served
  return new StatusError(422, 'Invalid', message, { name, ...(group !== '' && { group }), kind, causes })
}

export const forbidden = (served: Served, name: string, why: string): StatusError =>
  new StatusError(403, 'Forbidden', `${resourceOf(served)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`, about(served, name))

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message)

export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized')

export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message)

export const tooManyRequests = (message: string): StatusError => new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds: 1 })

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const unsupported = (accepted: readonly string[], why = 'the body of the request was in an unknown format'): StatusError =>
  new StatusError(415, 'UnsupportedMediaType', `${why} - accepted media types include: ${accepted.join(', ')}`)

export const tooLarge = (limit: number): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)

/** The client has a version that this server has not reached: its data were replaced, or it is another server. */
export const versionTooLarge = (asked: number, current: number): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
