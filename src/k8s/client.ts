import { type Kind, kindOf, type Of } from '../model/kinds.ts'
import { FIELD_MANAGER } from '../model/names.ts'
import type { Resource } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import { type Http, type HttpAnswer, HttpError, type HttpRequest, openHttp } from '../system/http.ts'
import { type Log, silentLog } from '../system/log.ts'
import { type Access, type Credentials, tlsOf } from './access.ts'
import { type Complain, decodeEvent, decodeOne, decodePage, errorOf, type Page } from './answers.ts'
import { ApiError, type KubeApi, type Listed, type Query, type WatchEvent, type WriteOptions } from './api.ts'
import { pathOf, selectorsOf, withParameters } from './paths.ts'
import { pastStart } from './starting.ts'

export interface OpenOptions {
  /** Of each request but watches. Default: 15 s. */
  readonly timeoutMs?: number
  /** Ends the requests that are under way when it is aborted. Later ones are sent: what has to be put in order at the end still can be. */
  readonly signal?: AbortSignal
  readonly log?: Log
  /** With it, what a server that has just started does not serve yet is asked for again for some seconds. */
  readonly clock?: Clock
}

/** The API that the access leads to. Nothing is sent before the first call. */
export function openApi(access: Access, options: OpenOptions = {}): KubeApi {
  return apiOver(openLine(access, options), options.timeoutMs ?? 15_000, warnOnce(options.log ?? silentLog, access.server))
}

type Send = Pick<HttpRequest, 'method' | 'headers' | 'body' | 'timeoutMs' | 'signal'>
interface Line {
  readonly server: string
  readonly namespace: string | undefined
  ask(path: string, request: Send): Promise<HttpAnswer>
  lines(path: string, request: Send): AsyncGenerator<string>
}

const PAGE = '500'
const JSON_TYPE = 'application/json'

function apiOver(line: Line, timeoutMs: number, complain: Complain): KubeApi {
  const write = async <K extends Kind>(kind: K, path: string, request: Send & { type?: string; content: unknown }): Promise<Of<K>> => {
    const { type = JSON_TYPE, content, ...rest } = request
    const body = JSON.stringify(content)
    return decodeOne(kind, await line.ask(path, { timeoutMs, ...rest, headers: { 'content-type': type }, body }))
  }
  const put = async <R extends Resource>(object: R, subresource?: string, options: WriteOptions = {}): Promise<R> => {
    const path = withParameters(pathOfObject(object, subresource), writing(options))
    return sameAs(object, await write(kindOf(object), path, { method: 'PUT', content: object }))
  }
  return {
    server: line.server,
    ...(line.namespace !== undefined && { namespace: line.namespace }),
    within: (limit) => apiOver(line, limit, complain),
    async get(kind, name, namespace) {
      try {
        return decodeOne(kind, await line.ask(pathOf(kind, namespace, name), { timeoutMs }))
      } catch (error) {
        if (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound') return undefined
        throw error
      }
    },
    list: (kind, query = {}) => listAll(kind, query, async (path) => decodePage(kind, await line.ask(path, { timeoutMs }), complain)),
    listOf: (kind, query, take) =>
      listAll(kind, query, async (path) => {
        const { items, ...page } = decodePage(kind, await line.ask(path, { timeoutMs }), complain)
        return { ...page, items: items.map(take) }
      }),
    watch: (kind, version, query, signal) =>
      watchOver(line, kind, withParameters(pathOf(kind, query.namespace), watching(version, query)), {
        signal,
        timeoutMs,
        complain,
      }),
    async create(object, options = {}) {
      const path = withParameters(pathOf(kindOf(object), object.metadata.namespace), writing(options))
      return sameAs(object, await write(kindOf(object), path, { method: 'POST', content: object }))
    },
    async apply(object, options = {}) {
      const path = withParameters(pathOfObject(object), { ...writing(options), force: String(options.force ?? true) })
      return sameAs(object, await write(kindOf(object), path, { method: 'PATCH', type: 'application/apply-patch+yaml', content: object }))
    },
    replace: (object, options) => put(object, undefined, options),
    patch(kind, name, namespace, change, options = {}) {
      const path = withParameters(pathOf(kind, namespace, name), writing(options))
      return write(kind, path, { method: 'PATCH', type: 'application/merge-patch+json', content: change })
    },
    replaceStatus: (object) => put(object, 'status'),
    async remove(kind, name, namespace, options = {}) {
      const { graceSeconds, dryRun, ...preconditions } = options
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        gracePeriodSeconds: graceSeconds,
        ...(dryRun === true && { dryRun: ['All'] }),
        ...(Object.keys(preconditions).length > 0 && { preconditions }),
      })
      try {
        await line.ask(pathOf(kind, namespace, name), { method: 'DELETE', timeoutMs, headers: { 'content-type': JSON_TYPE }, body })
        return true
      } catch (error) {
        if (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound') return false
        throw error
      }
    },
    raw: async (path) => (await line.ask(path, { timeoutMs })).text,
  }
}

const writing = (options: WriteOptions): Record<string, string | undefined> => ({
  fieldManager: FIELD_MANAGER,
  dryRun: options.dryRun === true ? 'All' : undefined,
})
// The server ends a watch by itself before a balancer on the way might; spread, so that not all watches of an agent end together.
const watching = (version: string, query: Query): Record<string, string | undefined> => ({
  ...selectorsOf(query),
  watch: 'true',
  allowWatchBookmarks: 'true',
  resourceVersion: version,
  timeoutSeconds: String(Math.round(240 + Math.random() * 240)),
})

const pathOfObject = (object: Resource, subresource?: string): string =>
  pathOf(kindOf(object), object.metadata.namespace, object.metadata.name, subresource)
/** The server answers a write with an object of the kind that was written. */
const sameAs = <R extends Resource>(_written: R, answer: Resource): R => answer as R

async function listAll<L>(kind: Kind, query: Query, page: (path: string) => Promise<Page<L>>): Promise<Listed<L>> {
  const at = (next: string | undefined, limit: string | undefined): string =>
    withParameters(pathOf(kind, query.namespace), { ...selectorsOf(query), limit, continue: next })
  const items: L[] = []
  let got = await page(at(undefined, PAGE))
  items.push(...got.items)
  while (got.next !== undefined) {
    try {
      got = await page(at(got.next, PAGE))
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 410)) throw error
      // The server has forgotten the version that the pages are of: all at once, then.
      items.length = 0
      got = await page(at(undefined, undefined))
    }
    items.push(...got.items)
  }
  return { items, version: got.version }
}

interface WatchOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly complain: Complain
}
async function* watchOver<K extends Kind>(line: Line, kind: K, path: string, options: WatchOptions): AsyncGenerator<WatchEvent<Of<K>>> {
  const { signal, timeoutMs, complain } = options
  try {
    for await (const text of line.lines(path, { signal, timeoutMs })) {
      const event = decodeEvent(kind, text, complain)
      if (event !== undefined) yield event
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Requests with the credentials of the moment; connections are kept as long as the certificates stay the same. */
function openLine(access: Access, options: OpenOptions): Line {
  const server = access.server.replace(/\/+$/, '')
  let pool: { readonly key: string; readonly http: Http } | undefined
  const prepare = async (path: string, request: Send): Promise<{ http: Http; request: HttpRequest }> => {
    const credentials = await access.credentials()
    const tls = tlsOf(access, credentials)
    const key = JSON.stringify(tls)
    if (pool?.key !== key) pool = { key, http: openHttp(tls) }
    const ending = options.signal?.aborted === true ? undefined : options.signal
    const signals = [request.signal, ending].filter((signal) => signal !== undefined)
    const headers = { accept: JSON_TYPE, 'user-agent': FIELD_MANAGER, ...authorization(credentials), ...request.headers }
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0]
    return { http: pool.http, request: { ...request, url: server + path, headers, ...(signal && { signal }) } }
  }
  return {
    server,
    namespace: access.namespace,
    async ask(path, request) {
      const ready = await prepare(path, request)
      const send = (): Promise<HttpAnswer> => ready.http.ask(ready.request).catch((error) => failed(error, server))
      const answer =
        options.clock === undefined ? await send() : await pastStart(send, { clock: options.clock, signal: ready.request.signal })
      if (answer.status < 200 || answer.status > 299) throw errorOf(answer)
      return answer
    },
    async *lines(path, request) {
      const ready = await prepare(path, request)
      const { status, lines } = await ready.http.stream(ready.request).catch((error) => failed(error, server))
      try {
        if (status < 200 || status > 299) throw errorOf({ status, text: await textOf(lines) })
        yield* lines
      } catch (error) {
        failed(error, server)
      }
    },
  }
}

async function textOf(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const line of lines) text += `${line}\n`
  return text
}

function authorization({ token, basic }: Credentials): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  return basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }
}

function failed(error: unknown, server: string): never {
  if (error instanceof HttpError) throw new ApiError(0, error.code, `${server}: ${error.message}`, { cause: error })
  throw error
}

function warnOnce(log: Log, server: string): Complain {
  const said = new Set<Kind>()
  return (kind, what) => {
    if (said.has(kind)) return
    said.add(kind)
    log.warn('the API server sent an object that cannot be one, skipped', { server, kind, object: what.slice(0, 120) })
  }
}
