// An upgrade's steps, driven from here: what a DaemonSet's own strategies cannot say is which gateway is next and what must hold in between.
import { applyPlan, type Limit, until } from '../../install/apply.ts'
import type { Change } from '../../install/compare.ts'
import { allPodsOf, downNodes, nodeOf } from '../../install/rollout/rollout.ts'
import type { Step } from '../../install/rollout/step.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Pod, Resource } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { othersOf } from '../join/up.ts'
import { waitUntilUp } from '../join/wait.ts'
import { type Before, isRequired } from './before.ts'
import { brokenPods, type GatewaySight, type Move, moveText, nextMove } from './order.ts'

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
  say('Route agents, node by node: what they have put into the kernel stays meanwhile')
  const agents = changes.filter((change) => isSet(change, ROUTE_AGENT_WORKLOAD))
  const down = await downPods(api, ROUTE_AGENT_WORKLOAD)
  await apply(down === 0 ? agents : agents.map((change) => ({ ...change, action: 'changed', object: pastDown(change.object, down) })))
  await well(upgrading, { workloads: [ROUTE_AGENT_WORKLOAD] })
  if (down > 0) await apply(agents.map((change) => ({ ...change, action: 'changed' })))
  if (services.length > 0) await replaceServices(upgrading, services)
  say('Gateways, one by one, those that stand by first')
  const gateways = changes.filter((change) => isSet(change, GATEWAY_WORKLOAD, CHARON_WORKLOAD))
  await apply(gateways.map((change) => ({ ...change, object: heldBack(change.object) })))
  await untilObserved(api, applyOptions(upgrading))
  await replaceAll(upgrading)
  await apply(gateways)
  return atLast(upgrading, await well(upgrading, { isEnd: true }))
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
  const until = clock.now() + MENDED_MS
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

const applyOptions = ({ clock, signal, timeoutMs, isForced, put }: Upgrading) => ({
  clock,
  signal,
  deadline: clock.now() + timeoutMs,
  isForced,
  progress: put,
})

/** The same workload, but its pods stay until they are deleted, one by one. */
const heldBack = (object: Resource): Resource => ({
  ...object,
  ...{ spec: { ...Reflect.get(object, 'spec'), updateStrategy: { type: 'OnDelete' } } },
})

/** How many nodes that are down have a pod of the workload. */
async function downPods(api: KubeApi, workload: string): Promise<number> {
  const { pods, downNodes } = await lookAtGateways(api, false)
  return new Set(
    allPodsOf(pods, workload)
      .map(nodeOf)
      .filter((node) => downNodes.has(node)),
  ).size
}

/** The same workload, whose rolling update counts the pods of nodes that are down out: else they would hold up all others until their nodes are back. */
const pastDown = (object: Resource, down: number): Resource => ({
  ...object,
  ...{ spec: { ...Reflect.get(object, 'spec'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 + down } } } },
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
    const workloads = [GATEWAY_WORKLOAD, CHARON_WORKLOAD]
    await well(upgrading, { workloads, passedOver: workloads.flatMap((name) => brokenPods(sight, name)) })
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
  readonly passedOver?: readonly Pod[]
  readonly isEnd?: boolean
}

/** Until pods are ready and what worked before works again. Time runs anew with each piece of news. */
function well(upgrading: Upgrading, { workloads, passedOver = [], isEnd = false }: Wellness): Promise<readonly Step[]> {
  const { api, clock, signal, timeoutMs, before } = upgrading
  let deadline = clock.now() + timeoutMs
  return waitUntilUp({
    api,
    namespace: NAMESPACE,
    ...(workloads && { workloads }),
    expected: async () => before.clusters,
    isRequired: (step) => isRequired(before, step, isEnd),
    passedOver: new Set(passedOver.flatMap(({ metadata }) => metadata.uid ?? [])),
    ...{ clock, signal, settleMs: SETTLE_MS, deadline: () => deadline },
    tell: (step) => {
      deadline = clock.now() + timeoutMs
      upgrading.tell(step)
    },
  })
}
