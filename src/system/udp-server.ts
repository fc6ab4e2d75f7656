import { createSocket, type SocketType } from 'node:dgram'
import { once } from 'node:events'

export interface UdpServerOptions {
  /** An IP address; `::` takes both families. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Whether other sockets may listen there too: the kernel shares datagrams out among them. */
  readonly isShared: boolean
  /** What is sent back; undefined: nothing. Must not throw. */
  readonly answer: (bytes: Buffer, client: string) => Buffer | undefined
  readonly signal: AbortSignal
}

/** For bursts while the loop is busy; the kernel gives as much as it allows. */
const BUFFER_BYTES = 4 * 1024 * 1024

/** Answers datagrams, each by one. Settles, with the port, when it listens; rejects where it cannot. It ends with the signal. */
export async function openUdpServer({ host, port, isShared, answer, signal }: UdpServerOptions): Promise<number> {
  const type: SocketType = host.includes(':') ? 'udp6' : 'udp4'
  const socket = createSocket({
    type,
    reusePort: isShared,
    recvBufferSize: BUFFER_BYTES,
    sendBufferSize: BUFFER_BYTES,
    // Senders are addresses already: without a turn of the loop for each.
    lookup: (address, _, done) => done(null, address, type === 'udp6' ? 6 : 4),
  })
  socket.on('message', (bytes, from) => {
    const back = answer(bytes, from.address)
    // What cannot be sent, as to a sender that has gone, is lost, as datagrams are.
    if (back !== undefined && from.port !== 0) socket.send(back, 0, back.length, from.port, from.address, noted)
  })
  // Asked for first: with such a look-up it may come at once.
  const listening = once(socket, 'listening')
  socket.bind({ port, address: host, exclusive: true })
  await listening
  socket.on('error', noted)
  const close = (): void => void socket.close()
  if (signal.aborted) close()
  else signal.addEventListener('abort', close, { once: true })
  return socket.address().port
}

const noted = (): void => {}
