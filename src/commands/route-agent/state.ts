// What the loops of one route agent share: the live copies, and what the last pass made of them.
import type { NodePlan } from '../../dataplane/node/state.ts'
import { openStore, type Store } from '../../k8s/store.ts'
import type { Ip } from '../../model/net.ts'
import type { RemoteCluster } from '../../model/remote.ts'
import type { Cluster, Endpoint, Node, RouteAgent } from '../../model/resources.ts'
import type { View } from '../../model/view.ts'
import { type ApiAddresses, openApiAddresses } from '../agent/api-addresses.ts'
import { openView, type RemoteView } from '../agent/remote-view.ts'
import type { NodeFacts, RouteAgentWorld } from './world.ts'

export interface RouteAgentState {
  readonly world: RouteAgentWorld
  readonly stores: {
    readonly clusters: Store<Cluster>
    readonly endpoints: Store<Endpoint>
    readonly nodes: Store<Node>
    /** This node's own RouteAgent alone. */
    readonly mine: Store<RouteAgent>
  }
  readonly apiAddresses: ApiAddresses
  /** The others' clusters after vetting. */
  readonly remoteView: () => RemoteView
  /** What the machine last said of itself. */
  facts: { readonly nodeIp: Ip; readonly found: NodeFacts } | undefined
  /** Of the last pass that came so far. */
  view: View | undefined
  plan: NodePlan | undefined
  /** What keeps the agent from its work; "" where nothing does. */
  failure: string
  /** Whether the last pass ended with an error. */
  isFailing: boolean
  readonly onChange: { node(): void; mine(): void }
}

export function openState(world: RouteAgentWorld): RouteAgentState {
  const { settings, clock, log, local, signal } = world
  const { namespace, nodeName } = settings
  const onChange = { node: (): void => undefined, mine: (): void => undefined }
  const options = { clock, log, signal, onChange: () => onChange.node() }
  const stores = {
    clusters: openStore(local, 'Cluster', { ...options, query: { namespace } }),
    endpoints: openStore(local, 'Endpoint', { ...options, query: { namespace } }),
    nodes: openStore(local, 'Node', { ...options, query: {} }),
    mine: openStore(local, 'RouteAgent', { clock, log, signal, onChange: () => onChange.mine(), query: { namespace, name: nodeName } }),
  }
  const apiAddresses = openApiAddresses(local, options)
  const remoteView = openView({ settings, ...stores, apiServers: [local.server], apiAddresses: apiAddresses.all, brokerServer: undefined })
  return {
    world,
    stores,
    apiAddresses,
    remoteView,
    facts: undefined,
    view: undefined,
    plan: undefined,
    failure: '',
    isFailing: false,
    onChange,
  }
}

/** Whether the first lists have come: before that nothing is known, and what is in the kernel stays. */
export const isKnown = ({ stores }: RouteAgentState): boolean =>
  [stores.clusters, stores.endpoints, stores.nodes].every((store) => store.heardMs() < Number.POSITIVE_INFINITY)

/** The address that this node sends into tunnels from. */
export const sourceOf = ({ plan }: RouteAgentState): Ip | undefined => plan?.routes.find(({ src }) => src !== undefined)?.src

export const remotesOf = (state: RouteAgentState): readonly RemoteCluster[] => (isKnown(state) ? state.remoteView().remotes : [])

/** Settles when every store has ended. */
export const storesEnded = ({ stores, apiAddresses }: RouteAgentState): Promise<unknown> =>
  Promise.all([apiAddresses, stores.clusters, stores.endpoints, stores.nodes, stores.mine].map(({ ended }) => ended))
