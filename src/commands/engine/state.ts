// What the loops of one engine share: the live copies, who this gateway is, and whether it leads.
import type { OwnWish } from '../../broker/exchange.ts'
import type { LeaseName } from '../../k8s/candidate.ts'
import { openStore, type Store, type StoreOptions } from '../../k8s/store.ts'
import type { Failure } from '../../model/gateway-status.ts'
import { GATEWAY_LEASE, sanitise } from '../../model/names.ts'
import type { Cluster, Endpoint, EndpointSpec, Gateway, Node } from '../../model/resources.ts'
import { type ApiAddresses, openApiAddresses } from '../agent/api-addresses.ts'
import { openView, type RemoteView } from '../agent/remote-view.ts'
import { isOwnEndpoint, ownEndpoint, ownSpec, type Self } from './self.ts'
import type { EngineWorld } from './world.ts'

/** `following`: another gateway's Endpoint is published, so this node carries nothing. `waiting`: nobody knows, so what is there stays. */
export type Role = 'leading' | 'following' | 'waiting'

export interface Stores {
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
  readonly gateways: Store<Gateway>
  readonly nodes: Store<Node>
  readonly broker: { readonly clusters: Store<Cluster>; readonly endpoints: Store<Endpoint> } | undefined
}

export interface EngineState {
  readonly world: EngineWorld
  readonly stores: Stores
  readonly view: () => RemoteView
  readonly apiAddresses: ApiAddresses
  /** Undefined until the machine has been looked at. */
  self: Self | undefined
  leading: boolean
  /** When this gateway last asked for the lease and got it. */
  heldAt: number
  /** Whether this process has ever led. */
  hasLed: boolean
  stage: OwnWish['stage']
  /** Since when it leads alone. */
  settledAt: number | undefined
  /** Problems by the loop that has them: they stand in the Gateway object. */
  readonly failures: Map<'cables' | 'sync' | 'self', Failure>
  /** Ends the engine: later than SIGTERM, by the time of the succession. */
  readonly stop: AbortSignal
  /** Asks every loop to look again. */
  kick(): void
  readonly loops: Set<{ kick(): void }>
}

export const ownName = ({ world }: EngineState): string => sanitise(world.hostname)
/** The lease of the leading gateway, with this one as a candidate. */
export const leaseOf = ({ world }: EngineState): LeaseName => ({
  name: GATEWAY_LEASE,
  namespace: world.settings.namespace,
  me: `${world.hostname}-submariner-gateway`,
})
export const specOf = ({ self }: EngineState): EndpointSpec | undefined => self && ownSpec(self)

/** Endpoints of this cluster that gateways have published. */
export const published = ({ world, stores }: EngineState): readonly Endpoint[] =>
  stores.endpoints.all().filter((endpoint) => isOwnEndpoint(endpoint, world.settings.clusterId))

export function roleOf(state: EngineState): Role {
  const spec = specOf(state)
  if (spec === undefined) return 'waiting'
  if (state.leading) return 'leading'
  return published(state).length > 0 && !isPublished(state) ? 'following' : 'waiting'
}

/** Whether the nodes of this cluster send to this gateway. */
export function isPublished(state: EngineState): boolean {
  const spec = specOf(state)
  const name = spec && ownEndpoint(spec, state.world.settings.namespace).metadata.name
  return published(state).some(({ metadata }) => metadata.name === name)
}

export function openState(world: EngineWorld, stop: AbortSignal): EngineState {
  const { settings, clock, log, local, broker } = world
  const loops: EngineState['loops'] = new Set()
  const kick = (): void => {
    for (const loop of loops) loop.kick()
  }
  const here: StoreOptions = { clock, log, signal: stop, onChange: kick, query: { namespace: settings.namespace } }
  const there: StoreOptions = { ...here, log: log.with({ side: 'broker' }), query: { namespace: settings.brokerNamespace } }
  const stores: Stores = {
    clusters: openStore(local, 'Cluster', here),
    endpoints: openStore(local, 'Endpoint', here),
    gateways: openStore(local, 'Gateway', { clock, log, signal: stop, query: { namespace: settings.namespace } }),
    nodes: openStore(local, 'Node', { ...here, query: {} }),
    broker: broker && { clusters: openStore(broker, 'Cluster', there), endpoints: openStore(broker, 'Endpoint', there) },
  }
  const apiAddresses = openApiAddresses(local, { clock, log, signal: stop, onChange: kick })
  const view = openView({ settings, ...stores, apiServers: [local.server], apiAddresses: apiAddresses.all, brokerServer: broker?.server })
  return {
    world,
    stores,
    view,
    apiAddresses,
    self: undefined,
    leading: false,
    heldAt: Number.NEGATIVE_INFINITY,
    hasLed: false,
    stage: 'ahead',
    settledAt: undefined,
    failures: new Map(),
    stop,
    kick,
    loops,
  }
}

/** Settles when every store has ended. */
export const storesEnded = ({ stores, apiAddresses }: EngineState): Promise<unknown> =>
  Promise.all(
    [apiAddresses, stores.clusters, stores.endpoints, stores.gateways, stores.nodes, stores.broker?.clusters, stores.broker?.endpoints].map(
      (store) => store?.ended,
    ),
  )
