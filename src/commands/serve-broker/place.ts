// Where the server listens, where others reach it, and so which names its certificate has.
import { brokerUrl, isLoopback } from '../../install/broker-url.ts'
import { UserError } from '../../model/errors.ts'
import { usage } from '../cli/given.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
}
/** What this machine knows of itself. */
export interface Machine {
  readonly hostname: string
  /** The address from which it speaks to the world. */
  readonly outward: string | undefined
  readonly addresses: readonly string[]
}

const HINT = 'Say where clusters reach it: --advertise HOST:PORT.'
export const DEFAULT_LISTEN = '0.0.0.0:6443'

/** Reads `HOST:PORT`, `[IPv6]:PORT`, `HOST` or `:PORT`. Throws a usage error. */
export function parseHostPort(text: string, flag: string, fallback: HostPort): HostPort {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/\s]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const port = digits === undefined ? fallback.port : Number(digits)
  const host = bracketed ?? plain
  if (host === undefined || port > 65_535 || (port === 0 && flag === 'advertise'))
    throw usage(`--${flag} is "${text}"; it must be HOST:PORT`, flag)
  return { host: host === '' ? fallback.host : host, port }
}

export const hostPortText = ({ host, port }: HostPort): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** The URL that members are given, and how it is known. Throws a UserError rather than give a loopback address. */
export function memberUrl(
  listen: HostPort,
  advertise: readonly HostPort[],
  machine: Machine,
): { readonly url: string; readonly source: string } {
  const [first] = advertise
  if (first !== undefined) {
    if (isLoopback(first.host))
      throw new UserError('SUB0706', `--advertise ${hostPortText(first)} is an address of this machine alone`, { hint: HINT })
    return { url: brokerUrl(`https://${hostPortText(first)}`), source: '--advertise' }
  }
  const at = (host: string): string => `https://${hostPortText({ host, port: listen.port })}`
  if (!isWildcard(listen.host) && !isLoopback(listen.host)) return { url: at(listen.host), source: '--listen' }
  const found = isWildcard(listen.host) ? (machine.outward ?? machine.addresses[0]) : undefined
  if (found === undefined || isLoopback(found))
    throw new UserError('SUB0706', `Only addresses of this machine alone are known (--listen ${hostPortText(listen)})`, {
      hint: HINT,
    })
  return { url: at(found), source: 'an address of this machine; --advertise HOST:PORT gives another' }
}

/** All that the server's certificate is for. */
export const certificateNames = (listen: HostPort, advertise: readonly HostPort[], machine: Machine): readonly string[] => [
  ...new Set([
    ...advertise.map(({ host }) => host),
    ...(isWildcard(listen.host) ? [] : [listen.host]),
    ...machine.addresses,
    ...(/^[A-Za-z0-9.-]+$/.test(machine.hostname) ? [machine.hostname] : []),
    'localhost',
    '127.0.0.1',
    '::1',
  ]),
]

/** Where this machine itself reaches the server. */
export const localHost = ({ host }: HostPort): string => (host === '::' ? '::1' : isWildcard(host) ? '127.0.0.1' : host)

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
