// What all services depend on: the networks and the reach of the other clusters, namespaces, and the state of the broker.
import type { Known } from '../../discovery/plan.ts'
import { judgeReach } from '../../discovery/reach.ts'
import type { Feed } from '../../k8s/store.ts'
import { canonical } from '../../model/canonical.ts'
import { BROKER_UID } from '../../model/names.ts'
import { wordsOf } from '../../model/reach-words.ts'
import type { Cluster } from '../../model/resources.ts'
import { type BrokerState, brokerState, liveNamespaces, membersOf, ownNetworks } from './known.ts'
import type { Around, Leader } from './leader.ts'
import { type BrokerStores, unknownOf } from './stores.ts'

export function lookAround(leader: Leader, own: Cluster): Around {
  const { world, stores } = leader
  const { clusterId, brokerNamespace, allowed, namespace, isLocalFirst } = world.settings
  const broker = brokerOf(leader, own)
  const networks = leader.networksOf(stores.local, stores.copies, own)
  const mine = ownNetworks(own)
  const members = membersOf(stores.local)
  const reaches = reachesNow(leader, networks.keys())
  const obstacle = obstacleOf(leader, broker)
  const shared = {
    isFrozen: world.broker !== undefined && broker?.isTrusted !== true,
    isBrokerRead: broker !== undefined,
    isBrokerWritten: broker !== undefined && broker.duplicate === undefined,
  }
  const known: Known = {
    ...{ clusterId, brokerNamespace, isLocalFirst, guard: { allowed, own: namespace, broker: brokerNamespace }, ...shared },
    namespaces: liveNamespaces(stores.local.namespaces.all()),
    networksOf: (cluster) => (cluster === clusterId ? mine : (networks.get(cluster) ?? NO_NETWORKS)),
    isMember: (cluster) => members.has(cluster),
    isReachable: (cluster) => reaches.get(cluster)?.isReachable ?? true,
    hindrance: (service) => leader.hindered.get(service),
    nowMs: world.clock.now(),
  }
  const reachable = [...reaches].map(([id, { isReachable }]) => [id, isReachable])
  return {
    ...{ known, obstacle },
    trouble:
      world.broker === undefined ? undefined : (obstacle ?? (broker === undefined ? 'the broker has not been heard yet' : undefined)),
    text: canonical([shared, obstacle, mine, [...members], [...networks], reachable]),
  }
}
const NO_NETWORKS = [] as const

function reachesNow(leader: Leader, clusters: Iterable<string>): Leader['reaches'] {
  const { world, stores } = leader
  const gateways = stores.local.gateways.all()
  const words = wordsOf(gateways, stores.nodes.words(gateways))
  const judged = judgeReach(leader.reaches, clusters, words, world.clock.now())
  for (const [id, { isReachable }] of judged.reaches)
    if (isReachable !== (leader.reaches.get(id)?.isReachable ?? true))
      world.log.info(
        isReachable ? 'the gateways reach a cluster again' : 'the gateways do not reach a cluster: its backends are not ready',
        { cluster: id },
      )
  leader.reaches = judged.reaches
  leader.askIn(judged.nextMs)
  return judged.reaches
}

/** Undefined where it has not been heard. */
function brokerOf(leader: Leader, own: Cluster): BrokerState | undefined {
  const { world, stores } = leader
  if (stores.broker === undefined || unknownOf(stores.broker) !== undefined || refusalBy(stores.broker) !== undefined) return undefined
  const clusterUid = stores.local.namespaces.get('kube-system')?.metadata.uid
  const remembered = own.metadata.annotations?.[BROKER_UID]
  // The engine has come to terms with it: it remembers another object.
  if (leader.noticedUid !== remembered) leader.noticedAt = undefined
  leader.noticedUid = remembered
  const state = brokerState(stores.broker, {
    clusterId: world.settings.clusterId,
    own,
    clusterUid,
    noticedAt: leader.noticedAt,
    now: world.clock.now(),
  })
  if (!state.isTrusted && leader.noticedAt === undefined)
    world.log.warn('the broker has lost its data: exports go there again, and nothing of the others is withdrawn for the time being')
  leader.noticedAt = state.noticedAt
  return state
}

/** A credential that is taken again at the next try was not refused. */
const REFUSED_MS = 10_000
/** What the broker refuses this cluster with, for long enough; undefined where it does not. */
const refusalBy = (broker: BrokerStores): string | undefined =>
  Object.values<Feed>({ ...broker }).find((feed) => feed.isRefused && feed.heardMs() >= REFUSED_MS)?.trouble

function obstacleOf({ world, stores }: Leader, broker: BrokerState | undefined): string | undefined {
  if (world.broker === undefined) return 'this cluster has no broker'
  const refusal = stores.broker && refusalBy(stores.broker)
  if (refusal !== undefined)
    return `the broker does not take this cluster’s credential (${refusal}): it was forgotten there, or has joined anew (SUB0410)`
  return broker?.duplicate && 'another cluster holds this cluster’s id on the broker (SUB0304)'
}

/**
 * Whether the broker, asked now, still has this cluster's own object: what another cluster seems to have taken back is taken away here only then. The live
 * copies of a broker that has just lost its data become empty one after the other.
 */
export async function stillHasUs(leader: Leader, own: Cluster): Promise<boolean> {
  const { world } = leader
  const remembered = own.metadata.annotations?.[BROKER_UID]
  if (world.broker === undefined || remembered === undefined) return true
  const there = await world.broker.get('Cluster', own.metadata.name, world.settings.brokerNamespace)
  if (there?.metadata.uid === remembered) return true
  leader.noticedAt ??= world.clock.now()
  world.log.warn('the broker seems to have lost its data: nothing of the others is withdrawn for the time being')
  return false
}
