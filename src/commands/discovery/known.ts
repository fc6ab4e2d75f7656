// What the live copies say, as the plans want it: networks of the others, namespaces, and the state of the broker.
import { judgeLoss } from '../../broker/loss.ts'
import { isOwn as isOurs } from '../../broker/sync.ts'
import type { Copies } from '../../discovery/copies/copies.ts'
import { remembered } from '../../model/canonical.ts'
import type { EndpointSlice } from '../../model/mcs.ts'
import { BROKER_UID, CLUSTER_LABEL, CLUSTER_UID } from '../../model/names.ts'
import { type Cidr, type Ip, ipOrNone, parseCidr } from '../../model/net.ts'
import type { Cluster, Endpoint, Resource } from '../../model/resources.ts'
import { vet } from '../../model/vet.ts'
import type { BrokerStores, LocalStores } from './stores.ts'

/** This cluster's own object, which its engine writes: it says which networks are nobody else's. */
export const ownCluster = ({ clusters }: LocalStores, clusterId: string): Cluster | undefined =>
  clusters.all().find(({ metadata, spec }) => metadata.labels?.[CLUSTER_LABEL] === undefined && spec.cluster_id === clusterId)

/** What this cluster's object on the broker says that it has: the others let in nothing else of it. */
export const ownNetworks = ({ spec: { cluster_cidr, service_cidr, global_cidr } }: Cluster): readonly Cidr[] =>
  cidrs([...cluster_cidr, ...service_cidr, ...global_cidr])

/** Ids of all clusters that have joined, as the engine has them here; their networks may be refused. */
export const membersOf = ({ clusters, endpoints }: LocalStores): ReadonlySet<string> =>
  new Set([...clusters.all(), ...endpoints.all()].map(({ spec }) => spec.cluster_id).sort())

/** The networks of each other cluster, after vetting. */
export function openNetworks(
  clusterId: string,
): (stores: LocalStores, copies: Copies, own: Cluster) => ReadonlyMap<string, readonly Cidr[]> {
  let last: { readonly sources: readonly unknown[]; readonly networks: ReadonlyMap<string, readonly Cidr[]> } | undefined
  return ({ clusters, endpoints, nodes }, { slices }, own) => {
    const addresses = [...nodeAddresses(nodes.all()), ...apiAddresses(slices.get('kubernetes', 'default'))]
    const sources = [clusters.all(), endpoints.all(), addresses.join()]
    if (last === undefined || sources.some((source, i) => source !== last?.sources[i])) {
      const networks = { clusterId, podCidrs: cidrs(own.spec.cluster_cidr), serviceCidrs: cidrs(own.spec.service_cidr), addresses }
      last = { sources, networks: new Map(vet(networks, clusters.all(), endpoints.all()).remotes.map((one) => [one.id, one.networks])) }
    }
    return last.networks
  }
}
const cidrs = (texts: readonly string[]): readonly Cidr[] => texts.map(parseCidr)
const nodeAddresses = remembered(
  (nodes: readonly { readonly status?: { readonly addresses?: readonly { readonly address: string }[] } }[]): readonly Ip[] =>
    nodes.flatMap(({ status }) => status?.addresses?.flatMap(({ address }) => ipOrNone(address)) ?? []),
)
const apiAddresses = (slice: EndpointSlice | undefined): readonly Ip[] =>
  (slice?.endpoints ?? []).flatMap(({ addresses }) => addresses.flatMap(ipOrNone))

/** Those that objects can be made in. */
export const liveNamespaces = remembered(
  (namespaces: readonly Resource[]): ReadonlySet<string> =>
    new Set(namespaces.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name)),
)

export interface BrokerState {
  /** Whether what it does not have may be gone on purpose. */
  readonly isTrusted: boolean
  /** uid of another cluster that holds our id there. */
  readonly duplicate: string | undefined
  /** When a loss of its data was noticed. */
  readonly noticedAt: number | undefined
}

export interface BrokerView {
  readonly clusterId: string
  readonly own: Cluster
  /** uid of this cluster's namespace kube-system; undefined where it is not known. */
  readonly clusterUid: string | undefined
  readonly noticedAt: number | undefined
  readonly now: number
}
/** Judged by the engine's objects, as the engine does it. */
export function brokerState(
  { clusters, endpoints }: BrokerStores,
  { clusterId, own, clusterUid, noticedAt, now }: BrokerView,
): BrokerState {
  const isOwn = (object: Cluster | Endpoint): boolean => isOurs({ clusterId }, object)
  const mine = clusters.all().find(isOwn)
  const uid = mine?.metadata.annotations?.[CLUSTER_UID]
  const loss = judgeLoss({
    remembered: own.metadata.annotations?.[BROKER_UID],
    clusterUid: mine?.metadata.uid,
    hasEndpoint: endpoints.all().some(isOwn),
    noticedAt,
    now,
  })
  return {
    isTrusted: !loss.isLost,
    duplicate: uid !== undefined && clusterUid !== undefined && uid !== clusterUid ? uid : undefined,
    noticedAt: loss.noticedAt,
  }
}
