// What /metrics tells. Names of kinds and codes alone are labels, so that there are never many series.
import { exposition, type Metric, processMetrics } from '../../system/metrics.ts'
import type { World } from '../writes/call.ts'
import type { Watches } from './watches.ts'

export interface Figures {
  /** Counts one request that was answered. `resource` is "" for what is no object. */
  count(request: { readonly method: string; readonly resource: string; readonly code: number; readonly tookMs: number }): void
  text(world: World, watches: Watches): string
}

export function openFigures(): Figures {
  const requests = new Map<string, { readonly labels: Readonly<Record<string, string>>; count: number; seconds: number }>()
  return {
    count({ method, resource, code, tookMs }) {
      const key = `${method} ${resource} ${code}`
      const known = requests.get(key) ?? { labels: { method, resource, code: String(code) }, count: 0, seconds: 0 }
      known.count += 1
      known.seconds += tookMs / 1000
      requests.set(key, known)
    },
    text(world, watches) {
      const all = [...requests.values()]
      return exposition([
        {
          name: 'subctl_api_requests_total',
          help: 'Requests answered, watches not among them.',
          type: 'counter',
          samples: all.map(({ labels, count }) => ({ labels, value: count })),
        },
        {
          name: 'subctl_api_request_seconds_total',
          help: 'Time that these requests took.',
          type: 'counter',
          samples: all.map(({ labels, seconds }) => ({ labels, value: seconds })),
        },
        ...metricsOf(world, watches),
        ...processMetrics(),
      ])
    },
  }
}

function metricsOf({ state, table }: World, watches: Watches): readonly Metric[] {
  const one = (name: string, type: Metric['type'], help: string, value: number): Metric => ({ name, help, type, samples: [{ value }] })
  const objects = table.all.map(({ kind }) => ({ labels: { kind }, value: state.all(kind).length }))
  return [
    one('subctl_api_watches', 'gauge', 'Watches under way.', watches.size),
    one('subctl_api_watches_dropped_total', 'counter', 'Watches ended because their clients took nothing.', watches.dropped),
    one('subctl_api_resource_version', 'gauge', 'Version of the last write.', state.version),
    one('subctl_api_writes_failing', 'gauge', '1 where the last write could not be stored.', state.fault === undefined ? 0 : 1),
    { name: 'subctl_api_objects', help: 'Objects stored.', type: 'gauge', samples: objects },
  ]
}
