// Which of the others' objects may be believed: the judge of every claim on networks and addresses, before any of it reaches a kernel or charon.
import { remembered } from './canonical.ts'
import { type Claims, isUnicast, openClaims, unfit } from './claims.ts'
import { type Decoded, decodeCluster, decodeEndpoint, nameOf, type Refusal } from './decode.ts'
import { CLUSTER_LABEL, SINCE_ANNOTATION } from './names.ts'
import { type Cidr, contains, familyOf, type Ip, parseCidr, parseIp } from './net.ts'
import type { OwnNetworks, RemoteCluster, RemoteGateway } from './remote.ts'
import type { Cluster, Endpoint, EndpointSpec, Meta } from './resources.ts'

export interface Vetted {
  readonly remotes: readonly RemoteCluster[]
  /** Networks of Clusters are refused one by one, Endpoints as a whole (but for a health-check address and IPv6 networks, which are left out). */
  readonly refused: readonly Refusal[]
}

const OWN = 'this cluster'
const NODE = 'this cluster: a node, the API or the broker'
const DEFAULT_PORT = 4500
/** For the time of a hand-over. */
const MOST_GATEWAYS = 2
/** Of a cluster with more Endpoints than this the newest are judged, the others passed over. */
const MOST_JUDGED = 8

/**
 * Decodes and judges the others' objects as they stand in this cluster's API; this cluster's own are passed over. Who was there first (by when the
 * broker got the Cluster object, then by id) keeps what is claimed twice; an Endpoint whose cluster has no Cluster object gets what nobody else has.
 */
export const vet = (own: OwnNetworks, clusters: readonly unknown[], endpoints: readonly unknown[]): Vetted =>
  vettedOf(judgeAll(own, clusters, endpoints))

/** A whole judgement, with what it came from: a later one may go on from it (vet-again.ts). */
export interface Judged {
  readonly own: OwnNetworks
  readonly clusters: readonly unknown[]
  readonly endpoints: readonly unknown[]
  readonly judge: Judge
  /** The first in rank first. */
  readonly members: readonly Member[]
  /** One for each member. */
  readonly remotes: readonly RemoteCluster[]
}

export const vettedOf = ({ judge, remotes }: Judged): Vetted => ({
  remotes: remotes.filter(({ networks }) => networks.length > 0),
  refused: judge.refused,
})

export function judgeAll(own: OwnNetworks, clusters: readonly unknown[], endpoints: readonly unknown[]): Judged {
  const refused: Refusal[] = []
  const claims = openClaims()
  for (const network of [...own.podCidrs, ...own.serviceCidrs]) claims.addNetwork(network, OWN)
  for (const ip of [...own.addresses, ...(own.brokerAddresses ?? [])]) claims.addAddress(ip, NODE)
  const judge: Judge = { nodes: new Set(own.addresses), claims, dialled: new Map(), refused }
  const ofOthers = <T extends Cluster | Endpoint>(objects: readonly T[]): readonly T[] =>
    objects.filter(({ spec }) => spec.cluster_id !== own.clusterId)
  const members = membersOf(ofOthers(collect(clusters, decodeCluster, refused)), ofOthers(collect(endpoints, decodeEndpoint, refused)))
  return { own, clusters, endpoints, judge, members, remotes: members.map((member) => judgeMember(judge, member)) }
}

/** What a member gets of what it claims, with the members before it. */
export function judgeMember(judge: Judge, member: Member): RemoteCluster {
  const networks = member.cluster === undefined ? undefined : grantNetworks(judge, member.cluster)
  const gateways = gatewaysOf(judge, member, networks)
  return { id: member.id, networks: [...new Set([...(networks ?? []), ...gateways.flatMap(({ subnets }) => subnets)])], gateways }
}

export interface Judge {
  readonly nodes: ReadonlySet<Ip>
  readonly claims: Claims
  /** The cluster that has a dialled `address port`. */
  readonly dialled: Map<string, string>
  readonly refused: Refusal[]
}
export interface Member {
  readonly id: string
  readonly cluster: Cluster | undefined
  /** Newest first. */
  readonly endpoints: readonly Endpoint[]
  /** What the members are sorted by. */
  readonly rank: string
}

export function collect<T extends Cluster | Endpoint>(
  inputs: readonly unknown[],
  decode: (input: unknown) => Decoded<T>,
  refused: Refusal[],
): readonly T[] {
  return inputs.flatMap((input) => {
    const decoded = decode(input)
    if (!decoded.ok) {
      refused.push(decoded.refusal)
      return []
    }
    const { kind, metadata, spec } = decoded.value
    const label = metadata.labels?.[CLUSTER_LABEL]
    if (label === undefined || label === spec.cluster_id) return [decoded.value]
    refused.push({
      object: nameOf(kind, input),
      field: `metadata.labels["${CLUSTER_LABEL}"]`,
      reason: `is not spec.cluster_id, ${spec.cluster_id}`,
    })
    return []
  })
}

/** Every cluster that has published anything, the eldest first, those without a Cluster object last. */
function membersOf(clusters: readonly Cluster[], endpoints: readonly Endpoint[]): readonly Member[] {
  const byId = Map.groupBy(endpoints, ({ spec }) => spec.cluster_id)
  const named = new Map(clusters.map((cluster) => [cluster.spec.cluster_id, cluster]))
  const members = [...new Set([...named.keys(), ...byId.keys()])].map((id) => memberOf(id, named.get(id), byId.get(id) ?? []))
  return members.sort((a, b) => (a.rank < b.rank ? -1 : 1))
}

export function memberOf(id: string, cluster: Cluster | undefined, endpoints: readonly Endpoint[]): Member {
  const sorted = endpoints.toSorted(newestFirst)
  const eldest = cluster ?? sorted.at(-1)
  const rank = `${cluster === undefined ? 1 : 0} ${eldest === undefined ? '' : since(eldest.metadata)} ${id}`
  return { id, cluster, endpoints: sorted, rank }
}

const since = ({ annotations, creationTimestamp }: Meta): string => annotations?.[SINCE_ANNOTATION] ?? creationTimestamp ?? '9999'
const newestFirst = (a: Endpoint, b: Endpoint): number =>
  compare(b.metadata.creationTimestamp, a.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)
const compare = (a = '', b = ''): number => (a === b ? 0 : a < b ? -1 : 1)

function grantNetworks({ claims, refused }: Judge, cluster: Cluster): readonly Cidr[] {
  const { cluster_id: id } = cluster.spec
  return claimsOf(cluster).flatMap(({ network, field, fault }) => {
    const reason = fault ?? taken(claims, network, id)
    if (reason === undefined) claims.addNetwork(network, id)
    else refused.push({ object: nameOf('Cluster', cluster), field, reason })
    return reason === undefined ? [network] : []
  })
}

/** What a Cluster claims, each network with its field and why no cluster at all can have it. */
const claimsOf = remembered(({ spec: { service_cidr, cluster_cidr, global_cidr } }: Cluster) =>
  Object.entries({ service_cidr, cluster_cidr, global_cidr }).flatMap(([field, texts]) =>
    texts.map(parseCidr).map((network, i) => ({ network, field: `spec.${field}[${i}]`, fault: unfit(network) })),
  ),
)

function taken(claims: Claims, network: Cidr, owner: string): string | undefined {
  const other = claims.foreignNetwork(network, owner)
  if (other !== undefined) return `${network} overlaps networks of ${ownerName(other)}`
  const address = claims.foreignAddress(network, owner)
  return address && `${network} holds ${address.ip}, an address of ${ownerName(address.owner)}`
}
const ownerName = (owner: string): string => (owner === OWN || owner === NODE ? owner : `cluster ${owner}`)

function gatewaysOf(judge: Judge, member: Member, networks: readonly Cidr[] | undefined): readonly RemoteGateway[] {
  const gateways: RemoteGateway[] = []
  for (const endpoint of member.endpoints.slice(0, MOST_JUDGED)) {
    if (gateways.length === MOST_GATEWAYS) break
    const gateway = gatewayOf(endpoint.spec)
    const problem = faultOf(judge, gateway, networks) ?? swallows(gateway, gateways)
    const note = (field: string, reason: string): void => void judge.refused.push({ object: nameOf('Endpoint', endpoint), field, reason })
    if (problem !== undefined) {
      note(...problem)
      continue
    }
    const v6 = endpoint.spec.subnets.findIndex((text) => text.includes(':'))
    if (v6 >= 0) note(`spec.subnets[${v6}]`, 'is not an IPv4 network and is left out')
    gateways.push(healthy(gateway, note))
    if (networks === undefined) for (const subnet of gateway.subnets) judge.claims.addNetwork(subnet, member.id)
    judge.claims.addAddress(gateway.address, member.id)
    judge.dialled.set(dialKey(gateway), member.id)
  }
  return gateways
}

const gatewayOf = remembered((spec: EndpointSpec): RemoteGateway => {
  const privateIp = parseIp(spec.private_ip)
  const publicIp = spec.public_ip === '' ? undefined : parseIp(spec.public_ip)
  const text = spec.backend_config?.['udp-port'] ?? ''
  return {
    clusterId: spec.cluster_id,
    cableName: spec.cable_name,
    hostname: spec.hostname,
    privateIp,
    ...(publicIp && { publicIp }),
    natEnabled: spec.nat_enabled,
    subnets: spec.subnets.map(parseCidr).filter((subnet) => familyOf(subnet) === 4),
    ...(spec.healthCheckIP && { healthCheckIp: parseIp(spec.healthCheckIP) }),
    backend: spec.backend,
    address: spec.nat_enabled && publicIp !== undefined ? publicIp : privateIp,
    port: /^[1-9]\d{0,4}$/.test(text) && Number(text) < 65536 ? Number(text) : DEFAULT_PORT,
    spec,
  }
})

const dialKey = ({ address, port }: RemoteGateway): string => `${address} ${port}`

/** The field that a gateway is refused for and why; undefined for a good one. */
function faultOf(
  judge: Judge,
  gateway: RemoteGateway,
  networks: readonly Cidr[] | undefined,
): readonly [field: string, reason: string] | undefined {
  const { claims, nodes, dialled } = judge
  const { address, clusterId, subnets } = gateway
  if (subnets.length === 0) return ['spec.subnets', 'has no IPv4 network']
  for (const subnet of subnets) {
    const reason = networks === undefined ? (unfit(subnet) ?? taken(claims, subnet, clusterId)) : outside(networks, subnet)
    if (reason !== undefined) return [`spec.subnets[${gateway.spec.subnets.findIndex((text) => parseCidr(text) === subnet)}]`, reason]
  }
  const field = address === gateway.privateIp ? 'spec.private_ip' : 'spec.public_ip'
  if (!isUnicast(gateway.privateIp)) return ['spec.private_ip', `${gateway.privateIp} is not an address of a machine`]
  if (!isUnicast(address)) return [field, `${address} is not an address of a machine`]
  if (nodes.has(address)) return [field, `${address} is an address of this cluster`]
  const holder = subnets.some((subnet) => contains(subnet, address)) ? clusterId : claims.networkOf(address)
  if (holder !== undefined) return [field, `${address} lies in a network of ${ownerName(holder)}`]
  const other = dialled.get(dialKey(gateway))
  if (other !== undefined && other !== clusterId) return [field, `${address} is the address of a gateway of cluster ${other}`]
  return undefined
}

/** A network of the cluster's older gateway may not hold the address of its newer one either. */
function swallows({ subnets }: RemoteGateway, newer: readonly RemoteGateway[]): readonly [field: string, reason: string] | undefined {
  const held = newer.find(({ address }) => subnets.some((subnet) => contains(subnet, address)))
  return held && ['spec.subnets', `hold ${held.address}, the address of the cluster's other gateway`]
}

const outside = (networks: readonly Cidr[], subnet: Cidr): string | undefined =>
  networks.includes(subnet) || networks.some((network) => contains(network, subnet))
    ? undefined
    : `${subnet} is not in the networks that the cluster has`

/** Without its health-check address where that is not one of its cluster's. */
function healthy(gateway: RemoteGateway, note: (field: string, reason: string) => void): RemoteGateway {
  const { healthCheckIp, ...rest } = gateway
  if (healthCheckIp === undefined || gateway.subnets.some((subnet) => contains(subnet, healthCheckIp))) return gateway
  note('spec.healthCheckIP', `${healthCheckIp} is not in the networks of the cluster and is not probed`)
  return rest
}
