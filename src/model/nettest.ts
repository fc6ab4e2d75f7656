// What `subctl nettest client` is asked, and the JSON lines that it prints.
import { array, boolean, maxLength, number, object, optional, safeParse, string } from 'zod/mini'
import { type Ip, parseIp } from './net.ts'

/** One question to a `nettest server`: are so many bytes taken, and given back. */
export interface Aim {
  readonly protocol: 'tcp' | 'udp'
  readonly ip: Ip
  readonly port: number
  readonly bytes: number
}

export const NETTEST_PORT = 8080
/** What a server takes at most in one question. */
export const MOST_BYTES = 1024 * 1024
/** What one UDP datagram over IPv4 can carry. */
const MOST_DATAGRAM = 65_507

/** `tcp:10.2.0.5:8080:1000`; an IPv6 address stands in brackets. */
export const writeAim = ({ protocol, ip, port, bytes }: Aim): string => `${protocol}:${ip.includes(':') ? `[${ip}]` : ip}:${port}:${bytes}`

/** The aim that the text is. Throws RangeError. */
export function parseAim(text: string): Aim {
  const match = /^(tcp|udp):(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5}):(\d{1,7})$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is not PROTOCOL:IP:PORT:BYTES, such as tcp:10.2.0.5:8080:1000`)
  const [, protocol, ipv6, ipv4 = '', port, bytes] = match
  const aim: Aim = { protocol: protocol === 'udp' ? 'udp' : 'tcp', ip: parseIp(ipv6 ?? ipv4), port: Number(port), bytes: Number(bytes) }
  const most = aim.protocol === 'udp' ? MOST_DATAGRAM : MOST_BYTES
  if (aim.bytes > most) throw new RangeError(`"${text}": ${most} bytes at most`)
  if (aim.port < 1 || aim.port > 65_535) throw new RangeError(`"${text}": there is no such port`)
  return aim
}

const text = () => string().check(maxLength(1024))

const Result = object({
  aim: text(),
  ok: boolean(),
  /** The client's address as the server saw it. */
  seen: optional(text()),
  /** Who answered. */
  name: optional(text()),
  ms: optional(number()),
  tries: number(),
  /** Why there was no answer. */
  message: optional(text()),
})
const Gap = object({ first: number(), lost: number(), ms: number() })
const Flow = object({ flow: text(), sent: number(), answered: number(), gaps: array(Gap), open: optional(Gap) })

/** What came of one aim. */
export interface AimResult {
  readonly aim: string
  readonly ok: boolean
  readonly seen?: string | undefined
  readonly name?: string | undefined
  readonly ms?: number | undefined
  readonly tries: number
  readonly message?: string | undefined
}
/** Datagrams in a row that were never answered: `ms` from the sending of the first one to that of the next one that was. */
export interface FlowGap {
  readonly first: number
  readonly lost: number
  readonly ms: number
}
/** What became of a flow of numbered datagrams up to now. */
export interface FlowState {
  readonly flow: string
  readonly sent: number
  readonly answered: number
  readonly gaps: readonly FlowGap[]
  /** Where nothing has come back yet. */
  readonly open?: FlowGap | undefined
}

/** The last line of a client that has done all it was asked. */
export const DONE_LINE = '{"done":true}'

export function readResult(line: string): AimResult | undefined {
  const parsed = safeParse(Result, parseJson(line))
  return parsed.success ? parsed.data : undefined
}
export function readFlow(line: string): FlowState | undefined {
  const parsed = safeParse(Flow, parseJson(line))
  return parsed.success ? parsed.data : undefined
}

/** Gaps of a flow: datagram n was sent at sentMs[n]. Those sent after `untilMs` may still be answered and are left out. */
export function gapsOf(sentMs: readonly number[], answered: ReadonlySet<number>, untilMs: number): Pick<FlowState, 'gaps' | 'open'> {
  const gaps: FlowGap[] = []
  let first: number | undefined
  for (const [n, atMs] of sentMs.entries()) {
    if (answered.has(n)) {
      if (first !== undefined) gaps.push({ first, lost: n - first, ms: atMs - (sentMs[first] ?? atMs) })
      first = undefined
    } else if (atMs <= untilMs) first ??= n
    else break
  }
  if (first === undefined) return { gaps }
  const lost = sentMs.filter((atMs, n) => n >= (first ?? 0) && atMs <= untilMs).length
  return { gaps, open: { first, lost, ms: untilMs - (sentMs[first] ?? untilMs) } }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
