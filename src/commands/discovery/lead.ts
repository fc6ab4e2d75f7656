// What the leading agent does: one loop that makes both sides what their plans say.
import { type DownPlan, isEmptyDown, openDown, withdraws } from '../../discovery/down.ts'
import type { OwnExport } from '../../discovery/export.ts'
import { connectedClusters, judgeReach, type Reaches } from '../../discovery/reach.ts'
import { openReader } from '../../discovery/read.ts'
import { openServices, type Services } from '../../discovery/services.ts'
import { isEmptyUp, openUp, type UpPlan } from '../../discovery/up.ts'
import { holderOf } from '../../k8s/contest.ts'
import { messageOf } from '../../model/errors.ts'
import { BROKER_UID } from '../../model/names.ts'
import type { Cluster } from '../../model/resources.ts'
import { runLoop } from '../../system/loop.ts'
import { openRefusals } from '../agent/refusals.ts'
import { type BrokerState, brokerState, liveNamespaces, openExports, openNetworks, ownCluster } from './known.ts'
import { conditionsOf, type Outcome, seenOf } from './report.ts'
import { openStores, type Stores, unknownOf } from './stores.ts'
import type { DiscoveryWorld } from './world.ts'
import { writeDown, writeEach, writeStatus, writeUp } from './write.ts'

const RESYNC_MS = 15_000
/** Changes that come together, such as those of a Service and its EndpointSlice, make one pass. */
const GATHER_MS = 20

export const LEASE = 'submariner-discovery-lock'

interface Leader {
  readonly world: DiscoveryWorld
  readonly stores: Stores
  readonly signal: AbortSignal
  readonly exportsOf: ReturnType<typeof openExports>
  readonly networksOf: ReturnType<typeof openNetworks>
  readonly read: ReturnType<typeof openReader>
  readonly servicesOf: ReturnType<typeof openServices>
  readonly planUp: ReturnType<typeof openUp>
  readonly planDown: ReturnType<typeof openDown>
  readonly refuse: ReturnType<typeof openRefusals>
  readonly askIn: (ms: number) => void
  reaches: Reaches
  /** When a loss of the broker's data was noticed, and the uid of our object there that was remembered then. */
  noticedAt: number | undefined
  noticedUid: string | undefined
  passes: number
}

/** Runs until the signal. */
export async function lead(world: DiscoveryWorld, signal: AbortSignal): Promise<void> {
  const { clock, log, settings } = world
  const guard = { allowed: settings.allowed, own: settings.namespace }
  let kick = (): void => undefined
  const leader: Leader = {
    world,
    signal,
    stores: openStores(world, signal, () => kick()),
    exportsOf: openExports(settings.clusterId, guard),
    networksOf: openNetworks(settings.clusterId),
    read: openReader(settings.clusterId),
    servicesOf: openServices(),
    planUp: openUp(),
    planDown: openDown(),
    refuse: openRefusals(log),
    askIn: openTimer(world, signal, () => kick()),
    reaches: new Map(),
    noticedAt: undefined,
    noticedUid: undefined,
    passes: 0,
  }
  const loop = runLoop(() => pass(leader), {
    name: 'discovery',
    clock,
    log,
    signal,
    resyncMs: RESYNC_MS,
    gatherMs: GATHER_MS,
    backoff: { firstMs: 200, mostMs: 5_000 },
  })
  kick = loop.kick
  await Promise.all([loop.ended, leader.stores.ended])
}

/** Calls back after a time, or never; a later wish takes the place of an earlier one. */
function openTimer({ clock }: DiscoveryWorld, stop: AbortSignal, act: () => void): (ms: number) => void {
  let timer = new AbortController()
  return (ms) => {
    timer.abort()
    timer = new AbortController()
    const { signal } = timer
    if (ms !== Number.POSITIVE_INFINITY)
      void clock.sleep(ms, AbortSignal.any([signal, stop])).then(() => signal.aborted || stop.aborted || act())
  }
}

async function pass(leader: Leader): Promise<void> {
  const { world, stores } = leader
  const own = ownCluster(stores.local, world.settings.clusterId)
  const missing =
    unknownOf(stores.local) ?? (own === undefined ? 'this cluster’s Cluster object is not there: no gateway has led yet' : undefined)
  if (missing !== undefined || own === undefined) return observe(leader, { trouble: missing })
  try {
    await work(leader, own)
  } catch (error) {
    observe(leader, { trouble: messageOf(error) })
    throw error
  }
}

async function work(leader: Leader, own: Cluster): Promise<void> {
  const { world, stores } = leader
  const exports = leader.exportsOf(stores.local)
  const broker = brokerOf(leader, own)
  const { shares, refused } = broker === undefined || stores.broker === undefined ? NOTHING : leader.read(objectsOf(stores.broker))
  const services = leader.servicesOf(exports, shares)
  const up = planBroker(leader, exports, services, broker)
  const here = { exports, services, isFrozen: world.broker !== undefined && broker?.isTrusted !== true }
  const down = await confirmed(leader, own, here)
  leader.refuse([...refused, ...down.refused])
  const said = conditionsOf(world, { exports, services, up, obstacle: obstacleOf(world, broker) })
  await writeAll(leader, { up, down, said })
  leader.passes += 1
  observe(leader, { trouble: troubleOf(leader, broker), up, down, exports })
}
const NOTHING: ReturnType<ReturnType<typeof openReader>> = { shares: new Map(), refused: [] }
const objectsOf = ({ imports, slices }: NonNullable<Stores['broker']>): Parameters<ReturnType<typeof openReader>>[0] => ({
  imports: imports.all(),
  slices: slices.all(),
})

/** Undefined where it has not been heard. */
function brokerOf(leader: Leader, own: Cluster): BrokerState | undefined {
  const { world, stores } = leader
  if (stores.broker === undefined || unknownOf(stores.broker) !== undefined) return undefined
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

function planBroker(
  leader: Leader,
  exports: readonly OwnExport[],
  services: Services,
  broker: BrokerState | undefined,
): UpPlan | undefined {
  const { world, stores } = leader
  if (broker === undefined || stores.broker === undefined || broker.duplicate !== undefined) return undefined
  const { clusterId, brokerNamespace } = world.settings
  return leader.planUp({ clusterId, brokerNamespace, exports, services, broker: objectsOf(stores.broker) })
}

/**
 * What another cluster seems to have taken back is taken away here only if the broker, asked after it was seen, still has this cluster's own object: the live
 * copies of a broker that has just lost its data become empty one after the other.
 */
async function confirmed(leader: Leader, own: Cluster, here: Here): Promise<DownPlan> {
  const { world } = leader
  const { clusterId, brokerNamespace } = world.settings
  const down = planHere(leader, own, here)
  const remembered = own.metadata.annotations?.[BROKER_UID]
  if (here.isFrozen || world.broker === undefined || remembered === undefined || !withdraws(down, clusterId)) return down
  const there = await world.broker.get('Cluster', own.metadata.name, brokerNamespace)
  if (there?.metadata.uid === remembered) return down
  leader.noticedAt ??= world.clock.now()
  world.log.warn('the broker seems to have lost its data: nothing of the others is withdrawn for the time being')
  return planHere(leader, own, { ...here, isFrozen: true })
}

interface Here {
  readonly exports: readonly OwnExport[]
  readonly services: Services
  readonly isFrozen: boolean
}
function planHere(leader: Leader, own: Cluster, { exports, services, isFrozen }: Here): DownPlan {
  const { world, stores } = leader
  const { settings, clock } = world
  const networks = leader.networksOf(stores.local, own)
  const judged = judgeReach(leader.reaches, networks.keys(), connectedClusters(stores.local.gateways.all()), clock.now())
  for (const [id, { isReachable }] of judged.reaches)
    if (isReachable !== (leader.reaches.get(id)?.isReachable ?? true))
      world.log.info(
        isReachable ? 'the gateways reach a cluster again' : 'the gateways do not reach a cluster: its backends are not ready',
        { cluster: id },
      )
  leader.reaches = judged.reaches
  leader.askIn(judged.nextMs)
  return leader.planDown({
    clusterId: settings.clusterId,
    guard: { allowed: settings.allowed, own: settings.namespace },
    services,
    pods: new Map(exports.map(({ wish, pods }) => [`${wish.metadata.namespace}/${wish.metadata.name}`, pods])),
    namespaces: liveNamespaces(stores.local.namespaces.all()),
    networksOf: (cluster) => networks.get(cluster) ?? NO_NETWORKS,
    isReachable: (cluster) => judged.reaches.get(cluster)?.isReachable ?? true,
    isLocalFirst: settings.isLocalFirst,
    isFrozen,
    there: { imports: stores.local.imports.all(), services: stores.local.services.all(), slices: stores.local.slices.all() },
    nowMs: clock.now(),
  })
}
const NO_NETWORKS = [] as const

interface Todo {
  readonly up: UpPlan | undefined
  readonly down: DownPlan
  readonly said: readonly OwnExport['wish'][]
}
/** Both sides at once, so that a broker that is away holds up nothing at home; then the first failure is thrown. */
async function writeAll({ world, signal }: Leader, { up, down, said }: Todo): Promise<void> {
  const { local, broker, log } = world
  if ((up === undefined || isEmptyUp(up)) && isEmptyDown(down) && said.length === 0) return
  if (!(await isHolder(world)) || signal.aborted) throw new Error('the lease is not this agent’s now: nothing is written')
  const say = (side: string) => (lines: readonly string[]) => {
    for (const line of lines) log.info(line, { side })
  }
  const done = await Promise.allSettled([
    writeDown(local, down, say('here')),
    up === undefined || broker === undefined ? undefined : writeUp(broker, up, say('broker')),
    writeEach(said, (one) => writeStatus(local, one)),
  ])
  for (const result of done) if (result.status === 'rejected') throw result.reason
}

/** Whether the lease is ours, as the API has it at this moment. */
async function isHolder({ local, settings, hostname }: DiscoveryWorld): Promise<boolean> {
  return holderOf(await local.get('Lease', LEASE, settings.namespace)) === hostname
}

/** What keeps exports from the broker as long as nobody mends it. */
function obstacleOf({ broker: api }: DiscoveryWorld, broker: BrokerState | undefined): string | undefined {
  if (api === undefined) return 'this cluster has no broker'
  return broker?.duplicate && 'another cluster holds this cluster’s id on the broker (SUB0304)'
}
const troubleOf = ({ world }: Leader, broker: BrokerState | undefined): string | undefined =>
  world.broker === undefined ? undefined : broker === undefined ? 'the broker has not been heard yet' : obstacleOf(world, broker)

type Told = Omit<Outcome, 'passes' | 'imports' | 'reaches'>
function observe({ world, stores, reaches, passes }: Leader, told: Told): void {
  world.observe(seenOf({ ...told, passes, imports: stores.local.imports.all().length, reaches }))
}
