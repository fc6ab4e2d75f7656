// The engine's metrics, by upstream's names and labels. Bytes of tunnels are not among them: charon's counters begin anew with each SA.
import { SINCE_STATES_ANNOTATION } from '../../model/gateway-status.ts'
import type { Connection, ConnectionStatus, EndpointSpec } from '../../model/resources.ts'
import type { Metric, Sample } from '../../system/metrics.ts'
import type { Observation } from './world.ts'

const STATUSES: readonly ConnectionStatus[] = ['connected', 'connecting', 'error']

export function engineMetrics({ gateway, isLeading, syncs }: Observation): readonly Metric[] {
  const { connections, localEndpoint: local } = gateway.status
  const since = sinceOf(gateway.metadata.annotations?.[SINCE_STATES_ANNOTATION])
  const each = (value: (connection: Connection) => number | undefined): readonly Sample[] =>
    connections.flatMap((connection) => {
      const number = value(connection)
      return number === undefined ? [] : [{ labels: labelsOf(local, connection), value: number }]
    })
  const isUp = ({ status }: Connection): boolean => status === 'connected'
  return [
    gauge('submariner_gateway_active', 'Whether this gateway is the active one of its cluster.', [{ value: Number(isLeading) }]),
    gauge(
      'submariner_connections',
      'Connections to the other clusters, by status.',
      connections.map((connection) => ({ labels: { ...labelsOf(local, connection), status: connection.status }, value: 1 })),
    ),
    gauge(
      'submariner_connections_short',
      'Number of connections, by status.',
      STATUSES.map((status) => ({
        labels: { cable_driver: local.backend, status },
        value: connections.filter((connection) => connection.status === status).length,
      })),
    ),
    gauge(
      'submariner_connection_established_timestamp',
      'Since when a connection stands, in unix time.',
      each((connection) => (isUp(connection) ? since[connection.endpoint.cable_name] : undefined)),
    ),
    gauge(
      'submariner_connection_latency_seconds',
      'Round-trip time through the tunnel, on average.',
      each((connection) => secondsOf(connection.latencyRTT?.average ?? '')),
    ),
    {
      name: 'submariner_gateway_sync_iterations',
      help: 'Passes of the exchange with the broker.',
      type: 'counter',
      samples: [{ value: syncs }],
    },
  ]
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({ name, help, type: 'gauge', samples })

const labelsOf = (local: EndpointSpec, { endpoint, usingIP }: Connection): Readonly<Record<string, string>> => ({
  cable_driver: local.backend,
  local_cluster: local.cluster_id,
  local_hostname: local.hostname,
  local_endpoint_ip: local.public_ip === '' ? local.private_ip : local.public_ip,
  remote_cluster: endpoint.cluster_id,
  remote_hostname: endpoint.hostname,
  remote_endpoint_ip: usingIP ?? endpoint.private_ip,
})

/** By cable name, in unix seconds. */
function sinceOf(text: string | undefined): Readonly<Record<string, number>> {
  const times: unknown = text === undefined ? {} : JSON.parse(text)
  const entries = typeof times === 'object' && times !== null ? Object.entries(times) : []
  return Object.fromEntries(entries.map(([name, time]) => [name, Date.parse(String(time)) / 1000]))
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9 }

/** Go's duration text in seconds; undefined for other text. */
export function secondsOf(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s|µs|us|ns))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|us|ns)/g)
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0)
}
