// The server's sockets: who is answered, and what is counted.
import { openFramedServer } from '../../system/framed-server.ts'
import { openUdpServer } from '../../system/udp-server.ts'
import { HEADER_BYTES } from './query.ts'
import { openRate } from './rate.ts'
import type { Responder } from './responder.ts'

export interface Place {
  readonly host: string
  readonly port: number
}
export interface DnsServerOptions {
  readonly places: readonly Place[]
  /** Whether other processes listen at the same places. */
  readonly isShared: boolean
  /** Questions of one address in a second, over both transports; what is more gets no answer. */
  readonly mostPerClient: number
  readonly now: () => number
  readonly signal: AbortSignal
}
export type Transport = 'udp' | 'tcp'

/** Since the start. */
export interface Counts {
  /** Answers by transport and code: the code's number is the place. */
  readonly answers: Readonly<Record<Transport, readonly number[]>>
  /** Packets that are no questions. */
  readonly ignored: number
  /** Questions beyond the rate of their client. */
  readonly limited: number
}
export interface DnsServer {
  /** Where it listens, as asked for, with the port that it got. */
  readonly places: readonly Place[]
  counts(): Counts
}

/** Questions are shorter by far. */
const MOST_QUESTION_BYTES = 4_096
const IDLE_MS = 10_000
const MOST_CONNECTIONS = { connections: 512, ofOneClient: 64 }
const CODES = 16

/** Settles when it listens everywhere; rejects where it cannot. It ends with the signal. */
export async function openDnsServer(responder: Responder, options: DnsServerOptions): Promise<DnsServer> {
  const admit = openRate(options.mostPerClient, options.now)
  const answers = { udp: zeros(), tcp: zeros() }
  const others = { ignored: 0, limited: 0 }
  const answering =
    (transport: Transport) =>
    (bytes: Buffer, client: string): Buffer | undefined => {
      if (!admit(client)) {
        others.limited += 1
        return undefined
      }
      const back = bytes.length > MOST_QUESTION_BYTES ? undefined : responder[transport](bytes)
      if (back === undefined || back.length < HEADER_BYTES) others.ignored += 1
      else answers[transport][codeOf(back)] = (answers[transport][codeOf(back)] ?? 0) + 1
      return back
    }
  const places: Place[] = []
  for (const place of options.places) {
    const common = { host: place.host, isShared: options.isShared, signal: options.signal }
    const port = await openUdpServer({ ...common, port: place.port, answer: answering('udp') })
    await openFramedServer({
      ...common,
      port,
      answer: answering('tcp'),
      mostBytes: MOST_QUESTION_BYTES,
      idleMs: IDLE_MS,
      most: MOST_CONNECTIONS,
    })
    places.push({ host: place.host, port })
  }
  return {
    places,
    counts: () => ({ answers: { udp: [...answers.udp], tcp: [...answers.tcp] }, ...others }),
  }
}

const zeros = (): number[] => Array.from({ length: CODES }, () => 0)
const codeOf = (answer: Buffer): number => (answer[3] ?? 0) & 15
