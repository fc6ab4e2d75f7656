// The RouteAgent object: what one node reaches through the tunnels.
import type { Pulse } from '../../dataplane/health.ts'
import { canonical } from '../../model/canonical.ts'
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

/** All of a status but times: while this text stays, a write can wait. */
export const textOf = (status: Status | undefined): string =>
  status === undefined
    ? ''
    : [status.version, status.statusFailure, ...(status.remoteEndpoints ?? []).map(entryText)].map((text) => JSON.stringify(text)).join()

const entryText = ({ status, statusMessage, spec }: RemoteEndpoint): string => `${status} ${statusMessage} ${specText(spec)}`

/** Specs never change once they are read, so each is written out once. */
const texts = new WeakMap<object, string>()
function specText(spec: EndpointSpec): string {
  const text = texts.get(spec) ?? canonical(spec)
  texts.set(spec, text)
  return text
}

/** The addresses to send echo requests to. */
export const targetsOf = (remotes: readonly RemoteCluster[]): readonly Ip[] => [
  ...new Set(remotes.flatMap(({ gateways }) => gateways.flatMap(({ healthCheckIp }) => healthCheckIp ?? []))),
]
