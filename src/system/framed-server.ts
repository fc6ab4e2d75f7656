import { createServer, type Socket } from 'node:net'

export interface FramedServerOptions {
  /** An IP address; `::` takes both families. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Whether other sockets may listen there too: the kernel shares connections out among them. */
  readonly isShared: boolean
  /** What is sent back for a message; undefined ends the connection. Must not throw. */
  readonly answer: (bytes: Buffer, client: string) => Buffer | undefined
  /** A connection that says that it sends more in one message is ended. */
  readonly mostBytes: number
  /** A connection is ended that brings no whole message, or takes no answers, for so long. */
  readonly idleMs: number
  readonly most: { readonly connections: number; readonly ofOneClient: number }
  readonly signal: AbortSignal
}

const LENGTH_BYTES = 2

/** Answers messages that have their length in two bytes before them, over TCP, each connection's in their order. Settles, with the port, when it listens. */
export function openFramedServer(options: FramedServerOptions): Promise<number> {
  const { host, port, isShared, most, signal } = options
  const open = new Map<string, number>()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const client = socket.remoteAddress
    const count = open.get(client ?? '') ?? 0
    if (client === undefined || count >= most.ofOneClient) return void socket.destroy()
    open.set(client, count + 1)
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      const left = (open.get(client) ?? 1) - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
    converse(socket, client, options)
  })
  server.maxConnections = most.connections
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen({ host, port, reusePort: isShared, exclusive: true, signal }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
    signal.addEventListener('abort', () => void sockets.forEach((socket) => void socket.destroy()), { once: true })
  })
}

/** Takes messages off one connection. It reads no further while answers wait to be taken. */
function converse(socket: Socket, client: string, { answer, mostBytes, idleMs }: FramedServerOptions): void {
  let rest: Buffer = Buffer.alloc(0)
  let hasEnded = false
  const idle = setTimeout(() => socket.destroy(), idleMs)
  const work = (): void => {
    while (!socket.writableNeedDrain && rest.length >= LENGTH_BYTES) {
      const length = rest.readUInt16BE(0)
      if (length > mostBytes) return void socket.destroy()
      const end = LENGTH_BYTES + length
      if (rest.length < end) break
      const back = answer(rest.subarray(LENGTH_BYTES, end), client)
      if (back === undefined) return void socket.destroy()
      rest = rest.subarray(end)
      idle.refresh()
      socket.write(framed(back))
    }
    if (socket.writableNeedDrain) socket.pause()
    else if (hasEnded) socket.end()
  }
  socket.on('data', (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    work()
  })
  socket.on('drain', () => {
    socket.resume()
    work()
  })
  socket.on('end', () => {
    hasEnded = true
    work()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(idle))
}

function framed(bytes: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(LENGTH_BYTES + bytes.length)
  whole.writeUInt16BE(bytes.length, 0)
  bytes.copy(whole, LENGTH_BYTES)
  return whole
}
