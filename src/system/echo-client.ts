import { createSocket } from 'node:dgram'
import { createConnection } from 'node:net'

export interface EchoOptions {
  readonly ip: string
  readonly port: number
  /** Sent, and expected back. */
  readonly bytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}
/** What the server said. */
export interface Echo {
  readonly seen: string
  readonly name: string
}

const NEWLINE = 10

/** Asks an echo server over TCP. Rejects where not every byte came back in time. */
export function echoTcp({ ip, port, bytes, timeoutMs, signal }: EchoOptions): Promise<Echo> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let isOpen = false
    const socket = createConnection({ host: ip, port, signal })
    const late = (): string => {
      const back = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      return isOpen ? `connected, then ${back} bytes came back within ${timeoutMs} ms` : `no answer within ${timeoutMs} ms`
    }
    const timer = setTimeout(() => socket.destroy(new Error(late())), timeoutMs)
    socket.on('connect', () => {
      isOpen = true
      socket.write(Buffer.concat([Buffer.from(`{"bytes":${bytes}}\n`), Buffer.alloc(bytes, 'x')]))
    })
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      const all = Buffer.concat(chunks)
      const back = all.length - (all.indexOf(NEWLINE) + 1)
      const echo = echoOf(all)
      if (echo !== undefined && back === bytes) resolve(echo)
      else reject(new Error(`the connection was closed after ${back} of ${bytes} bytes`))
    })
  })
}

/** A socket to one echo server; `n` tells its datagrams apart. */
export interface EchoFlow {
  /** Errors of the network, such as ICMP's, go to onError. */
  send(n: number, bytes: number): void
  close(): void
}
export interface EchoFlowEvents {
  onAnswer(n: number, echo: Echo, bytes: number): void
  onError(error: Error): void
}

/** Opens a socket to an echo server over UDP. */
export function openEchoFlow(ip: string, port: number, { onAnswer, onError }: EchoFlowEvents): Promise<EchoFlow> {
  const socket = createSocket({ type: ip.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1024 * 1024 })
  socket.on('error', onError)
  socket.on('message', (message) => {
    const echo = echoOf(message)
    if (echo?.n !== undefined) onAnswer(echo.n, echo, message.length)
  })
  return new Promise((resolve) => {
    socket.connect(port, ip, () =>
      resolve({
        send(n, bytes) {
          const head = Buffer.from(`{"n":${n}}\n`)
          const filled = Buffer.concat([head, Buffer.alloc(Math.max(0, bytes - head.length), 'x')])
          socket.send(filled, (error) => {
            if (error) onError(error)
          })
        },
        close: () => socket.close(),
      }),
    )
  })
}

/** Asks an echo server over UDP: one datagram there, one back. */
export async function echoUdp({ ip, port, bytes, timeoutMs, signal }: EchoOptions): Promise<Echo> {
  const done = Promise.withResolvers<Echo>()
  const flow = await openEchoFlow(ip, port, {
    onAnswer: (_, echo) => done.resolve(echo),
    // One datagram may be too long for the way, which an ICMP message says: the next one is cut.
    onError: (error) => done.reject(error),
  })
  const timer = setTimeout(() => done.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  const onAbort = (): void => done.reject(new Error('given up'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    flow.send(0, bytes)
    return await done.promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    flow.close()
  }
}

function echoOf(message: Buffer): (Echo & { readonly n?: number }) | undefined {
  try {
    const head: unknown = JSON.parse(message.subarray(0, message.indexOf(NEWLINE)).toString('utf8'))
    if (typeof head !== 'object' || head === null || !('seen' in head) || !('name' in head)) return undefined
    const n = 'n' in head && typeof head.n === 'number' ? { n: head.n } : {}
    return { seen: String(head.seen), name: String(head.name), ...n }
  } catch {
    return undefined
  }
}
