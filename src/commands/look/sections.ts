import { isOwn, type Look } from '../../checks/look.ts'
import { isRefused } from '../../checks/paths/refused.ts'
import { doubtedOnes } from '../../checks/services/unreached.ts'
import { oldPortOf, oldPortText, replaceCharon } from '../../model/charon-port.ts'
import { refusalText } from '../../model/decode.ts'
import { refusedOf } from '../../model/gateway-status.ts'
import type { Cluster, Endpoint, Resource } from '../../model/resources.ts'

/** One kind of thing that `show` prints: a table of a cluster's look, and the objects behind it. */
export interface Section {
  readonly name: 'clusters' | 'endpoints' | 'gateways' | 'connections' | 'route-agents'
  readonly columns: readonly string[]
  /** Columns that `-o wide` adds. */
  readonly wide: readonly string[]
  /** A row holds the columns, then the wide ones. */
  readonly rows: (look: Look) => readonly (readonly string[])[]
  readonly objects: (look: Look) => readonly Resource[]
  /** Sentences below the table, of what is not as it should be. */
  readonly remarks?: (look: Look) => readonly string[]
}

const NONE = '-'
const list = (items: readonly string[] | undefined): string => (items === undefined || items.length === 0 ? NONE : items.join(','))
const or = (text: string | undefined): string => (text === undefined || text === '' ? NONE : text)
const rtt = (latency: { readonly average: string } | undefined): string => or(latency?.average)

export const SECTIONS: readonly Section[] = [
  {
    name: 'clusters',
    columns: ['cluster', 'kind', 'pod networks', 'service networks'],
    wide: ['object'],
    rows: (look) =>
      look.clusters.map((cluster) => [
        or(cluster.spec?.cluster_id),
        kindOf(look, cluster),
        list(cluster.spec?.cluster_cidr),
        list(cluster.spec?.service_cidr),
        cluster.metadata.name,
      ]),
    objects: (look) => look.clusters,
  },
  {
    name: 'endpoints',
    columns: ['cluster', 'kind', 'gateway', 'private ip', 'public ip', 'driver', 'networks'],
    wide: ['nat', 'port', 'device', 'cable'],
    rows: (look) =>
      look.endpoints.map(({ spec, ...endpoint }) => [
        or(spec?.cluster_id),
        kindOf(look, { ...endpoint, spec }),
        or(spec?.hostname),
        or(spec?.private_ip),
        or(spec?.public_ip),
        or(spec?.backend),
        list(spec?.subnets),
        spec?.nat_enabled === true ? 'yes' : 'no',
        or(spec?.backend_config?.['udp-port']),
        or(spec?.backend_config?.['interface-name']),
        or(spec?.cable_name),
      ]),
    objects: (look) => look.endpoints,
  },
  {
    name: 'gateways',
    columns: ['node', 'ha status', 'connections', 'version'],
    wide: ['failure'],
    rows: (look) =>
      look.gateways.map(({ metadata, status }) => [
        metadata.name,
        or(status?.haStatus),
        summary(status?.connections ?? []),
        or(status?.version),
        or(status?.statusFailure),
      ]),
    objects: (look) => look.gateways,
    remarks: (look) =>
      look.gateways.flatMap((gateway) => [
        ...refusedOf(gateway.metadata.annotations).map((one) => `${gateway.metadata.name} refuses ${refusalText(one)}`),
        ...[oldPortOf(gateway)].flatMap((old) => (old === undefined ? [] : [`${oldPortText(old)}: ${replaceCharon()}`])),
      ]),
  },
  {
    name: 'connections',
    columns: ['gateway', 'cluster', 'remote gateway', 'remote ip', 'nat', 'driver', 'status', 'rtt avg'],
    wide: ['message', 'networks'],
    rows: (look) =>
      look.gateways.flatMap((gateway) =>
        (gateway.status?.connections ?? []).map((connection) => [
          gateway.metadata.name,
          or(connection.endpoint?.cluster_id),
          or(connection.endpoint?.hostname),
          or(connection.usingIP),
          connection.usingNAT === true ? 'yes' : 'no',
          or(connection.endpoint?.backend),
          or(connection.status),
          rtt(connection.latencyRTT),
          or(connection.statusMessage),
          list(connection.endpoint?.subnets),
        ]),
      ),
    objects: (look) => look.gateways,
    remarks: doubtedOnes,
  },
  {
    name: 'route-agents',
    columns: ['node', 'cluster', 'status', 'rtt avg', 'message'],
    wide: ['health ip', 'version'],
    rows: (look) =>
      look.routeAgents.flatMap(({ metadata, status }) => {
        const remotes = status?.remoteEndpoints ?? []
        if (remotes.length === 0) return [[metadata.name, NONE, NONE, NONE, or(status?.statusFailure), NONE, or(status?.version)]]
        return remotes.map((remote) => [
          metadata.name,
          or(remote.spec?.cluster_id),
          or(remote.status),
          rtt(remote.latencyRTT),
          or(remote.statusMessage),
          or(remote.spec?.healthCheckIP),
          or(status?.version),
        ])
      }),
    objects: (look) => look.routeAgents,
  },
]

/** Copies of what others publish stand here also where the gateways do not take them. */
function kindOf(look: Look, object: Cluster | Endpoint): 'local' | 'remote' | 'refused' {
  if (isOwn(look, object)) return 'local'
  return isRefused(look, object) ? 'refused' : 'remote'
}

function summary(connections: readonly { readonly status: string }[]): string {
  if (connections.length === 0) return 'none'
  const up = connections.filter((connection) => connection.status === 'connected').length
  return up === connections.length ? `all ${up} connected` : `${up} of ${connections.length} connected`
}
