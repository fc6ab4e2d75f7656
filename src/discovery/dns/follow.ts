import type { KubeApi } from '../../k8s/api.ts'
import { type Feed, openFeed, openStore } from '../../k8s/store.ts'
import { SERVICE_NAME } from '../../model/mcs.ts'
import type { Clock } from '../../system/clock.ts'
import { collectSoon } from '../../system/heap.ts'
import type { Log } from '../../system/log.ts'
import { openNodes } from '../nodes.ts'
import type { Index } from './index.ts'
import { openReach } from './reach.ts'

export interface FollowOptions {
  readonly api: KubeApi
  /** Where the Gateways and RouteAgents are. */
  readonly namespace: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}
export interface Following {
  /** What keeps the index from being as the cluster is; undefined where nothing does. */
  trouble(): string | undefined
  /** Settles when the signal has ended it. */
  readonly ended: Promise<void>
}

/** The Gateways are worth so long a wait at the start: without them, services of clusters that are away are answered. */
const GATEWAYS_MS = 2_000

/** Keeps the index as the cluster's API has it, until the signal. While the API is away it stays as it was. */
export function followCluster(index: Index, { api, namespace, clock, log, signal }: FollowOptions): Following {
  const common = { clock, log, signal }
  const imports = openFeed(api, 'ServiceImport', index.imports, common)
  const slices = openFeed(api, 'EndpointSlice', index.slices, { ...common, query: { labels: { [SERVICE_NAME]: '' } } })
  const see = openReach({ clock, signal, onChange: index.setConnected })
  const look = (): void => see(gateways.all(), nodes.words(gateways.all()))
  const nodes = openNodes(api, { ...common, namespace, onChange: look })
  const gateways = openStore(api, 'Gateway', { ...common, query: { namespace }, onChange: look })
  const feeds: readonly Feed[] = [imports, slices, gateways]
  const begin = async (): Promise<void> => {
    await Promise.all([imports.ready, slices.ready])
    const waiting = new AbortController()
    await Promise.race([gateways.ready, clock.sleep(GATEWAYS_MS, AbortSignal.any([signal, waiting.signal]))])
    waiting.abort()
    if (signal.aborted) return
    index.complete()
    collectSoon()
    log.info('all services are known', index.size)
  }
  const begun = begin()
  return {
    trouble: () => imports.trouble ?? slices.trouble,
    ended: Promise.all([begun, nodes.ended, ...feeds.map((feed) => feed.ended)]).then(() => undefined),
  }
}
