// The RouteAgent object: what one node reaches through the tunnels.
import type { Pulse } from '../../dataplane/health.ts'
import { specText } from '../../model/gateway-status.ts'
import type { Ip } from '../../model/net.ts'
import type { RemoteCluster, RemoteGateway } from '../../model/remote.ts'
import type { EndpointSpec, RemoteEndpoint, RouteAgent } from '../../model/resources.ts'

export type Status = RouteAgent['status']

export interface StatusParts {
  readonly version: string
  /** "" where nothing keeps the agent from its work. */
  readonly failure: string
  readonly remotes: readonly RemoteCluster[]
  /** Undefined where health checks are switched off. */
  readonly pulse: ((target: Ip) => Pulse) | undefined
}

export const statusOf = ({ version, failure, remotes, pulse }: StatusParts): Status => ({
  version,
  statusFailure: failure,
  remoteEndpoints: remotes.flatMap(({ gateways }) => gateways).map((gateway) => remoteEndpoint(gateway, pulse)),
})

function remoteEndpoint({ spec, healthCheckIp }: RemoteGateway, pulse: StatusParts['pulse']): RemoteEndpoint {
  if (pulse === undefined) return { status: 'none', statusMessage: 'health checks are switched off', spec }
  if (healthCheckIp === undefined) return { status: 'none', statusMessage: `${spec.cluster_id} publishes no address to check`, spec }
  const { state, rtt } = pulse(healthCheckIp)
  const latency = rtt === undefined ? {} : { latencyRTT: rtt }
  if (state === 'alive') return { status: 'connected', statusMessage: '', spec, ...latency }
  if (state === 'unknown') return { status: 'connecting', statusMessage: '', spec, ...latency }
  return { status: 'error', statusMessage: `${healthCheckIp} does not answer through the tunnel`, spec, ...latency }
}

/** A status without times: what is written at once when it changes, and what can wait a while. */
export interface Said {
  readonly state: string
  /** What the remote endpoints are. */
  readonly detail: readonly EndpointSpec[]
}
export const saidIn = ({ version, statusFailure, remoteEndpoints = [] }: Status): Said => ({
  state: JSON.stringify([version, statusFailure, ...remoteEndpoints.map(stateOf)]),
  detail: remoteEndpoints.map(({ spec }) => spec),
})

export const isSameDetail = ({ detail: a }: Said, { detail: b }: Said): boolean =>
  a.length === b.length && a.every((spec, i) => spec === b[i] || specText(spec) === specText(b[i] ?? spec))

const stateOf = ({ status, statusMessage, spec }: RemoteEndpoint): string => `${spec.cable_name} ${status} ${statusMessage}`

/** The addresses to send echo requests to. */
export const targetsOf = (remotes: readonly RemoteCluster[]): readonly Ip[] => [
  ...new Set(remotes.flatMap(({ gateways }) => gateways.flatMap(({ healthCheckIp }) => healthCheckIp ?? []))),
]
