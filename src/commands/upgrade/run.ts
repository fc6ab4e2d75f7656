// An upgrade's steps, driven from here: what a DaemonSet's own strategies cannot say is which gateway is next and what must hold in between.
import { applyPlan, until } from '../../install/apply.ts'
import type { Change } from '../../install/compare.ts'
import type { Step } from '../../install/rollout/step.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { waitUntilUp } from '../join/wait.ts'
import { type GatewaySight, type Move, moveText, nextMove } from './order.ts'

export interface Upgrading {
  readonly api: KubeApi
  readonly changes: readonly Change[]
  readonly withCharon: boolean
  /** Clusters that must be connected again after each step. */
  readonly expected: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Of one step that brings no news. */
  readonly timeoutMs: number
  readonly say: (text: string) => void
  readonly tell: (step: Step) => void
}

/** Before the next step all must have been well for so long. */
const SETTLE_MS = 2_000

/** Brings everything to what the changes say. Throws where a step does not end well; what was done stays, and the next run goes on from there. */
export async function runUpgrade(upgrading: Upgrading): Promise<void> {
  const { api, changes, say } = upgrading
  const isSet = (change: Change, ...names: readonly string[]): boolean =>
    change.object.kind === 'DaemonSet' && names.includes(change.object.metadata.name)
  const apply = (some: readonly Change[]): Promise<void> => applyPlan(api, some, applyOptions(upgrading))

  say('Rights, kinds and settings')
  await apply(changes.filter((change) => !isSet(change, GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD)))
  say('Route agents, node by node: what they have put into the kernel stays meanwhile')
  await apply(changes.filter((change) => isSet(change, ROUTE_AGENT_WORKLOAD)))
  await well(upgrading, [ROUTE_AGENT_WORKLOAD])
  say('Gateways, one by one, those that stand by first')
  const gateways = changes.filter((change) => isSet(change, GATEWAY_WORKLOAD, CHARON_WORKLOAD))
  await apply(gateways.map((change) => ({ ...change, object: heldBack(change.object) })))
  await untilObserved(upgrading)
  await replaceAll(upgrading)
  await apply(gateways)
  await well(upgrading)
}

const applyOptions = ({ clock, signal, timeoutMs }: Upgrading) => ({
  clock,
  signal,
  deadline: clock.now() + timeoutMs,
  progress: () => undefined,
})

/** The same workload, but its pods stay until they are deleted, one by one. */
const heldBack = (object: Resource): Resource => ({
  ...object,
  ...{ spec: { ...Reflect.get(object, 'spec'), updateStrategy: { type: 'OnDelete' } } },
})

/** Until the cluster has taken note of the new templates: only then is it known which pods are old. */
async function untilObserved(upgrading: Upgrading): Promise<void> {
  const { api } = upgrading
  await until(
    async () => {
      const { items } = await api.list('DaemonSet', { namespace: NAMESPACE })
      return items.every(({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0))
    },
    'the cluster has not taken note of the new DaemonSets',
    applyOptions(upgrading),
  )
}

async function replaceAll(upgrading: Upgrading): Promise<void> {
  const { api, say } = upgrading
  const asked = new Map<string, number>()
  for (;;) {
    const next = nextMove(await lookAtGateways(api, upgrading.withCharon))
    if (next === undefined) return
    if (next.effect === 'hand-over') count(asked, next)
    say(`- ${moveText(next)}`)
    const { name, namespace, uid } = next.pod.metadata
    await api.remove('Pod', name, namespace, uid === undefined ? {} : { uid })
    await well(upgrading, [GATEWAY_WORKLOAD, CHARON_WORKLOAD])
  }
}

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
  const [pods, gateways, revisions] = await Promise.all([
    api.list('Pod', inside),
    api.list('Gateway', inside),
    api.list('ControllerRevision', inside),
  ])
  return { pods: pods.items, gateways: gateways.items, revisions: revisions.items, withCharon }
}

/** Until pods are ready and every connection is there. Time runs anew with each piece of news. */
async function well(upgrading: Upgrading, workloads?: readonly string[]): Promise<void> {
  const { api, clock, signal, timeoutMs, expected } = upgrading
  let deadline = clock.now() + timeoutMs
  await waitUntilUp({
    api,
    namespace: NAMESPACE,
    ...(workloads && { workloads }),
    expected: async () => expected,
    ...{ clock, signal, settleMs: SETTLE_MS, deadline: () => deadline },
    tell: (step) => {
      deadline = clock.now() + timeoutMs
      upgrading.tell(step)
    },
  })
}
