import { EXIT, UserError } from '../model/errors.ts'
import { familyOf, type Ip, parseIp } from '../model/net.ts'
import type { Node } from '../model/resources.ts'
import { nodeAddresses } from './networks/pods.ts'

/** Where other clusters reach a broker, and how that is known. */
export interface BrokerPlace {
  readonly url: string
  readonly source: string
}

/** What the broker's own cluster says about its API server's place. */
export interface ApiPlace {
  /** The server of the kubeconfig. */
  readonly server: string
  readonly apiAddresses: readonly Ip[]
  readonly apiPort?: number
  readonly nodes: readonly Node[]
}

/** A URL that other clusters can use. Throws where the user's is none or no other than a loopback address is known. */
export function brokerPlace(place: ApiPlace, given: string | undefined): BrokerPlace {
  if (given !== undefined) return { url: brokerUrl(given), source: '--broker-url' }
  if (!isLoopback(hostOf(place.server))) return { url: place.server, source: 'the kubeconfig' }
  const addresses = place.apiAddresses.filter((address) => !isLoopback(address))
  const onNodes = nodeAddresses(place.nodes)
  const best = addresses.find((address) => onNodes.includes(address)) ?? addresses[0]
  if (best === undefined)
    throw new UserError('SUB0412', `The kubeconfig reaches the API server at ${place.server}, which is an address of this machine alone`, {
      hint: 'Say where the other clusters reach it: --broker-url https://HOST:PORT.',
    })
  const host = familyOf(best) === 6 ? `[${best}]` : best
  return {
    url: `https://${host}:${place.apiPort ?? 6443}`,
    source: `the endpoints of the Service kubernetes, since ${place.server} is an address of this machine alone`,
  }
}

/** A URL as the user may write it, with or without https://, as a broker file has it. Throws where it is none or a loopback address. */
export function brokerUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.search !== '' || url.hash !== '')
    throw new UserError('SUB0412', `"${text}" is not the URL of a broker`, {
      exitCode: EXIT.usage,
      hint: 'It looks like https://HOST:PORT.',
    })
  if (!isHost(url.hostname) || !/:\/\/|[.:]/.test(text))
    throw new UserError('SUB0412', `"${text}" does not say where a broker is: it has neither a port nor a domain`, {
      exitCode: EXIT.usage,
      hint: 'It looks like https://HOST:PORT, such as --broker-url https://hub.example:6443.',
    })
  if (isLoopback(url.hostname))
    throw new UserError('SUB0412', `"${text}" is an address of this machine alone; other clusters cannot reach it`, {
      exitCode: EXIT.usage,
      hint: 'Give an address that all clusters reach: --broker-url https://HOST:PORT.',
    })
  return `https://${url.host}${url.pathname.replace(/\/+$/, '')}`
}

/** The URL of a broker file. Throws where it is a loopback address, as other programs write it for kind, k3s and minikube. */
export function checkReachable(url: string, file: string): string {
  if (!isLoopback(hostOf(url))) return url
  throw new UserError('SUB0412', `${file} says that the broker is at ${url}, which is an address of the machine it was made on alone`, {
    hint: 'Say where clusters reach the broker: --broker-url https://HOST:PORT.',
  })
}

/** An address, or a name as DNS has it. */
const isHost = (host: string): boolean => /^\[.+\]$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?)+$/.test(host)

const hostOf = (server: string): string => URL.parse(server)?.hostname ?? ''

/** Whether a host is this machine itself to whoever asks. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (/(^|\.)localhost\.?$|^(kubernetes|host)\.docker\.internal$/.test(bare)) return true
  try {
    const ip: string = parseIp(bare)
    return ip.startsWith('127.') || ip === '0.0.0.0' || ip === '::1' || ip === '::' || ip.startsWith('::ffff:7f')
  } catch {
    return false
  }
}
