import type { LocalSocket, OpenLocalSocket } from '../../../system/unix-socket.ts'
import { decodeMessage, encodePacket, PACKET, type Packet, packetCutter, readPacket, type Section } from './vici-codec.ts'

/** charon refused a command, or the connection to it is gone. */
export class ViciError extends Error {
  override readonly name = 'ViciError'
}

/** One connection to charon's vici socket. Requests go in order; when one gets no answer in time the connection is given up. */
export interface Vici extends Disposable {
  /** Rejects where charon answers `success = no`, knows no such command, or does not answer in time. */
  request(command: string, message?: Section): Promise<Section>
  /** A command that answers by events: each is handed over as it comes, for decodeMessage. One such command of an event at a time. */
  stream(command: string, event: string, message: Section, onEvent: (body: Buffer) => void): Promise<void>
  /** Events of this name go to the listener until the connection ends or the name is given to ignore(). */
  listen(event: string, listener: (message: Section) => void): Promise<void>
  ignore(event: string): Promise<void>
  readonly closed: Promise<void>
  /** Whether closed has not settled yet. */
  readonly open: boolean
}

interface Waiting {
  readonly what: string
  readonly resolve: (packet: Packet) => void
  readonly reject: (error: Error) => void
}

export interface ViciOptions {
  readonly path: string
  readonly openSocket: OpenLocalSocket
  /** Of each request, and of the connection. Default: 5 s. */
  readonly timeoutMs?: number
}

/** Connects to charon. Rejects with the socket's error where nobody listens. */
export async function connectVici(options: ViciOptions): Promise<Vici> {
  const timeoutMs = options.timeoutMs ?? 5_000
  const waiting: Waiting[] = []
  const listeners = new Map<string, (body: Buffer) => void>()
  const end = Promise.withResolvers<void>()
  const state: { error?: Error; open: boolean } = { open: true }
  const cut = packetCutter()

  const onEnd = (error?: Error): void => {
    if (!state.open) return
    state.open = false
    const why = error ?? state.error ?? new ViciError('charon closed the connection')
    state.error = why
    for (const each of waiting.splice(0)) each.reject(new ViciError(`${each.what}: ${why.message}`, { cause: why }))
    end.resolve()
  }
  const onData = (bytes: Buffer): void => {
    try {
      for (const packet of cut(bytes).map(readPacket)) {
        if (packet.type === PACKET.event) listeners.get(packet.name)?.(packet.body)
        else waiting.shift()?.resolve(packet)
      }
    } catch (error) {
      onEnd(error instanceof Error ? error : new Error(String(error)))
      socket.close()
    }
  }
  const socket: LocalSocket = await options.openSocket(options.path, { onData, onEnd }, timeoutMs)

  const send = async (type: number, name: string, message: Section, what: string): Promise<Packet> => {
    const bytes = encodePacket(type, name, message)
    if (!state.open) throw new ViciError(`${what}: ${state.error?.message ?? 'the connection is closed'}`)
    const answer = new Promise<Packet>((resolve, reject) => waiting.push({ what, resolve, reject }))
    const timer = setTimeout(() => {
      onEnd(new ViciError(`charon did not answer within ${timeoutMs} ms`))
      socket.close()
    }, timeoutMs)
    socket.write(bytes)
    return await answer.finally(() => clearTimeout(timer))
  }
  const request = async (command: string, message: Section = {}): Promise<Section> => {
    const { type, body } = await send(PACKET.request, command, message, command)
    if (type !== PACKET.response) throw new ViciError(`${command}: charon does not know this command`)
    const answer = decodeMessage(body)
    if (answer['success'] === 'no') throw new ViciError(`${command}: ${String(answer['errmsg'] ?? 'refused')}`)
    return answer
  }
  const subscribe = async (type: number, event: string): Promise<void> => {
    const { type: got } = await send(type, event, {}, event)
    if (got !== PACKET.confirm) throw new ViciError(`${event}: charon does not know this event`)
  }
  const hear = async (event: string, listener: (body: Buffer) => void): Promise<void> => {
    const isHeard = listeners.has(event)
    listeners.set(event, listener)
    if (!isHeard) await subscribe(PACKET.register, event)
  }
  const ignore = (event: string): Promise<void> => {
    listeners.delete(event)
    return subscribe(PACKET.unregister, event)
  }
  return {
    request,
    listen: (event, listener) => hear(event, (body) => listener(decodeMessage(body))),
    ignore,
    async stream(command, event, message, onEvent) {
      // charon sends these to whom it answers alone, so that they are asked for once.
      await hear(event, onEvent)
      await request(command, message)
    },
    closed: end.promise,
    get open() {
      return state.open
    },
    [Symbol.dispose]() {
      onEnd(new ViciError('the connection was closed by us'))
      socket.close()
    },
  }
}
