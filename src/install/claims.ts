import { type Cidr, contains, familyOf, hostCidr, type Ip, overlaps, parseCidr, parseIp, prefixLength } from '../model/net.ts'
import type { Resource } from '../model/resources.ts'
import { at, listAt } from './tree.ts'

/** A network or address, and whose it is in words: `pods of cluster "east"`. */
export interface Claim {
  readonly network: Cidr
  readonly owner: string
}

/** Never usable between clusters: this program's own overlay and what routers do not forward. */
const RESERVED: readonly Claim[] = [
  { network: parseCidr('0.0.0.0/8'), owner: 'no host' },
  { network: parseCidr('127.0.0.0/8'), owner: 'loopback addresses' },
  { network: parseCidr('169.254.0.0/16'), owner: 'link-local addresses' },
  { network: parseCidr('224.0.0.0/4'), owner: 'multicast' },
  { network: parseCidr('240.0.0.0/4'), owner: 'the tunnels between the nodes of a cluster' },
]

/** What other clusters have published on the broker: networks and gateway addresses. Text that is none is left out. */
export function claimsOf(clusters: readonly Resource[], endpoints: readonly Resource[], ownId: string): readonly Claim[] {
  const claims = [
    ...clusters.flatMap((cluster) => [
      ...claim(cluster, 'pods', listAt(cluster, 'spec', 'cluster_cidr')),
      ...claim(cluster, 'services', listAt(cluster, 'spec', 'service_cidr')),
      ...claim(cluster, 'global addresses', listAt(cluster, 'spec', 'global_cidr')),
    ]),
    ...endpoints.flatMap((endpoint) => [
      ...claim(endpoint, 'networks', listAt(endpoint, 'spec', 'subnets')),
      ...claim(endpoint, 'a gateway', [at(endpoint, 'spec', 'private_ip'), at(endpoint, 'spec', 'public_ip')]),
    ]),
  ].filter(({ id }) => id !== ownId)
  const seen = new Set<string>()
  return claims.filter(({ id, network }) => {
    const key = `${id} ${network}`
    return seen.has(key) ? false : seen.add(key)
  })
}

/** Every pair of own and foreign that overlaps, each as a sentence. */
export function collisions(own: readonly Claim[], others: readonly Claim[]): readonly string[] {
  return own.flatMap((mine) =>
    others
      .filter((other) => overlaps(mine.network, other.network))
      .map(
        (other) =>
          `${mine.owner} ${show(mine.network)} overlap${mine.owner.endsWith('s') ? '' : 's'} ${other.owner} (${show(other.network)})`,
      ),
  )
}

/** What is wrong with a cluster's own networks taken by themselves: too wide, reserved, pods and services overlapping. */
export function ownFaults(pods: readonly Cidr[], services: readonly Cidr[]): readonly string[] {
  const own = [...claimsFor('pods', pods), ...claimsFor('services', services)]
  return [
    ...own.filter(({ network }) => familyOf(network) !== 4).map(({ owner, network }) => `${owner} ${network} is not an IPv4 network`),
    ...own.filter(({ network }) => prefixLength(network) < 8).map(({ owner, network }) => `${owner} ${network} is wider than /8`),
    ...collisions(own, RESERVED),
    ...collisions(claimsFor('pods', pods), claimsFor('services', services)),
  ]
}

export const claimsFor = (owner: string, networks: readonly Cidr[]): readonly Claim[] => networks.map((network) => ({ network, owner }))
export const addressClaims = (owner: string, addresses: readonly Ip[]): readonly Claim[] => claimsFor(owner, addresses.map(hostCidr))

/** The own addresses that lie in one of the networks. */
export const inside = (networks: readonly Cidr[], addresses: readonly Ip[]): readonly Ip[] =>
  addresses.filter((address) => networks.some((network) => contains(network, address)))

const claim = (object: Resource, what: string, texts: readonly unknown[]): readonly (Claim & { readonly id: string })[] =>
  texts.flatMap((text) => {
    const network = networkOrNone(text)
    const id = String(at(object, 'spec', 'cluster_id'))
    return network === undefined ? [] : [{ id, network, owner: `${what} of cluster ${JSON.stringify(id)}` }]
  })

function networkOrNone(text: unknown): Cidr | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return text.includes('/') ? parseCidr(text) : hostCidr(parseIp(text))
  } catch {
    return undefined
  }
}

const show = (network: Cidr): string =>
  prefixLength(network) === (familyOf(network) === 4 ? 32 : 128) ? network.slice(0, network.indexOf('/')) : network
