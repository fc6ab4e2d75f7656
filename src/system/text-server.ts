import { createServer } from 'node:http'
import { messageOf } from '../model/errors.ts'

export interface TextAnswer {
  readonly status: number
  readonly text: string
  /** Default: text/plain. */
  readonly type?: string
}
export interface TextServerOptions {
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
  /** The answer for a path, undefined where there is nothing. Errors become status 500. */
  readonly answer: (path: string) => TextAnswer | undefined
}

const NOT_FOUND: TextAnswer = { status: 404, text: 'not found\n' }

/** A small HTTP server for GET alone. Settles when it listens, with the port; rejects where it cannot. It ends with the signal. */
export function openTextServer({ host, port, signal, answer }: TextServerOptions): Promise<number> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 }, (request, response) => {
    const {
      status,
      text,
      type = 'text/plain; charset=utf-8',
    } = request.method === 'GET' ? answerOf(answer, request.url ?? '/') : { status: 405, text: 'GET alone\n' }
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
  })
  server.maxConnections = 32
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen({ host, port, signal }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
    signal.addEventListener('abort', () => server.closeAllConnections(), { once: true })
  })
}

function answerOf(answer: TextServerOptions['answer'], url: string): TextAnswer & { readonly type?: string } {
  try {
    return answer(url.split('?')[0] ?? '/') ?? NOT_FOUND
  } catch (error) {
    return { status: 500, text: `${messageOf(error)}\n` }
  }
}
