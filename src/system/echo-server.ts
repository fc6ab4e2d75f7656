import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface EchoServerOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** How it calls itself in answers. */
  readonly name: string
  /** The longest question that it takes. */
  readonly mostBytes: number
  readonly signal: AbortSignal
}

/** A question over TCP is `{"bytes":N}`, a newline and N bytes; one over UDP `{"n":N}`, a newline and what fills the datagram. */
const HEAD_BYTES = 200
const IDLE_MS = 30_000

/**
 * Gives back what it is sent, over TCP and UDP on one port, after a line of JSON that says which address it came from. Settles, with the port, when it
 * listens; ends with the signal.
 */
export async function openEchoServer(options: EchoServerOptions): Promise<number> {
  const { host, signal } = options
  const tcp = createServer((socket) => answerTcp(socket, options))
  tcp.listen({ host, port: options.port, signal })
  await once(tcp, 'listening')
  const address = tcp.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 * options.mostBytes })
  udp.on('message', (message, from) => udp.send(udpAnswer(message, from, options.name), from.port, from.address, () => {}))
  // An answer that its reader is gone for comes back as an error; the next question is answered all the same.
  udp.on('error', () => {})
  udp.bind(port, host)
  await once(udp, 'listening')
  signal.addEventListener('abort', () => udp.close(), { once: true })
  return port
}

function udpAnswer(message: Buffer, from: RemoteInfo, name: string): Buffer {
  const head = headOf(message)
  const answer = Buffer.from(`${JSON.stringify({ n: head?.n, seen: plain(from.address), name })}\n`)
  return Buffer.concat([answer, Buffer.alloc(Math.max(0, message.length - answer.length), 'x')])
}

function answerTcp(socket: Socket, { name, mostBytes, signal }: EchoServerOptions): void {
  const chunks: Buffer[] = []
  let length = 0
  const end = (): void => void socket.destroy()
  signal.addEventListener('abort', end, { once: true })
  socket.setTimeout(IDLE_MS, end)
  socket.on('error', end)
  socket.on('close', () => signal.removeEventListener('abort', end))
  socket.on('data', (chunk) => {
    chunks.push(Buffer.from(chunk))
    length += chunk.length
    if (length > mostBytes + HEAD_BYTES) return end()
    const start = chunks[0]?.subarray(0, HEAD_BYTES) ?? Buffer.alloc(0)
    const whole = start.includes(10) ? start : Buffer.concat(chunks).subarray(0, HEAD_BYTES)
    const bytes = headOf(whole)?.bytes
    if (bytes === undefined || length < whole.indexOf(10) + 1 + bytes) return
    socket.end(
      Buffer.concat([
        Buffer.from(`${JSON.stringify({ seen: plain(socket.remoteAddress ?? ''), name, bytes })}\n`),
        Buffer.concat(chunks).subarray(whole.indexOf(10) + 1),
      ]),
    )
  })
}

/** The numbers in the first line; undefined while it is not all there, or where it is none of ours. */
function headOf(start: Buffer): { readonly n?: number; readonly bytes?: number } | undefined {
  const end = start.indexOf(10)
  if (end === -1) return undefined
  const line = start.subarray(0, end).toString('latin1')
  const number = (key: string): number | undefined => {
    const found = new RegExp(`"${key}":(\\d{1,9})`).exec(line)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const [n, bytes] = [number('n'), number('bytes')]
  return { ...(n !== undefined && { n }), ...(bytes !== undefined && { bytes }) }
}

/** IPv4 addresses as such on sockets of both families. */
const plain = (address: string): string => address.replace(/^::ffff:/, '')
