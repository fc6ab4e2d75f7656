// What follows from the other clusters' gateways: cables, connections that cannot be, and addresses to probe.
import type { Cable } from '../../dataplane/cable.ts'
import { canonical, remembered } from '../../model/canonical.ts'
import type { Ip } from '../../model/net.ts'
import type { RemoteCluster, RemoteGateway } from '../../model/remote.ts'
import type { Connection, EndpointSpec } from '../../model/resources.ts'

export interface Wanted {
  /** One to each gateway that speaks our cable driver's language; newest first within a cluster. The same object as long as nothing of it changes. */
  readonly cables: readonly Cable[]
  /** Connections that cannot be: to gateways with another cable driver. */
  readonly impossible: readonly Connection[]
}

/** What the view asks for; made again only where it is another view or another self. */
export function openWanted(forceEncaps: boolean): (spec: EndpointSpec, remotes: readonly RemoteCluster[]) => Wanted {
  let own: { readonly text: string; readonly local: EndpointSpec; readonly cableOf: (gateway: RemoteGateway) => Cable } | undefined
  let last: { readonly own: unknown; readonly remotes: readonly RemoteCluster[]; readonly wanted: Wanted } | undefined
  return (spec, remotes) => {
    const text = canonical(spec)
    if (own?.text !== text) own = { text, local: spec, cableOf: remembered((gateway) => cableOf(spec, gateway, forceEncaps)) }
    if (last?.own !== own || last.remotes !== remotes) {
      const [able, unable] = [gatewaysOf(remotes, spec.backend), gatewaysOf(remotes).filter(({ backend }) => backend !== spec.backend)]
      const impossible = unable.map((gateway) => impossibleTo(spec, gateway))
      last = { own, remotes, wanted: { cables: able.map(own.cableOf), impossible } }
    }
    return last.wanted
  }
}

const cableOf = (local: EndpointSpec, gateway: RemoteGateway, forceEncaps: boolean): Cable => ({
  local,
  remote: { ...gateway.spec, subnets: gateway.subnets },
  address: gateway.address,
  port: gateway.port,
  nat: forceEncaps || gateway.address !== gateway.privateIp,
})

const impossibleTo = (local: EndpointSpec, { spec, backend }: RemoteGateway): Connection => ({
  status: 'error',
  statusMessage: `cluster ${spec.cluster_id} uses the cable driver ${backend}, this cluster ${local.backend}`,
  endpoint: spec,
})

const gatewaysOf = (remotes: readonly RemoteCluster[], only?: string): readonly RemoteGateway[] =>
  remotes.flatMap(({ gateways }) => gateways).filter(({ backend }) => only === undefined || backend === only)

/** Health-check addresses, each with the cable that leads there. */
export const probesOf = remembered(
  (remotes: readonly RemoteCluster[]): ReadonlyMap<string, Ip> =>
    new Map(
      gatewaysOf(remotes).flatMap(({ cableName, healthCheckIp }) =>
        healthCheckIp === undefined ? [] : [[cableName, healthCheckIp] as const],
      ),
    ),
)
