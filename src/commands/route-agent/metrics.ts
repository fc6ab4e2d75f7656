// The route agent's metrics. Those of connections are by the engine's labels, as far as a node knows them.
import type { Metric, Sample } from '../../system/metrics.ts'
import { secondsOf } from '../engine/metrics.ts'
import type { RouteAgentSeen } from './world.ts'

const STATUSES = ['connected', 'connecting', 'error', 'none'] as const

export function routeAgentMetrics({ isReady, routes, passes, status }: RouteAgentSeen): readonly Metric[] {
  const remotes = status?.remoteEndpoints ?? []
  const latency = remotes.flatMap(({ spec, latencyRTT }): Sample[] => {
    const value = secondsOf(latencyRTT?.average ?? '')
    return value === undefined ? [] : [{ labels: { remote_cluster: spec.cluster_id, remote_hostname: spec.hostname }, value }]
  })
  return [
    gauge('submariner_route_agent_in_step', 'Whether the kernel was brought to its plan by the last pass.', [{ value: Number(isReady) }]),
    gauge('submariner_route_agent_routes', 'Routes of the plan.', [{ value: routes }]),
    gauge(
      'submariner_route_agent_remotes',
      'Gateways of other clusters as echo requests from this node find them, by status.',
      STATUSES.map((one) => ({ labels: { status: one }, value: remotes.filter(({ status: its }) => its === one).length })),
    ),
    gauge('submariner_route_agent_latency_seconds', 'Round-trip time from this node through the tunnel, on average.', latency),
    { name: 'submariner_route_agent_passes', help: 'Passes that came to their end.', type: 'counter', samples: [{ value: passes }] },
  ]
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({ name, help, type: 'gauge', samples })
