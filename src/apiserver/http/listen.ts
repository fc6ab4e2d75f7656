import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { codeOf, messageOf, UserError } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import { ANONYMOUS, type User } from '../access/user.ts'
import type { Limits } from '../limits.ts'
import { type KeyPair, makeServerCertificate } from '../tls/certificates.ts'
import type { World } from '../writes/call.ts'
import { type Answer, type Ask, isOn } from './ask.ts'
import { type Figures, openFigures } from './figures.ts'
import { answerObjects, wholeNumber } from './objects.ts'
import { parsePath } from './path.ts'
import { answerPath } from './paths.ts'
import { openWatches, type Watches } from './watches.ts'
import { askOf, isKnown, send, sendError, targetOf, userOf } from './wire.ts'

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
  route(app, world, { watches, figures: openFigures(), options })
  const port = await listen(app, options).catch((error: unknown) => {
    watches.end()
    throw error
  })
  const renewal = renewing(app, options)
  return { port, close: () => end(app, { watches, renewal, limits }) }
}

/** One route for all: what a path leads to is in the table of kinds. */
function route(app: FastifyInstance, world: World, serving: Serving): void {
  const { figures, options } = serving
  const users = new WeakMap<FastifyRequest, User>()
  app.addHook('onRequest', async (request) => void users.set(request, await userOf(world, request)))
  app.setErrorHandler((error, request, reply) => sendError(error, { request, reply, options }))
  const isMethod = (method: string): boolean => METHODS.some((known) => known === method)
  app.setNotFoundHandler((request, reply) => void reply.code(isMethod(request.method) ? 404 : 405).send('404 page not found\n'))
  app.route({
    method: [...METHODS],
    url: '*',
    handler: async (request, reply) => {
      const answer = await answerOf(world, askOf(request, users.get(request) ?? ANONYMOUS), { ...serving, reply })
      if (answer !== undefined) send(reply, answer)
      return reply
    },
  })
  app.addHook('onResponse', async (request, reply) => {
    const resource = targetOf(world, request)
    figures.count({ method: request.method, resource, code: reply.statusCode, tookMs: reply.elapsedTime })
  })
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

interface Serving {
  readonly watches: Watches
  readonly figures: Figures
  readonly options: ListenOptions
}
/** The answer; undefined where the reply is streamed. */
async function answerOf(
  world: World,
  ask: Ask,
  { reply, watches, figures, options }: Serving & { readonly reply: FastifyReply },
): Promise<Answer | undefined> {
  const target = parsePath(world.table, ask.path)
  if (target.what === 'path') return answerPath(world, ask, { version: options.version, watches, figures })
  const done = await answerObjects(world, ask, target)
  if ('answer' in done) return done.answer
  const { watch, isAllowed } = done
  watches.start(reply, {
    watch,
    user: ask.user,
    timeoutMs: wholeNumber(ask.query, 'timeoutSeconds') * 1000,
    bookmarks: isOn(ask.query, 'allowWatchBookmarks'),
    mayGoOn: () => isAllowed() && isKnown(world, reply.request),
  })
  return undefined
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
