// The address that the world sees a gateway by: asked of whom the user names, or of well-known sites.
import { isUnicast } from '../model/claims.ts'
import { messageOf } from '../model/errors.ts'
import { familyOf, type Ip, parseIp } from '../model/net.ts'

export interface Resolver {
  readonly method: 'api' | 'ipv4' | 'lb' | 'dns'
  readonly parameter: string
}
/** How each kind of question is asked. */
export interface Resolving {
  /** The body of https://HOST/PATH. */
  fetch(url: string): Promise<string>
  /** IPv4 addresses of a name. */
  lookup(name: string): Promise<readonly Ip[]>
  /** Address or name of the load balancer of a Service in the agents' namespace; undefined while it has none. */
  loadBalancer(service: string): Promise<string | undefined>
  /** Puts the built-in sites in an order, so that they share the load. */
  shuffle<T>(items: readonly T[]): readonly T[]
}
export interface PublicIpRequest {
  /** `method:parameter`, separated by commas; "" for the built-in sites. */
  readonly sources: string
  /** Nobody outside is asked: `ipv4:` alone counts. */
  readonly isAirGapped: boolean
  /** Whether peers use the address at all; where they do not, no site is asked without being named. */
  readonly isUsed: boolean
}
/** `problems` tells what was tried in vain, one line each. */
export interface PublicIpAnswer {
  readonly ip: Ip | undefined
  readonly problems: readonly string[]
}

const SITES = [
  'api.ipify.org',
  'checkip.amazonaws.com',
  'ipv4.icanhazip.com',
  'ifconfig.me/ip',
  'ipinfo.io/ip',
  'ipecho.net/plain',
  '4.ident.me',
  'myexternalip.com/raw',
]
/** So many of the built-in sites are asked at most: where three fail the fault is nearer. */
const MOST_SITES = 3

/** Resolvers of a list, and what of it is none. Upstream's syntax. */
export function parseResolvers(text: string): { readonly resolvers: readonly Resolver[]; readonly problems: readonly string[] } {
  const resolvers: Resolver[] = []
  const problems: string[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue
    const match = /^(?:(api):([\w.-]+(?:\/[\w.~/-]*)?)|(ipv4):([\d.]+)|(lb):([a-z0-9-]{1,63})|(dns):([\w.-]+))$/.exec(item)
    const [method, parameter] = match?.slice(1).filter((part) => part !== undefined) ?? []
    if (isMethod(method) && parameter !== undefined) resolvers.push({ method, parameter })
    else problems.push(`"${item}" is not ipv4:ADDRESS, dns:NAME, api:HOST/PATH or lb:SERVICE`)
  }
  return { resolvers, problems }
}
const isMethod = (text: string | undefined): text is Resolver['method'] => ['api', 'ipv4', 'lb', 'dns'].includes(text ?? '')

/** Tries one resolver after the other; the first that gives an address counts. Never throws. */
export async function findPublicIp(request: PublicIpRequest, world: Resolving): Promise<PublicIpAnswer> {
  const { resolvers, problems } = parseResolvers(request.sources)
  const found: string[] = [...problems]
  for (const resolver of choose(request, resolvers, world)) {
    try {
      return { ip: await ask(resolver, world), problems: found }
    } catch (error) {
      found.push(`${resolver.method}:${resolver.parameter}: ${messageOf(error)}`)
    }
  }
  return { ip: undefined, problems: found }
}

function choose({ sources, isAirGapped, isUsed }: PublicIpRequest, named: readonly Resolver[], world: Resolving): readonly Resolver[] {
  if (isAirGapped) return named.filter(({ method }) => method === 'ipv4')
  if (sources.trim() !== '') return named
  if (!isUsed) return []
  return world
    .shuffle(SITES)
    .slice(0, MOST_SITES)
    .map((parameter) => ({ method: 'api', parameter }))
}

async function ask({ method, parameter }: Resolver, world: Resolving): Promise<Ip> {
  if (method === 'ipv4') return fit(parameter)
  if (method === 'api') return onlyAddress(await world.fetch(`https://${parameter}`))
  if (method === 'dns') return lowest(await world.lookup(parameter))
  const there = await world.loadBalancer(parameter)
  if (there === undefined) throw new Error('the Service has no load balancer yet')
  return /^[\d.]+$/.test(there) ? fit(there) : lowest(await world.lookup(there))
}

/** The one IPv4 address in a text; a page that shows several is none to be believed. */
function onlyAddress(text: string): Ip {
  const all = new Set(text.match(/(?<![\d.])\d{1,3}(\.\d{1,3}){3}(?![\d.])/g) ?? [])
  const [first] = all
  if (first === undefined) throw new Error('the answer holds no address')
  if (all.size > 1) throw new Error(`the answer holds ${all.size} addresses`)
  return fit(first)
}

function lowest(all: readonly Ip[]): Ip {
  const [first] = all.filter((ip) => familyOf(ip) === 4).sort()
  if (first === undefined) throw new Error('the name has no IPv4 address')
  return fit(first)
}

function fit(text: string): Ip {
  const ip = parseIp(text)
  if (!isUnicast(ip)) throw new RangeError(`${ip} is not an address of a machine`)
  return ip
}
