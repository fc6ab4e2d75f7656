// Requests and answers as fastify has them.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../system/log.ts'
import { userOfToken } from '../access/tokens.ts'
import { ANONYMOUS, type User } from '../access/user.ts'
import type { Limits } from '../limits.ts'
import { statusOf, unauthorized } from '../objects/status.ts'
import type { World } from '../writes/call.ts'
import { readmit } from '../writes/readmit.ts'
import type { Answer, Ask } from './ask.ts'
import { mediaType } from './body.ts'
import { statusErrorOf } from './errors.ts'
import { parsePath } from './path.ts'

/** Who sent it. Throws 401 for a credential that is not good, or no longer, and for nobody's writes: their bodies are not even read. */
export async function userOf(world: World, request: FastifyRequest): Promise<User> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    if (request.method !== 'GET') throw unauthorized()
    return ANONYMOUS
  }
  const token = bearerToken(authorization)
  const user = token === '' ? undefined : (userOfToken(token, world.keys, world.state) ?? (await readmit(world, token)))
  if (user === undefined) throw unauthorized()
  return user
}

const bearerToken = (authorization: string): string => /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? ''

/** Whether who sent it would be known still. */
export function isKnown({ keys, state }: World, { headers: { authorization }, method }: FastifyRequest): boolean {
  if (authorization === undefined) return method === 'GET'
  const token = bearerToken(authorization)
  return token !== '' && userOfToken(token, keys, state) !== undefined
}

/** The kind that a request was for, for figures. */
export function targetOf(world: World, { url }: FastifyRequest): string {
  try {
    const target = parsePath(world.table, url.split('?')[0] ?? '')
    return target.what === 'objects' ? target.served.plural : ''
  } catch {
    return ''
  }
}

export function askOf(request: FastifyRequest, user: User): Ask {
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s)
  return {
    method: request.method,
    path,
    query: new URLSearchParams(query),
    accept: request.headers.accept ?? '',
    type: mediaType(request.headers['content-type']),
    body: typeof request.body === 'string' ? request.body : undefined,
    user,
  }
}

export function send(reply: FastifyReply, { code, type = 'application/json', warnings = [], text }: Answer): void {
  // A header has no line ends, nor letters beyond Latin 1: JSON writes them so.
  const quoted = (warning: string): string => JSON.stringify(warning).replaceAll(/[^\x20-\x7e]/g, '?')
  if (warnings.length > 0) reply.header('warning', warnings.map((warning) => `299 - ${quoted(warning)}`).join(', '))
  reply.code(code).type(type).send(text)
}

export interface Failed {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly options: { readonly limits: Limits; readonly log: Log }
}
/** Every error becomes a Status. */
export function sendError(error: unknown, { request, reply, options: { limits, log } }: Failed): void {
  const status = statusErrorOf(error, limits.mostBodyBytes)
  if (status.code >= 500 && status.reason === 'InternalError')
    log.error('a request failed', error, { method: request.method, path: request.url })
  if (status.code === 401 || status.code === 403) log.debug('a request was refused', { why: status.message, from: request.ip })
  const retry = status.details?.retryAfterSeconds
  if (typeof retry === 'number') reply.header('retry-after', String(retry))
  reply
    .code(status.code)
    .type('application/json')
    .send(JSON.stringify(statusOf(status)))
}
