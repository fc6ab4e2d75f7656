// Which pod of the gateways is replaced next. Pure: every look decides anew, so that an upgrade that broke off goes on where it was.
import { isReady, nodeOf, podsOf } from '../../install/rollout/rollout.ts'
import { at } from '../../install/tree.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, ROUTE_AGENT_WORKLOAD, sanitise } from '../../model/names.ts'
import type { Gateway, Pod, Resource } from '../../model/resources.ts'

export type GatewayWorkload = typeof GATEWAY_WORKLOAD | typeof CHARON_WORKLOAD

export interface GatewaySight {
  readonly pods: readonly Pod[]
  readonly gateways: readonly Gateway[]
  readonly revisions: readonly Resource[]
  /** Whether charon's pods are replaced too. */
  readonly withCharon: boolean
  /** Names of nodes that are not ready: their pods cannot be replaced now. */
  readonly downNodes: ReadonlySet<string>
}

/** A pod to delete, and what that does. */
export interface Move {
  readonly pod: Pod
  readonly workload: GatewayWorkload
  readonly node: string
  readonly effect: 'mend' | 'nothing' | 'hand-over' | 'gap'
}

const HASH_LABEL = 'controller-revision-hash'

/** Pods of a workload that are not of its newest template. */
export function outdated({ pods, revisions }: Pick<GatewaySight, 'pods' | 'revisions'>, workload: string): readonly Pod[] {
  const own = revisions.filter(({ metadata }) => metadata.labels?.app === workload)
  const newest = own.reduce<Resource | undefined>(
    (best, item) => (best === undefined || revisionOf(item) > revisionOf(best) ? item : best),
    undefined,
  )
  const hash = newest?.metadata.labels?.[HASH_LABEL]
  return hash === undefined
    ? []
    : pods
        .filter(({ metadata }) => metadata.labels?.app === workload && metadata.labels[HASH_LABEL] !== hash)
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .sort((a, b) => (nodeOf(a) < nodeOf(b) ? -1 : 1))
}

/** Old pods that are not ready: they crash, fail a probe, or wait for an image or a node. They have nothing to hand over, and nobody waits for them. */
export const brokenPods = (sight: Pick<GatewaySight, 'pods' | 'revisions' | 'downNodes'>, workload: string): readonly Pod[] =>
  replaceable(sight, workload).filter((pod) => !isReady(pod))

/**
 * Names of nodes whose route agent is not ready while pods of the gateway there are old still: these may be what stands in its way, as a charon that has
 * taken its port, so that it must not hold up their turn.
 */
export function waitingForTurn(sight: Pick<GatewaySight, 'pods' | 'revisions' | 'downNodes' | 'withCharon'>): readonly string[] {
  const workloads = [GATEWAY_WORKLOAD, ...(sight.withCharon ? [CHARON_WORKLOAD] : [])]
  const turns = new Set(workloads.flatMap((workload) => replaceable(sight, workload).map(nodeOf)))
  return lameNodes(sight.pods).filter((node) => turns.has(node))
}

/** Names of nodes whose route agent is there and not ready. */
export const lameNodes = (pods: readonly Pod[]): readonly string[] => [
  ...new Set(
    podsOf(pods, ROUTE_AGENT_WORKLOAD)
      .filter((pod) => !isReady(pod))
      .map(nodeOf),
  ),
]

/** A pod on a node that is down would be on its way out until the node is back. */
const replaceable = (sight: Pick<GatewaySight, 'pods' | 'revisions' | 'downNodes'>, workload: string): readonly Pod[] =>
  outdated(sight, workload).filter((pod) => !sight.downNodes.has(nodeOf(pod)))

const revisionOf = (revision: Resource): number => {
  const number = at(revision, 'revision')
  return typeof number === 'number' ? number : 0
}

const activeOn = (gateways: readonly Gateway[], node: string): Gateway | undefined =>
  gateways.find(({ metadata, status }) => metadata.name === sanitise(node) && status?.haStatus === 'active')

/** Whether the node's gateway is the active one and has a connection that stands, as far as its engine has said. */
export const carriesTraffic = (gateways: readonly Gateway[], node: string): boolean =>
  activeOn(gateways, node)?.status.connections.some(({ status }) => status === 'connected') === true

/** Whether a gateway other than the node's could carry the traffic: it stands by without a fault, and its pods are ready, the route agent's too. */
export function hasStandby({ pods, gateways }: Pick<GatewaySight, 'pods' | 'gateways'>, node: string): boolean {
  const lame = lameNodes(pods).map(sanitise)
  const isWell = (name: string): boolean =>
    !lame.includes(name) &&
    [GATEWAY_WORKLOAD, CHARON_WORKLOAD].every((workload) =>
      pods.some((pod) => pod.metadata.labels?.app === workload && sanitise(nodeOf(pod)) === name && isReady(pod)),
    )
  return gateways.some(
    ({ metadata, status }) =>
      metadata.name !== sanitise(node) && status?.haStatus === 'passive' && status.statusFailure === '' && isWell(metadata.name),
  )
}

/**
 * The next move; undefined when all is new. What is broken comes first, then gateways that stand by, charon before engine. The active one's engine comes
 * next: it hands over, stands by from then on, and its charon is replaced as one. Alone, a gateway's engine leaves the tunnels as they are; its charon does not.
 */
export function nextMove(sight: GatewaySight): Move | undefined {
  const engines = replaceable(sight, GATEWAY_WORKLOAD)
  const charons = sight.withCharon ? replaceable(sight, CHARON_WORKLOAD) : []
  const isStanding = (pod: Pod): boolean => activeOn(sight.gateways, nodeOf(pod)) === undefined
  const isBroken = (pod: Pod): boolean => !isReady(pod)
  const isDead = (pod: Pod): boolean =>
    isBroken(pod) &&
    (!carriesTraffic(sight.gateways, nodeOf(pod)) || engines.some((engine) => nodeOf(engine) === nodeOf(pod) && isBroken(engine)))
  // An engine that is away leaves the tunnels as they are; a charon that is not ready may carry them, as long as its engine says so.
  const broken = charons.find(isDead) ?? engines.find(isBroken)
  if (broken !== undefined) return move(broken, 'mend')
  const free = charons.find(isStanding) ?? engines.find(isStanding)
  if (free !== undefined) return move(free, 'nothing')
  const [engine] = engines
  if (engine !== undefined) return move(engine, hasStandby(sight, nodeOf(engine)) ? 'hand-over' : 'nothing')
  const [charon] = charons
  if (charon === undefined) return undefined
  // Its engine is new already: it hands over once more, so that charon can go as a standby's.
  const own = sight.pods.find((pod) => pod.metadata.labels?.app === GATEWAY_WORKLOAD && nodeOf(pod) === nodeOf(charon))
  return own !== undefined && hasStandby(sight, nodeOf(charon)) ? move(own, 'hand-over') : move(charon, 'gap')
}

const move = (pod: Pod, effect: Move['effect']): Move => ({
  pod,
  workload: pod.metadata.labels?.app === CHARON_WORKLOAD ? CHARON_WORKLOAD : GATEWAY_WORKLOAD,
  node: nodeOf(pod),
  effect,
})

/** A move in words, for people. */
export function moveText({ workload, node, effect }: Move): string {
  const what = workload === CHARON_WORKLOAD ? `charon on ${node}` : `the engine on ${node}`
  const meaning = {
    mend: 'it is not ready, and has nothing to hand over',
    nothing: workload === CHARON_WORKLOAD ? 'it stands by' : 'tunnels stay',
    'hand-over': 'it hands over to a standby first',
    gap: 'tunnels are down until it is back',
  }[effect]
  return `replacing ${what} (${meaning})`
}
