// What an engine knows, from the live copies: the others' clusters after vetting, and the cables to them.
import type { Cable } from '../../dataplane/cable.ts'
import type { Store } from '../../k8s/store.ts'
import type { Refusal } from '../../model/decode.ts'
import { type Ip, ipOrNone } from '../../model/net.ts'
import type { OwnNetworks, RemoteCluster, RemoteGateway } from '../../model/remote.ts'
import type { Cluster, Connection, Endpoint, EndpointSpec, Node } from '../../model/resources.ts'
import { vet } from '../../model/vet.ts'
import type { EngineSettings } from './world.ts'

export interface ViewSources {
  readonly settings: Pick<EngineSettings, 'clusterId' | 'podCidrs' | 'serviceCidrs'>
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
  let last: { readonly key: readonly unknown[]; readonly view: RemoteView } | undefined
  return () => {
    const own = ownNetworks(sources)
    const key = [sources.clusters.all(), sources.endpoints.all(), own.addresses.join()]
    if (last === undefined || key.some((part, i) => part !== last?.key[i]))
      last = { key, view: vet(own, sources.clusters.all(), sources.endpoints.all()) }
    return last.view
  }
}

function ownNetworks({ settings, nodes, apiServers, apiAddresses, brokerServer }: ViewSources): OwnNetworks {
  const ofNodes = nodes.all().flatMap((node) => node.status?.addresses?.flatMap(({ address }) => ipOrNone(address)) ?? [])
  return {
    clusterId: settings.clusterId,
    podCidrs: settings.podCidrs,
    serviceCidrs: settings.serviceCidrs,
    addresses: [...new Set([...ofNodes, ...apiServers.flatMap(ipOfServer), ...apiAddresses()])].sort(),
    brokerAddresses: brokerServer === undefined ? [] : ipOfServer(brokerServer),
  }
}

/** The address in a URL; none where it has a name, or an address that means another machine to each that says it. */
const ipOfServer = (server: string): readonly Ip[] =>
  URL.canParse(server) ? ipOrNone(new URL(server).hostname.replace(/^\[|\]$/g, '')).filter((ip) => !/^(127\.|::1$)/.test(ip)) : []

/** A cable to each gateway that speaks our cable driver's language; newest first within a cluster. */
export const cablesOf = (local: EndpointSpec, remotes: readonly RemoteCluster[], forceEncaps: boolean): readonly Cable[] =>
  gatewaysOf(remotes)
    .filter((gateway) => gateway.backend === local.backend)
    .map((gateway) => ({
      local,
      remote: { ...gateway.spec, subnets: gateway.subnets },
      address: gateway.address,
      port: gateway.port,
      nat: forceEncaps || gateway.address !== gateway.privateIp,
    }))

/** Connections that cannot be: gateways with another cable driver. */
export const impossible = (local: EndpointSpec, remotes: readonly RemoteCluster[]): readonly Connection[] =>
  gatewaysOf(remotes)
    .filter((gateway) => gateway.backend !== local.backend)
    .map(({ spec, backend }) => ({
      status: 'error',
      statusMessage: `cluster ${spec.cluster_id} uses the cable driver ${backend}, this cluster ${local.backend}`,
      endpoint: spec,
    }))

const gatewaysOf = (remotes: readonly RemoteCluster[]): readonly RemoteGateway[] => remotes.flatMap(({ gateways }) => gateways)

/** Health-check addresses, each with the cable that leads there. */
export const probesOf = (remotes: readonly RemoteCluster[]): ReadonlyMap<string, Ip> =>
  new Map(
    gatewaysOf(remotes).flatMap(({ cableName, healthCheckIp }) =>
      healthCheckIp === undefined ? [] : [[cableName, healthCheckIp] as const],
    ),
  )
