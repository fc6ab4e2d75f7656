import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { createSecureContext, type SecureContext } from 'node:tls'
import { codeOf, messageOf } from '../model/errors.ts'

/** How a server proves who it is, and how we do. All texts are PEM. */
export interface Tls {
  /** Default: the authorities that Node brings. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Accept any certificate. */
  readonly insecure?: boolean
  /** The name that the certificate must hold. Default: the URL's host. */
  readonly serverName?: string
}
export interface HttpRequest {
  readonly url: string
  /** Default: GET. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Until the end of the answer, of a stream until its headers. Default: 10 s. */
  readonly timeoutMs?: number
  /** The longest body, or the longest line of a stream. Default: 64 MiB. */
  readonly mostBytes?: number
  readonly signal?: AbortSignal
}
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}
export interface HttpLines {
  readonly status: number
  /** Lines that are not blank, as they come. Throws HttpError when the stream breaks off. */
  readonly lines: AsyncIterable<string>
}

/** Requests over connections that are kept alive. Redirects are not followed, proxies not used. */
export interface Http {
  ask(request: HttpRequest): Promise<HttpAnswer>
  /** Settles at the headers; the request ends when the reader of the lines does, or with the signal. */
  stream(request: HttpRequest): Promise<HttpLines>
}

/** No whole answer came. `code` is node's (ECONNREFUSED, CERT_HAS_EXPIRED, ...), or TIMEOUT, ABORTED, TOO_LARGE. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: string
  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
  }
}

/** Why the certificates cannot be used, as OpenSSL says it; undefined where they can. */
export function tlsFault({ ca, cert, key }: Tls): string | undefined {
  if (ca !== undefined && !ca.includes('-----BEGIN ')) return 'no PEM text'
  try {
    // OpenSSL passes over an authority that it cannot read; as a certificate of ours it says what is wrong.
    createSecureContext({ ...(ca !== undefined && { cert: ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

const MOST_BYTES = 64 * 1024 * 1024
// A peer that vanished is noticed after this time and ten probes of a second each, on an otherwise silent stream too.
const TCP_KEEPALIVE_MS = 15_000

/** One pool of connections for one set of certificates. */
export function openHttp(tls: Tls = {}): Http {
  // As many as there are writes at once: a connection more is a handshake more for each of them.
  const kept = { keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, maxFreeSockets: 8 }
  const plain = new PlainAgent(kept)
  let agent: TlsAgent | undefined
  const agents: Agents = {
    plain,
    tls() {
      agent ??= new TlsAgent({
        ...kept,
        ...(tls.serverName !== undefined && { servername: tls.serverName }),
        rejectUnauthorized: tls.insecure !== true,
        secureContext: contextOf(tls),
      })
      return agent
    },
  }
  return {
    async ask(request) {
      using limit = openLimit(request)
      const answer = await start(agents, request, limit)
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of chunksOf(answer, limit)) {
        chunks.push(chunk)
        length += chunk.length
        if (length > (request.mostBytes ?? MOST_BYTES)) throw tooLarge(request)
      }
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') }
    },
    async stream(request) {
      const limit = openLimit(request)
      try {
        const answer = await start(agents, request, limit)
        limit.started()
        return { status: answer.statusCode ?? 0, lines: linesOf(answer, request, limit) }
      } catch (error) {
        limit[Symbol.dispose]()
        throw error
      }
    },
  }
}

/** Made once and not for each connection: that takes some ms, since it begins with a copy of all authorities that Node brings. Throws where the certificates cannot be used. */
const contextOf = ({ ca, cert, key }: Tls): SecureContext =>
  createSecureContext({
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    minVersion: 'TLSv1.2',
  })

interface Limit extends Disposable {
  readonly signal: AbortSignal
  /** The time limit is over with; the caller's signal still counts. */
  started(): void
  /** What went wrong, told from what node says of a request that we ended ourselves. */
  fault(error: unknown): HttpError
}

function openLimit(request: HttpRequest): Limit {
  const { timeoutMs = 10_000, signal } = request
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(new HttpError('ABORTED', 'the request was given up'))
  const timer = setTimeout(() => stop.abort(new HttpError('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs)
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: stop.signal,
    started: () => clearTimeout(timer),
    fault(error) {
      const why = stop.signal.aborted ? stop.signal.reason : error
      if (why instanceof HttpError) return why
      const code = codeOf(why) ?? 'FAILED'
      return new HttpError(code, messageOf(why), { cause: why })
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

interface Agents {
  readonly plain: PlainAgent
  readonly tls: () => TlsAgent
}

/** Sends the request and gives the answer at its headers. A read over a kept connection that the server had just closed is sent once more. */
async function start(agents: Agents, request: HttpRequest, limit: Limit): Promise<IncomingMessage> {
  for (let first = true; ; first = false) {
    const { answer, stale } = await send(agents, request, limit)
    if (answer instanceof HttpError) {
      if (first && stale && (request.method ?? 'GET') === 'GET') continue
      throw answer
    }
    return answer
  }
}

function send(agents: Agents, request: HttpRequest, limit: Limit): Promise<{ answer: IncomingMessage | HttpError; stale: boolean }> {
  const { url, method = 'GET', headers = {}, body } = request
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const options = { method, headers: { ...headers, ...length }, signal: limit.signal }
  return new Promise((settle) => {
    try {
      const sent = url.startsWith('http:')
        ? plainRequest(url, { ...options, agent: agents.plain })
        : tlsRequest(url, { ...options, agent: agents.tls() })
      sent.on('socket', (socket) => socket.setKeepAlive(true, TCP_KEEPALIVE_MS))
      sent.on('response', (answer) => settle({ answer, stale: false }))
      sent.on('error', (error) => settle({ answer: limit.fault(error), stale: sent.reusedSocket && !limit.signal.aborted }))
      sent.end(body)
    } catch (error) {
      // A URL or a header that node refuses to send.
      settle({ answer: limit.fault(error), stale: false })
    }
  })
}

async function* chunksOf(answer: IncomingMessage, limit: Limit): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
  } catch (error) {
    throw limit.fault(error)
  } finally {
    if (!answer.complete) answer.destroy()
  }
}

async function* linesOf(answer: IncomingMessage, request: HttpRequest, limit: Limit): AsyncGenerator<string> {
  const mostBytes = request.mostBytes ?? MOST_BYTES
  try {
    let parts: Buffer[] = []
    let length = 0
    for await (const chunk of chunksOf(answer, limit)) {
      let from = 0
      for (let end = chunk.indexOf(10); end !== -1; from = end + 1, end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8')
        parts = []
        length = 0
        if (line.trim() !== '') yield line
      }
      parts.push(chunk.subarray(from))
      length += chunk.length - from
      if (length > mostBytes) throw tooLarge(request)
    }
    const last = Buffer.concat(parts).toString('utf8')
    if (last.trim() !== '') yield last
  } finally {
    limit[Symbol.dispose]()
  }
}

const tooLarge = (request: HttpRequest): HttpError =>
  new HttpError('TOO_LARGE', `the answer is longer than ${request.mostBytes ?? MOST_BYTES} bytes`)
