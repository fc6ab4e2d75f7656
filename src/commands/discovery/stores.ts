// The live copies that the leading agent works on.
import { lightBrokerImport, lightBrokerSlice, lightNamespace, lightService, lightSlice } from '../../discovery/light.ts'
import { openStore, type Store, type StoreOptions } from '../../k8s/store.ts'
import type { EndpointSlice, ServiceExport, ServiceImport } from '../../model/mcs.ts'
import type { Cluster, Endpoint, Gateway, Node, Resource, Service } from '../../model/resources.ts'
import type { DiscoveryWorld } from './world.ts'

export interface LocalStores {
  readonly exports: Store<ServiceExport>
  readonly imports: Store<ServiceImport>
  readonly services: Store<Service>
  readonly slices: Store<EndpointSlice>
  readonly namespaces: Store<Resource>
  readonly nodes: Store<Node>
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
  readonly gateways: Store<Gateway>
}
export interface BrokerStores {
  readonly imports: Store<ServiceImport>
  readonly slices: Store<EndpointSlice>
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
}
export interface Stores {
  readonly local: LocalStores
  /** Undefined for a cluster without a broker. */
  readonly broker: BrokerStores | undefined
  /** Settles when the signal has ended them all. */
  readonly ended: Promise<unknown>
}

export function openStores({ settings, clock, log, local, broker }: DiscoveryWorld, signal: AbortSignal, onChange: () => void): Stores {
  const everywhere: StoreOptions = { clock, log, signal, onChange }
  const here: StoreOptions = { ...everywhere, query: { namespace: settings.namespace } }
  const there: StoreOptions = { ...everywhere, log: log.with({ side: 'broker' }), query: { namespace: settings.brokerNamespace } }
  const ours: LocalStores = {
    exports: openStore(local, 'ServiceExport', everywhere),
    imports: openStore(local, 'ServiceImport', everywhere),
    services: openStore(local, 'Service', { ...everywhere, light: lightService }),
    slices: openStore(local, 'EndpointSlice', { ...everywhere, light: lightSlice }),
    namespaces: openStore(local, 'Namespace', { ...everywhere, light: lightNamespace }),
    // Addresses of nodes change seldom, heartbeats come all the time: a pass looks at them when it comes.
    nodes: openStore(local, 'Node', { clock, log, signal }),
    clusters: openStore(local, 'Cluster', here),
    endpoints: openStore(local, 'Endpoint', here),
    gateways: openStore(local, 'Gateway', here),
  }
  const theirs: BrokerStores | undefined = broker && {
    imports: openStore(broker, 'ServiceImport', { ...there, light: lightBrokerImport }),
    slices: openStore(broker, 'EndpointSlice', { ...there, light: lightBrokerSlice }),
    clusters: openStore(broker, 'Cluster', there),
    endpoints: openStore(broker, 'Endpoint', there),
  }
  const all: readonly Store<unknown>[] = [...Object.values(ours), ...Object.values(theirs ?? {})]
  return { local: ours, broker: theirs, ended: Promise.all(all.map(({ ended }) => ended)) }
}

/** The first of the copies that nothing is known of yet, with why; undefined where all have been listed. */
export function unknownOf(stores: LocalStores | BrokerStores): string | undefined {
  const missing = Object.entries<Store<unknown>>({ ...stores }).find(([, store]) => store.heardMs() === Number.POSITIVE_INFINITY)
  return missing && `${missing[0]} have not been listed yet${missing[1].trouble === undefined ? '' : `: ${missing[1].trouble}`}`
}
