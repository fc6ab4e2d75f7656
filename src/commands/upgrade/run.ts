// An upgrade's steps, driven from here: what a DaemonSet's own strategies cannot say is which gateway is next and what must hold in between.
import { applyPlan, type Limit, until } from '../../install/apply/apply.ts'
import type { Change } from '../../install/apply/compare.ts'
import { allPodsOf, downNodes, nodeOf, type PassedOver } from '../../install/rollout/rollout.ts'
import type { Step } from '../../install/rollout/step.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Pod, Resource } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { othersOf } from '../join/up.ts'
import { waitUntilUp } from '../join/wait.ts'
import { type Before, isRequired } from './before.ts'
import { brokenPods, type GatewaySight, type Move, moveText, nextMove, waitingForTurn } from './order.ts'

export interface Upgrading {
  readonly api: KubeApi
  readonly changes: readonly Change[]
  readonly clusterId: string
  readonly withCharon: boolean
  /** What worked before, and so must work again after each step. */
  readonly before: Before
  /** Whether a gap was announced, and is accepted. */
  readonly mayGap: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Of one step that brings no news. */
  readonly timeoutMs: number
  /** When to give up on all of it, in milliseconds since the epoch. Default: as long as steps bring news. */
  readonly deadline?: number
  /** Whether what is unchanged is put too, as ApplyOptions have it. */
  readonly isForced: boolean
  readonly say: (text: string) => void
  /** Told of each object that is put. */
  readonly put: (change: Change) => void
  readonly tell: (step: Step) => void
}

const AGENTS = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD]
/** Before the next step all must have been well for so long. */
const SETTLE_MS = 2_000

/** What did not work before may take so long, when all is new, until nobody waits for it any more. */
const MENDED_MS = 15_000

/**
 * Brings everything to what the changes say; gives the last look. Throws where a step does not end well; what was done stays, and the next run goes on
 * from there.
 */
export async function runUpgrade(upgrading: Upgrading): Promise<readonly Step[]> {
  const { api, changes, say } = upgrading
  const isSet = (change: Change, ...names: readonly string[]): boolean =>
    change.object.kind === 'DaemonSet' && names.includes(change.object.metadata.name)
  const apply = (some: readonly Change[]): Promise<void> => applyPlan(api, some, applyOptions(upgrading))

  say('Rights, kinds and settings')
  const services = changes.filter(({ object }) => object.kind === 'Deployment')
  await apply(changes.filter((change) => !isSet(change, ...AGENTS) && !services.includes(change)))
  // Their pods stay as they are for now; which of them are old is known from here on.
  const gateways = changes.filter((change) => isSet(change, GATEWAY_WORKLOAD, CHARON_WORKLOAD))
  await apply(gateways.map((change) => ({ ...change, object: heldBack(change.object) })))
  await untilObserved(api, applyOptions(upgrading))
  await replaceAgents(
    upgrading,
    changes.filter((change) => isSet(change, ROUTE_AGENT_WORKLOAD)),
  )
  if (services.length > 0) await replaceServices(upgrading, services)
  say('Gateways, one by one, those that stand by first')
  await replaceAll(upgrading)
  await apply(gateways)
  return atLast(upgrading, await well(upgrading, { isEnd: true }))
}

/** Route agents, but for those that the gateway's old pods on their node may keep from starting: these are waited for once those are new. */
async function replaceAgents(upgrading: Upgrading, changes: readonly Change[]): Promise<void> {
  const { api, say } = upgrading
  const apply = (some: readonly Change[]): Promise<void> => applyPlan(api, some, applyOptions(upgrading))
  say('Route agents, node by node: what they have put into the kernel stays meanwhile')
  const sight = await lookAtGateways(api, upgrading.withCharon)
  const waiting = waitingForTurn(sight)
  const past = nodesDown(sight, ROUTE_AGENT_WORKLOAD).length + waiting.length
  await apply(past === 0 ? changes : changes.map((change) => ({ ...change, action: 'changed', object: goingPast(change.object, past) })))
  await well(upgrading, { workloads: [ROUTE_AGENT_WORKLOAD], lame: waiting })
  if (past > 0) await apply(changes.map((change) => ({ ...change, action: 'changed' })))
}

/** Pods of services, each Deployment one pod after the other: names and addresses stay meanwhile. */
async function replaceServices(upgrading: Upgrading, changes: readonly Change[]): Promise<void> {
  upgrading.say('Agents of services, one by one: what they have exported and imported stays meanwhile')
  await applyPlan(upgrading.api, changes, applyOptions(upgrading))
  await well(upgrading, { workloads: changes.map(({ object }) => object.metadata.name) })
}

/** A last look at what did not work before, with some patience: what is mended takes a moment to connect. */
async function atLast(upgrading: Upgrading, steps: readonly Step[]): Promise<readonly Step[]> {
  const { api, clock, signal, tell, clusterId } = upgrading
  const expected = async (): Promise<readonly string[]> => othersOf((await api.list('Endpoint', { namespace: NAMESPACE })).items, clusterId)
  let last = steps
  const until = Math.min(clock.now() + MENDED_MS, upgrading.deadline ?? Number.POSITIVE_INFINITY)
  await waitUntilUp({
    ...{ api, namespace: NAMESPACE, expected, clock, signal, tell, settleMs: SETTLE_MS },
    deadline: () => until,
    look: (seen) => {
      last = seen
    },
  }).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
  })
  return last
}

const applyOptions = (upgrading: Upgrading) => ({
  clock: upgrading.clock,
  signal: upgrading.signal,
  deadline: stepDeadline(upgrading),
  isForced: upgrading.isForced,
  progress: upgrading.put,
})

/** Of a step that begins now, or has brought news just now. */
const stepDeadline = ({ clock, timeoutMs, deadline = Number.POSITIVE_INFINITY }: Upgrading): number =>
  Math.min(clock.now() + timeoutMs, deadline)

/** The same workload, but its pods stay until they are deleted, one by one. */
const heldBack = (object: Resource): Resource => ({
  ...object,
  ...{ spec: { ...Reflect.get(object, 'spec'), updateStrategy: { type: 'OnDelete' } } },
})

/** Nodes that are down and have a pod of the workload. */
const nodesDown = ({ pods, downNodes }: GatewaySight, workload: string): readonly string[] => [
  ...new Set(
    allPodsOf(pods, workload)
      .map(nodeOf)
      .filter((node) => downNodes.has(node)),
  ),
]

/** The same workload, whose rolling update counts so many pods out, as those of nodes that are down: else they would hold up all others. */
const goingPast = (object: Resource, pods: number): Resource => ({
  ...object,
  ...{ spec: { ...Reflect.get(object, 'spec'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 + pods } } } },
})

/** Until the cluster has taken note of the new templates: only then is it known which pods are old. */
export const untilObserved = (api: KubeApi, limit: Limit): Promise<void> =>
  until(
    async () => {
      const { items } = await api.list('DaemonSet', { namespace: NAMESPACE })
      return items.every(({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0))
    },
    'the cluster has not taken note of the new DaemonSets',
    limit,
  )

async function replaceAll(upgrading: Upgrading): Promise<void> {
  const { api, say } = upgrading
  const asked = new Map<string, number>()
  for (;;) {
    const sight = await lookAtGateways(api, upgrading.withCharon)
    const next = nextMove(sight)
    if (next === undefined) return
    if (next.effect === 'hand-over') count(asked, next)
    if (next.effect === 'gap' && !upgrading.mayGap) throw unannounced(next)
    say(`- ${moveText(next)}`)
    const { name, namespace, uid } = next.pod.metadata
    await api.remove('Pod', name, namespace, uid === undefined ? {} : { uid })
    const after = { ...sight, pods: sight.pods.filter((pod) => pod !== next.pod) }
    await well(upgrading, {
      workloads: AGENTS,
      old: [GATEWAY_WORKLOAD, CHARON_WORKLOAD].flatMap((name) => brokenPods(after, name)),
      lame: waitingForTurn(after),
    })
  }
}

const unannounced = ({ node }: Move): UserError =>
  new UserError('SUB0426', `No gateway stands by for ${node} any more, so that replacing its charon would end its tunnels for a moment`, {
    hint: 'Everything else is done. See what the standby lacks: subctl verify. Or run it again and accept the gap: --yes.',
  })

/** An engine that has been asked and leads on is not asked for ever. */
const MOST_ASKED = 3

function count(asked: Map<string, number>, { node }: Move): void {
  const times = (asked.get(node) ?? 0) + 1
  asked.set(node, times)
  if (times > MOST_ASKED)
    throw new UserError(
      'SUB0428',
      `The gateway ${node} was asked ${MOST_ASKED} times to hand over, and leads still; its charon is as before`,
      {
        hint: 'subctl show gateways says what the others suffer from. Run subctl upgrade again then; --charon=false leaves charon as it is.',
      },
    )
}

export async function lookAtGateways(api: KubeApi, withCharon: boolean): Promise<GatewaySight> {
  const inside = { namespace: NAMESPACE }
  const [pods, gateways, revisions, nodes] = await Promise.all([
    api.list('Pod', inside),
    api.list('Gateway', inside),
    api.list('ControllerRevision', inside),
    api.list('Node'),
  ])
  return { pods: pods.items, gateways: gateways.items, revisions: revisions.items, withCharon, downNodes: downNodes(nodes.items) }
}

interface Wellness {
  /** Default: all of a member. */
  readonly workloads?: readonly string[]
  /** Old pods that were not ready: their turn is still to come. */
  readonly old?: readonly Pod[]
  /** Nodes whose route agent may have to wait for the turn of the gateway's pods there. */
  readonly lame?: readonly string[]
  readonly isEnd?: boolean
}

function passedOver(old: readonly Pod[], lame: readonly string[]): PassedOver {
  const uids = new Set(old.flatMap(({ metadata }) => metadata.uid ?? []))
  return (pod) => {
    if (uids.has(pod.metadata.uid ?? '')) return 'its old pod was not ready before, and is replaced in its turn'
    const isLame = pod.metadata.labels?.app === ROUTE_AGENT_WORKLOAD && lame.includes(nodeOf(pod))
    return isLame ? 'it was not ready before, and is waited for once the gateway’s pods on its node are new' : undefined
  }
}

/** Until pods are ready and what worked before works again. Time runs anew with each piece of news. */
function well(upgrading: Upgrading, { workloads, old = [], lame = [], isEnd = false }: Wellness): Promise<readonly Step[]> {
  const { api, clock, signal, before } = upgrading
  let deadline = stepDeadline(upgrading)
  return waitUntilUp({
    api,
    namespace: NAMESPACE,
    ...(workloads && { workloads }),
    expected: async () => before.clusters,
    isRequired: (step) => isRequired(before, step, isEnd),
    passedOver: passedOver(old, lame),
    ...{ clock, signal, settleMs: SETTLE_MS, deadline: () => deadline },
    tell: (step) => {
      deadline = stepDeadline(upgrading)
      upgrading.tell(step)
    },
  })
}
