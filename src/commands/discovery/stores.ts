// The live copies that the leading agent works on.
import { type Copies, openCopies, type ServiceText } from '../../discovery/copies/copies.ts'
import { lightNamespace } from '../../discovery/copies/light.ts'
import { type Nodes, openNodes } from '../../discovery/nodes.ts'
import { type Feed, openFeed, openStore, type Store, type StoreOptions } from '../../k8s/store.ts'
import type { Cluster, Endpoint, Gateway, Node, Resource } from '../../model/resources.ts'
import type { DiscoveryWorld } from './world.ts'

export interface LocalStores {
  readonly exports: Feed
  readonly imports: Feed
  readonly services: Feed
  readonly slices: Feed
  readonly namespaces: Store<Resource>
  readonly nodes: Store<Node>
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
  readonly gateways: Store<Gateway>
}
export interface BrokerStores {
  readonly imports: Feed
  readonly slices: Feed
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
}
export interface Stores {
  /** What services are made of, on both sides. */
  readonly copies: Copies
  readonly local: LocalStores
  /** Undefined for a cluster without a broker. */
  readonly broker: BrokerStores | undefined
  /** What this cluster's nodes reach, while nobody leads its gateways. */
  readonly nodes: Nodes
  /** Settles when the signal has ended them all. */
  readonly ended: Promise<unknown>
}

export interface StoresOptions {
  readonly signal: AbortSignal
  readonly onChange: () => void
  /** Told of each service that must be looked at again. */
  readonly mark: (service: ServiceText) => void
}
export function openStores({ settings, clock, log, local, broker }: DiscoveryWorld, { signal, onChange, mark }: StoresOptions): Stores {
  const copies = openCopies(mark)
  const everywhere: StoreOptions = { clock, log, signal, onChange }
  const here: StoreOptions = { ...everywhere, query: { namespace: settings.namespace } }
  const there: StoreOptions = { ...everywhere, log: log.with({ side: 'broker' }), query: { namespace: settings.brokerNamespace } }
  const ours: LocalStores = {
    exports: openFeed(local, 'ServiceExport', copies.exports.copy, everywhere),
    imports: openFeed(local, 'ServiceImport', copies.imports.copy, everywhere),
    services: openFeed(local, 'Service', copies.services.copy, everywhere),
    slices: openFeed(local, 'EndpointSlice', copies.slices.copy, everywhere),
    namespaces: openStore(local, 'Namespace', { ...everywhere, light: lightNamespace }),
    // Addresses of nodes change seldom, heartbeats come all the time: a pass looks at them when it comes.
    nodes: openStore(local, 'Node', { clock, log, signal }),
    clusters: openStore(local, 'Cluster', here),
    endpoints: openStore(local, 'Endpoint', here),
    gateways: openStore(local, 'Gateway', here),
  }
  const theirs: BrokerStores | undefined = broker && {
    imports: openFeed(broker, 'ServiceImport', copies.broker.imports.copy, there),
    slices: openFeed(broker, 'EndpointSlice', copies.broker.slices.copy, there),
    clusters: openStore(broker, 'Cluster', there),
    endpoints: openStore(broker, 'Endpoint', there),
  }
  const nodes = openNodes(local, { clock, log, signal, onChange, namespace: settings.namespace })
  const all: readonly Pick<Feed, 'ended'>[] = [...Object.values(ours), ...Object.values(theirs ?? {}), nodes]
  return { copies, local: ours, broker: theirs, nodes, ended: Promise.all(all.map(({ ended }) => ended)) }
}

/** The first of the copies that nothing is known of yet, with why; undefined where all have been listed. */
export function unknownOf(stores: LocalStores | BrokerStores): string | undefined {
  const missing = Object.entries<Feed>({ ...stores }).find(([, store]) => store.heardMs() === Number.POSITIVE_INFINITY)
  return missing && `${missing[0]} have not been listed yet${missing[1].trouble === undefined ? '' : `: ${missing[1].trouble}`}`
}
