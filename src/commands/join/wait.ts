// `--wait`: looks until the agents are up and connected, with a line for each change; join and upgrade share it.

import { type ConnectionSight, connectionSteps, speaking } from '../../install/rollout/connections.ts'
import { allPodsOf, downNodes, isReady, type PassedOver, podSteps } from '../../install/rollout/rollout.ts'
import { changedSteps, openSteps, type Step, saidOf, wholeText } from '../../install/rollout/step.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { podLog } from '../../k8s/pod-log.ts'
import { WORDS_LINES } from '../../k8s/pod-words.ts'
import { EXIT, messageOf, UserError } from '../../model/errors.ts'
import {
  CHARON_WORKLOAD,
  DISCOVERY_WORKLOAD,
  DNS_WORKLOAD,
  GATEWAY_LABEL,
  GATEWAY_WORKLOAD,
  ROUTE_AGENT_WORKLOAD,
} from '../../model/names.ts'
import type { Pod } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'

export interface Waiting {
  readonly api: KubeApi
  readonly namespace: string
  /** DaemonSets and Deployments whose pods are looked at. Default: the DaemonSets of a member, and those of its Deployments that are there. */
  readonly workloads?: readonly string[]
  /** Ids of the clusters that must be connected, asked at each look. */
  readonly expected: () => Promise<readonly string[]>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** When to give up, in milliseconds since the epoch; asked at each look. */
  readonly deadline: () => number
  /** All must be well for so long. Default: one look. */
  readonly settleMs?: number
  /** Told of each step when it is new or stands otherwise. */
  readonly tell: (step: Step) => void
  /** Whether the step must be done. Default: each. */
  readonly isRequired?: (step: Step) => boolean
  /** Which pods nobody waits for yet. Default: none. */
  readonly passedOver?: PassedOver
  /** Given each look. */
  readonly look?: (steps: readonly Step[]) => void
}

const MEMBER_WORKLOADS = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD] as const
/** Where services are exchanged; `subctl dns` where names are ours to answer. */
const SERVICE_WORKLOADS: readonly string[] = [DISCOVERY_WORKLOAD, DNS_WORKLOAD]
const POLL_MS = 500
/** Logs and nodes are asked for no more often than this. */
const DETAIL_MS = 5_000

/** Settles with the last look when every step is done. Throws a UserError with exit code 75 and what is not done, at the deadline. */
export async function waitUntilUp(waiting: Waiting): Promise<readonly Step[]> {
  const { clock, signal, deadline, settleMs = 0, tell, isRequired = () => true } = waiting
  const details = openDetails(waiting)
  const standing = openStanding()
  let said: ReadonlyMap<string, string> = new Map()
  let wellAt: number | undefined
  for (;;) {
    const steps = await lookOnce(waiting, details)
    const told = standing(steps, clock.now())
    for (const step of changedSteps(said, told)) tell(step)
    said = saidOf(told)
    waiting.look?.(steps)
    const open = openSteps(steps).filter(isRequired)
    wellAt = open.length > 0 ? undefined : (wellAt ?? clock.now())
    if (wellAt !== undefined && clock.now() - wellAt >= settleMs) return steps
    signal.throwIfAborted()
    if (open.length > 0 && clock.now() >= deadline()) throw late(open)
    await clock.sleep(POLL_MS, signal)
  }
}

/** A connection that has broken for so long does not come back by itself, as it does where gateways take turns. */
const STANDS_MS = 5_000

/** Tells of steps as they come, but for connections that fail: only what stands is told as a failure, with its reason. */
export function openStanding(): (steps: readonly Step[], nowMs: number) => readonly Step[] {
  const since = new Map<string, number>()
  return (steps, nowMs) =>
    steps.map((step) => {
      if (step.state !== 'failing' || !step.what.startsWith('cluster ')) {
        since.delete(step.what)
        return step
      }
      const first = since.get(step.what) ?? nowMs
      since.set(step.what, first)
      return nowMs - first >= STANDS_MS ? step : { what: step.what, state: 'waiting', text: 'no connection at the moment' }
    })
}

/** What is not done when time is up, each with what to do about it. */
function late(open: readonly Step[]): UserError {
  const lines = grouped(open).map((line) => `  ${line}`)
  const hints = [...new Set(open.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))]
  return new UserError('SUB0420', `Time ran out (--timeout) before all was up:\n${lines.join('\n')}`, {
    exitCode: EXIT.timedOut,
    hint: [...hints, 'What was applied stays. Run the command again, or look with subctl show and subctl verify.'].join('\n'),
  })
}

/** What is told of several in the same words is told once. */
export function grouped(steps: readonly Step[]): readonly string[] {
  const whats = new Map<string, string[]>()
  for (const step of steps) whats.set(wholeText(step), [...(whats.get(wholeText(step)) ?? []), step.what])
  return [...whats].map(([text, names]) => `${listed(names)}: ${text}`)
}

const MOST_NAMES = 6
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`

type Details = (pods: readonly Pod[]) => Promise<{ readonly downNodes: ReadonlySet<string>; readonly logs: ReadonlyMap<string, string> }>

/** One look. An API that does not answer for a moment, as one that restarts, is a step of its own. */
async function lookOnce(waiting: Waiting, details: Details): Promise<readonly Step[]> {
  try {
    return await look(waiting, details)
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 0 && error.code < 500 && error.code !== 429)) throw error
    return [{ what: 'API', state: 'waiting', text: `does not answer: ${messageOf(error)}` }]
  }
}

async function look({ api, namespace, workloads: asked, expected, passedOver }: Waiting, details: Details): Promise<readonly Step[]> {
  const inside = { namespace }
  const [sets, deployments, pods, events, gateways, endpoints, ids] = await Promise.all([
    api.list('DaemonSet', inside),
    api.list('Deployment', inside),
    api.list('Pod', inside),
    api.list('Event', inside),
    api.list('Gateway', inside),
    api.list('Endpoint', inside),
    expected(),
  ])
  const services = deployments.items.map(({ metadata }) => metadata.name).filter((name) => SERVICE_WORKLOADS.includes(name))
  const workloads = asked ?? [...MEMBER_WORKLOADS, ...services.sort()]
  const isNowhere = sets.items.some(({ status }) => status?.desiredNumberScheduled === 0)
  const hasGateway = isNowhere && (await api.list('Node', { labels: { [GATEWAY_LABEL]: 'true' } })).items.length > 0
  const more = {
    hasGateway,
    ...(await details(workloads.flatMap((name) => allPodsOf(pods.items, name)))),
    ...(passedOver && { passedOver }),
  }
  const sight: ConnectionSight = { gateways: speaking(gateways.items, pods.items), endpoints: endpoints.items, expected: ids }
  return [
    ...podSteps(
      { daemonSets: sets.items, deployments: deployments.items, pods: pods.items, events: inOrder(events.items), ...more },
      workloads,
    ),
    ...connectionSteps(sight),
  ]
}

/** Events, the newest last. */
function inOrder<T extends object>(events: readonly T[]): readonly T[] {
  const time = (event: T): string => String(Reflect.get(event, 'lastTimestamp') ?? Reflect.get(event, 'eventTime') ?? '')
  return [...events].sort((a, b) => (time(a) < time(b) ? -1 : 1))
}

/** What is asked for only while pods are not ready: which nodes are down, and what those pods printed. */
function openDetails({ api, namespace, clock }: Waiting): Details {
  let known: { readonly atMs: number; readonly downNodes: ReadonlySet<string>; readonly logs: ReadonlyMap<string, string> } | undefined
  return async (pods) => {
    const unready = pods.filter((pod) => !isReady(pod))
    if (unready.length === 0) return { downNodes: new Set(), logs: new Map() }
    if (known !== undefined && clock.now() - known.atMs < DETAIL_MS) return known
    const [nodes, logs] = await Promise.all([api.list('Node'), Promise.all(unready.slice(0, 5).map((pod) => logOf(api, namespace, pod)))])
    known = { atMs: clock.now(), downNodes: downNodes(nodes.items), logs: new Map(logs.flat()) }
    return known
  }
}

/** What a pod that has failed once, or runs without being ready, printed last. A log that cannot be had is none. */
async function logOf(api: KubeApi, namespace: string, pod: Pod): Promise<readonly (readonly [string, string])[]> {
  const container = pod.status?.containerStatuses?.[0]
  if (container === undefined || (container.restartCount === 0 && container.state?.waiting !== undefined)) return []
  const isPrevious = container.restartCount > 0 && container.state?.running === undefined
  const text = await podLog(api, namespace, pod.metadata.name, { container: container.name, lastLines: WORDS_LINES, isPrevious }).catch(
    () => undefined,
  )
  return text === undefined ? [] : [[pod.metadata.name, text]]
}
