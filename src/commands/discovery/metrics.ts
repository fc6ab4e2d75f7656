// The metrics of a discovery agent; the counts of exports and imports by upstream's names.
import type { Metric, Sample } from '../../system/metrics.ts'
import type { DiscoverySeen } from './world.ts'

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({ name, help, type: 'gauge', samples })

export const discoveryMetrics = ({ isLeading, exports, imports, refused, reachable, passes, looks }: DiscoverySeen): readonly Metric[] => [
  gauge('submariner_discovery_leader', 'Whether this agent is the leading one of its cluster.', [{ value: Number(isLeading) }]),
  gauge(
    'submariner_service_export',
    'Services that this cluster exports, by state.',
    Object.entries(exports).map(([state, value]) => ({ labels: { state }, value })),
  ),
  gauge('submariner_service_import', 'Services that this cluster imports.', isLeading ? [{ value: imports }] : []),
  gauge('submariner_discovery_refused', 'Objects of other clusters that are refused.', isLeading ? [{ value: refused }] : []),
  gauge(
    'submariner_discovery_cluster_reachable',
    'Whether the backends of a cluster count as reachable.',
    [...reachable].map(([cluster, isReachable]) => ({ labels: { cluster }, value: Number(isReachable) })),
  ),
  {
    name: 'submariner_discovery_passes',
    help: 'Passes of the leading agent.',
    type: 'counter',
    samples: isLeading ? [{ value: passes }] : [],
  },
  {
    name: 'submariner_discovery_looks',
    help: 'Times that the leading agent has looked at a service.',
    type: 'counter',
    samples: isLeading ? [{ value: looks }] : [],
  },
]
