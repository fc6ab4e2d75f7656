// What an agent knows of the other clusters, from the live copies, after vetting.
import type { Store } from '../../k8s/store.ts'
import { remembered } from '../../model/canonical.ts'
import type { Refusal } from '../../model/decode.ts'
import { type Cidr, type Ip, ipOrNone } from '../../model/net.ts'
import type { OwnNetworks, RemoteCluster } from '../../model/remote.ts'
import type { Cluster, Endpoint, Node } from '../../model/resources.ts'
import { openVet } from '../../model/vet-again.ts'

export interface ViewSources {
  readonly settings: { readonly clusterId: string; readonly podCidrs: readonly Cidr[]; readonly serviceCidrs: readonly Cidr[] }
  readonly clusters: Pick<Store<Cluster>, 'all'>
  readonly endpoints: Pick<Store<Endpoint>, 'all'>
  readonly nodes: Pick<Store<Node>, 'all'>
  /** Where the APIs are: their addresses are nobody else's. */
  readonly apiServers: readonly string[]
  /** The addresses behind them. */
  readonly apiAddresses: () => readonly Ip[]
  readonly brokerServer: string | undefined
}
export interface RemoteView {
  readonly remotes: readonly RemoteCluster[]
  readonly refused: readonly Refusal[]
}

/** The vetted view; computed again only when something that it is made of has changed. */
export function openView(sources: ViewSources): () => RemoteView {
  let last: { readonly parts: readonly unknown[]; readonly key: readonly unknown[]; readonly view: RemoteView } | undefined
  const ownNow = openOwnNetworks(sources)
  const vet = openVet()
  return () => {
    const own = ownNow()
    const isOthers = ({ spec }: Cluster | Endpoint): boolean => spec?.cluster_id !== own.clusterId
    const [clusters, endpoints] = [sources.clusters.all(), sources.endpoints.all()]
    const parts = [own, clusters, endpoints]
    if (last !== undefined && isSame(parts, last.parts)) return last.view
    // What this cluster says of itself is passed over, so that a change of it is none here.
    const key = [own, clusters.length, ...clusters.filter(isOthers), ...endpoints.filter(isOthers)]
    last = { parts, key, view: last !== undefined && isSame(key, last.key) ? last.view : vet(own, clusters, endpoints) }
    return last.view
  }
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length && a.every((part, i) => part === b[i])

/** What is ours; the same object as long as nothing of it changes. */
function openOwnNetworks({ settings, nodes, apiServers, apiAddresses, brokerServer }: ViewSources): () => OwnNetworks {
  const servers = apiServers.flatMap(ipOfServer)
  const brokerAddresses = brokerServer === undefined ? [] : ipOfServer(brokerServer)
  const { clusterId, podCidrs, serviceCidrs } = settings
  let last: { readonly nodes: readonly Node[]; readonly api: readonly Ip[]; readonly own: OwnNetworks } | undefined
  return () => {
    const [now, api] = [nodes.all(), apiAddresses()]
    if (last?.nodes !== now || last.api !== api) {
      const addresses = [...new Set([...addressesOf(now), ...servers, ...api])].sort()
      const isSame = last?.own.addresses.join() === addresses.join()
      last = { nodes: now, api, own: isSame && last ? last.own : { clusterId, podCidrs, serviceCidrs, addresses, brokerAddresses } }
    }
    return last.own
  }
}

/** Of all Nodes; their hostnames stand among their addresses too. */
const addressesOf = remembered((nodes: readonly Node[]): readonly Ip[] =>
  nodes.flatMap(({ status }) => status?.addresses?.flatMap(({ address }) => ipOrNone(address)) ?? []),
)

/** The address in a URL; none where it has a name, or an address that means another machine to each that says it. */
const ipOfServer = (server: string): readonly Ip[] =>
  URL.canParse(server) ? ipOrNone(new URL(server).hostname.replace(/^\[|\]$/g, '')).filter((ip) => !/^(127\.|::1$)/.test(ip)) : []
