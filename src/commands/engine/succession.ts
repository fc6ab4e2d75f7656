// The other gateways of this cluster: who could take over, and what is left to do for one that does.
import { UPDATE_ANNOTATION } from '../../model/gateway-status.ts'
import { GATEWAY_LABEL, sanitise } from '../../model/names.ts'
import { isCordoned } from '../../model/nodes.ts'
import type { Gateway, Node } from '../../model/resources.ts'
import type { CableLoop } from './cables.ts'
import { type EngineState, ownName } from './state.ts'
import { until } from './wait.ts'

/** A gateway writes its object at least twice in this time. */
const FRESH_MS = 75_000
/** An object that has not changed for so long is of a gateway that is no more. */
const STALE_MS = 300_000
/** So long after this one has taken over another is given to say that it is active no more. */
const YIELD_MS = 10_000

export interface Successors {
  /** Whether another gateway stands by with nothing wrong. */
  hasHealthy(): boolean
  /** Why this gateway's node shall not be the one while another gateway, on a node that may, stands by with nothing wrong; undefined where it may stay. */
  reasonToLeave(): string | undefined
  /** Clusters that another, active gateway was connected to: what a successor has to reach too. */
  connectedClusters(): ReadonlySet<string>
  /** For the leader: objects of gateways that are no more, or still say that they are active. */
  stale(): readonly Gateway[]
}

/** Judges by when this process saw an object change, so that no two clocks are compared. */
export function openSuccessors(engine: EngineState): Successors {
  const { clock } = engine.world
  const seen = new Map<string, { readonly version: string | undefined; readonly atMs: number }>()
  const ageMs = ({ metadata: { name, resourceVersion, annotations } }: Gateway): number => {
    const before = seen.get(name)
    // What others write into the object, as `verify` does, is no sign of life.
    const version = annotations?.[UPDATE_ANNOTATION] ?? resourceVersion
    if (before === undefined || before.version !== version) seen.set(name, { version, atMs: clock.now() })
    return clock.now() - (seen.get(name)?.atMs ?? 0)
  }
  const others = (): readonly Gateway[] => engine.stores.gateways.all().filter(({ metadata }) => metadata.name !== ownName(engine))
  const healthy = (): readonly Gateway[] =>
    others().filter((gateway) => gateway.status?.haStatus === 'passive' && gateway.status.statusFailure === '' && ageMs(gateway) < FRESH_MS)
  return {
    hasHealthy: () => healthy().length > 0,
    reasonToLeave: () => {
      const unfit = unfitHosts(engine.stores.nodes.all())
      return healthy().some(({ metadata }) => !unfit.has(metadata.name)) ? unfit.get(ownName(engine)) : undefined
    },
    connectedClusters: () =>
      new Set(
        others()
          .filter(({ status }) => status?.haStatus === 'active')
          .flatMap(({ status }) => status.connections.filter((connection) => connection.status === 'connected'))
          .map(({ endpoint }) => endpoint.cluster_id),
      ),
    stale: () => {
      // Only what a live API lets us watch can be stale.
      const settledMs = clock.now() - (engine.settledAt ?? clock.now())
      const isStale = (gateway: Gateway): boolean => {
        const age = ageMs(gateway)
        return age >= STALE_MS || (gateway.status?.haStatus === 'active' && Math.min(age, settledMs) >= YIELD_MS)
      }
      return engine.stores.gateways.synced ? others().filter(isStale) : []
    },
  }
}

/**
 * After SIGTERM, with the lease given back: the tunnels stay until the successor has published itself and this node is cleared, or the grace ends. Without a
 * successor they stay altogether: they do not need this process. Says whether another gateway has taken over.
 */
export async function handOver(engine: EngineState, cables: CableLoop, hadSuccessor: boolean): Promise<boolean> {
  const { clock, settings, log } = engine.world
  if (!hadSuccessor) {
    log.info('no other gateway is there to take over: the tunnels stay as they are')
    return false
  }
  await until(clock, engine.stop, settings.graceMs, () => cables.isCleared)
  log.info(
    cables.isCleared
      ? 'another gateway has taken over: nothing is left here'
      : 'nobody has taken over in time: the tunnels stay as they are',
  )
  return cables.isCleared
}

/** Takes this gateway's object away; where the API is away too, the next leader does. */
export const removeGateway = ({ world }: EngineState): Promise<unknown> =>
  world.local
    .within(1_000)
    .remove('Gateway', sanitise(world.hostname), world.settings.namespace)
    .catch(() => undefined)

/**
 * Gateways on nodes that take no new pods: cordoned by hand or by a drain, which evicts no pod of a DaemonSet but mostly comes before a stop. And those on
 * nodes whose label says that they are gateways no more: their pods go as well, but not where a process was started by hand.
 */
const unfitHosts = (nodes: readonly Node[]): ReadonlyMap<string, string> =>
  new Map(
    nodes.flatMap((node) => {
      const { name, labels } = node.metadata
      const why = isCordoned(node)
        ? 'this node is cordoned'
        : labels?.[GATEWAY_LABEL] === 'true'
          ? undefined
          : 'this node is no gateway any more'
      return why === undefined ? [] : [name, labels?.['kubernetes.io/hostname'] ?? name].map((host) => [sanitise(host), why] as const)
    }),
  )
