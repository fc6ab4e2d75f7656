import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { codeOf, messageOf, UserError } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import { userOfToken } from '../access/tokens.ts'
import { ANONYMOUS, type User } from '../access/user.ts'
import type { Limits } from '../limits.ts'
import { statusOf, unauthorized } from '../objects/status.ts'
import { type KeyPair, makeServerCertificate } from '../tls/certificates.ts'
import type { World } from '../writes/call.ts'
import type { Answer, Ask } from './ask.ts'
import { isOn } from './ask.ts'
import { mediaType } from './body.ts'
import { statusErrorOf } from './errors.ts'
import { type Figures, openFigures } from './figures.ts'
import { answerObjects, wholeNumber } from './objects.ts'
import { parsePath } from './path.ts'
import { answerPath } from './paths.ts'
import { openWatches, type Watches } from './watches.ts'

export interface ListenOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly authority: KeyPair
  readonly names: readonly string[]
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly limits: Limits
}
export interface Listening {
  readonly port: number
  close(): Promise<void>
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export async function startHttp(world: World, options: ListenOptions): Promise<Listening> {
  const { limits, clock, authority, names } = options
  const certificate = await makeServerCertificate(authority, names, clock.now())
  const app = makeApp(certificate, options)
  const watches = openWatches({ state: world.state, limits, now: () => clock.now() })
  const figures = openFigures()
  const users = new WeakMap<FastifyRequest, User>()
  app.addHook('onRequest', async (request) => void users.set(request, userOf(world, request)))
  app.setErrorHandler((error, request, reply) => sendError(error, { request, reply, options }))
  app.setNotFoundHandler(
    (request, reply) => void reply.code(METHODS.some((m) => m === request.method) ? 404 : 405).send('404 page not found\n'),
  )
  app.route({
    method: [...METHODS],
    url: '*',
    handler: async (request, reply) => {
      const ask = askOf(request, users.get(request) ?? ANONYMOUS)
      const answer = await answerOf(world, ask, { reply, watches, figures, options })
      if (answer !== undefined) send(reply, answer)
      return reply
    },
  })
  app.addHook('onResponse', async (request, reply) => {
    const target = targetOf(world, request)
    figures.count({ method: request.method, resource: target, code: reply.statusCode, tookMs: reply.elapsedTime })
  })
  const port = await listen(app, options)
  const renewal = renewing(app, options)
  return { port, close: () => end(app, { watches, renewal, limits }) }
}

function makeApp(certificate: KeyPair, options: ListenOptions): FastifyInstance {
  const { limits } = options
  const app = fastify({
    https: { ...certificate, minVersion: 'TLSv1.2' },
    bodyLimit: limits.mostBodyBytes,
    keepAliveTimeout: limits.idleMs,
    requestTimeout: limits.requestMs,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
    logger: false,
    // What fails before there is a route, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => sendError(error, { request, reply, options }),
  }) as unknown as FastifyInstance
  app.server.maxConnections = limits.mostConnections
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  return app
}

function userOf(world: World, request: FastifyRequest): User {
  const { authorization } = request.headers
  if (authorization === undefined) return ANONYMOUS
  const [, token = ''] = /^Bearer\s+(\S+)\s*$/i.exec(authorization) ?? []
  const user = token === '' ? undefined : userOfToken(token, world.keys, world.state)
  if (user === undefined) throw unauthorized()
  return user
}

/** The kind that a request was for, for figures. */
function targetOf(world: World, { url }: FastifyRequest): string {
  try {
    const target = parsePath(world.table, url.split('?')[0] ?? '')
    return target.what === 'objects' ? target.served.plural : ''
  } catch {
    return ''
  }
}

function askOf(request: FastifyRequest, user: User): Ask {
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

interface Serving {
  readonly reply: FastifyReply
  readonly watches: Watches
  readonly figures: Figures
  readonly options: ListenOptions
}
/** The answer; undefined where the reply is streamed. */
async function answerOf(world: World, ask: Ask, { reply, watches, figures, options }: Serving): Promise<Answer | undefined> {
  const target = parsePath(world.table, ask.path)
  if (target.what === 'path') return answerPath(world, ask, { version: options.version, watches, figures })
  const done = await answerObjects(world, ask, target)
  if ('answer' in done) return done.answer
  const timeoutMs = wholeNumber(ask.query, 'timeoutSeconds') * 1000
  watches.start(reply, { watch: done.watch, user: ask.user, timeoutMs, bookmarks: isOn(ask.query, 'allowWatchBookmarks') })
  return undefined
}

function send(reply: FastifyReply, { code, type = 'application/json', warnings = [], text }: Answer): void {
  // A header has no line ends, nor letters beyond Latin 1: JSON writes them so.
  const quoted = (warning: string): string => JSON.stringify(warning).replaceAll(/[^\x20-\x7e]/g, '?')
  if (warnings.length > 0) reply.header('warning', warnings.map((warning) => `299 - ${quoted(warning)}`).join(', '))
  reply.code(code).type(type).send(text)
}

interface Failed {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly options: ListenOptions
}
function sendError(error: unknown, { request, reply, options: { limits, log } }: Failed): void {
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

async function listen(app: FastifyInstance, { listen: { host, port } }: ListenOptions): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(codeOf(error) ?? '')) throw error
    throw new UserError('SUB0705', `Cannot listen on ${host} port ${port}: ${messageOf(error)}`, { cause: error })
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

const RENEWAL_MS = 24 * 3_600_000

/** A new certificate every day, for connections from then on. */
function renewing(app: FastifyInstance, { authority, names, clock, log }: ListenOptions): NodeJS.Timeout {
  const renew = async (): Promise<void> => {
    const { server } = app
    if ('setSecureContext' in server && typeof server.setSecureContext === 'function')
      server.setSecureContext(await makeServerCertificate(authority, names, clock.now()))
  }
  return setInterval(() => renew().catch((error: unknown) => log.error('the certificate could not be renewed', error)), RENEWAL_MS).unref()
}

interface Ending {
  readonly watches: Watches
  readonly renewal: NodeJS.Timeout
  readonly limits: Limits
}
async function end(app: FastifyInstance, { watches, renewal, limits }: Ending): Promise<void> {
  clearInterval(renewal)
  watches.end()
  const { server } = app
  const force = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), limits.graceMs)
  await app.close()
  clearTimeout(force)
}
