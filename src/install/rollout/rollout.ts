// How the pods of a member come up, from the objects of the API to lines for people. Pure.
import { GATEWAY_LABEL } from '../../model/names.ts'
import type { DaemonSet, Deployment, Node, Pod, Resource } from '../../model/resources.ts'
import { at, textAt } from '../tree.ts'
import { podTrouble } from './pod.ts'
import type { Step } from './step.ts'

/** What the API says of a member's pods. */
export interface PodSight {
  readonly daemonSets: readonly DaemonSet[]
  readonly deployments?: readonly Deployment[]
  readonly pods: readonly Pod[]
  readonly events: readonly Resource[]
  /** Names of nodes that are not ready: their pods keep nobody waiting. */
  readonly downNodes: ReadonlySet<string>
  /** What a pod in trouble printed last, by its name, as far as it was asked. */
  readonly logs: ReadonlyMap<string, string>
  /** Why a pod is not waited for now, as in an upgrade; undefined where it is. */
  readonly passedOver?: PassedOver
  /** Whether a node carries the gateway label, as far as that was asked. */
  readonly hasGateway?: boolean
}

/** Why a pod that is not ready is not waited for yet, in words; undefined where it is. */
export type PassedOver = (pod: Pod) => string | undefined

/** A step for each workload, and one for each pod that is not ready and says why. */
export const podSteps = (sight: PodSight, workloads: readonly string[]): readonly Step[] =>
  workloads.flatMap((name) => workloadSteps(sight, name))

function workloadSteps(sight: PodSight, name: string): readonly Step[] {
  const what = shortName(name)
  const deployment = sight.deployments?.find(({ metadata }) => metadata.name === name)
  if (deployment !== undefined) return deploymentSteps(what, deployment, sight)
  const set = sight.daemonSets.find(({ metadata }) => metadata.name === name)
  if (set === undefined) return [{ what, state: 'waiting', text: 'is not there yet' }]
  if ((set.status?.observedGeneration ?? 0) < (set.metadata.generation ?? 0))
    return [{ what, state: 'waiting', text: 'the cluster has not looked at it yet' }]
  const desired = set.status?.desiredNumberScheduled ?? 0
  const pods = podsOf(sight.pods, name)
  if (desired === 0 && pods.length === 0) return [nowhere(what, set, sight)]
  const troubles = pods.filter((pod) => !isReady(pod)).map((pod) => troubleStep(what, pod, sight))
  return [countStep(what, set, sight), ...notMade(what, set, sight), ...troubles.filter((step) => step !== undefined)]
}

function deploymentSteps(what: string, deployment: Deployment, sight: PodSight): readonly Step[] {
  const { metadata, spec, status } = deployment
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return [{ what, state: 'waiting', text: 'the cluster has not looked at it yet' }]
  const pods = podsOf(sight.pods, metadata.name)
  const [wanted, updated, ready] = [spec?.replicas ?? 1, status?.updatedReplicas ?? 0, status?.readyReplicas ?? 0]
  const isDone = updated >= wanted && ready >= wanted && (status?.replicas ?? 0) <= wanted
  const text = `${ready} of ${wanted} ready${updated < wanted ? `, ${updated} of ${wanted} as wanted` : ''}`
  // Quotas and policies that forbid a pod.
  const refused = status?.conditions?.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')
  const troubles = pods.filter((pod) => !isReady(pod)).map((pod) => troubleStep(what, pod, sight))
  return [
    { what, state: isDone ? 'ok' : 'waiting', text },
    ...(refused === undefined
      ? []
      : [{ what, state: 'failing' as const, text: `a pod cannot be made: ${refused.message ?? refused.reason ?? ''}` }]),
    ...troubles.filter((step) => step !== undefined),
  ]
}

/** `submariner-route-agent` is `route-agent` in lines. */
const shortName = (name: string): string => name.replace(/^submariner-/, '')

/** Pods of a workload, those that are ending among them. */
export const allPodsOf = (pods: readonly Pod[], workload: string): readonly Pod[] =>
  pods.filter(({ metadata }) => metadata.labels?.app === workload)

/** Pods of a workload that are to stay. */
export const podsOf = (pods: readonly Pod[], workload: string): readonly Pod[] =>
  allPodsOf(pods, workload).filter(({ metadata }) => metadata.deletionTimestamp === undefined)

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

function nowhere(what: string, set: DaemonSet, { hasGateway }: PodSight): Step {
  const selector = at(set, 'spec', 'template', 'spec', 'nodeSelector', GATEWAY_LABEL)
  // Of a label that has just been set the cluster takes note a moment later.
  if (selector !== undefined && hasGateway === true) return { what, state: 'waiting', text: 'the cluster has not looked at its nodes yet' }
  return selector === undefined
    ? { what, state: 'failing', text: 'no node would take it' }
    : {
        what,
        state: 'waiting',
        text: `no node carries the label ${GATEWAY_LABEL}=true`,
        hint: `subctl join --gateway NODE, or kubectl label node NODE ${GATEWAY_LABEL}=true`,
      }
}

function countStep(what: string, set: DaemonSet, { pods, downNodes, passedOver }: PodSight): Step {
  const { desiredNumberScheduled: desired = 0, updatedNumberScheduled: updated = 0 } = set.status ?? {}
  const all = allPodsOf(pods, set.metadata.name)
  const ready = podsOf(all, set.metadata.name).filter(isReady)
  const isExcused = (pod: Pod): boolean => downNodes.has(nodeOf(pod)) || passedOver?.(pod) !== undefined
  // A pod that ends on a node that is down ends with the node's return, and no other takes its place until then.
  const excused = new Set(all.filter((pod) => !ready.includes(pod) && isExcused(pod)).map(nodeOf)).size
  const text = `${ready.length} of ${desired} ready`
  if (ready.length + excused < desired) return { what, state: 'waiting', text }
  const isByHand = textAt(set, 'spec', 'updateStrategy', 'type') === 'OnDelete'
  if (updated + excused < desired && !isByHand) {
    const wanted = `${text}, ${updated} of ${desired} as wanted`
    return excused === 0
      ? { what, state: 'waiting', text: wanted }
      : { what, state: 'waiting', text: `${wanted}: ${HELD_UP}`, hint: PAST_DOWN }
  }
  const whoseTurn = passedOver === undefined ? ': subctl upgrade replaces them' : ''
  const old = updated < desired && isByHand ? `; ${desired - updated} still as before${whoseTurn}` : ''
  return { what, state: ready.length < desired ? 'note' : 'ok', text: `${text}${old}` }
}

const HELD_UP = 'a rolling update does not go past nodes that are down'
const PAST_DOWN =
  'subctl upgrade goes past nodes that are down; or the update goes on when they are back, or their Node objects are deleted.'

/** A pod that could not even be made, as where a quota or a policy forbids it: the set's own Event says so. */
function notMade(what: string, set: DaemonSet, { events }: PodSight): readonly Step[] {
  const desired = set.status?.desiredNumberScheduled ?? 0
  const current = at(set, 'status', 'currentNumberScheduled')
  if (typeof current !== 'number' || current >= desired) return []
  const event = events.findLast(
    (item) => textAt(item, 'involvedObject', 'uid') === set.metadata.uid && textAt(item, 'reason') === 'FailedCreate',
  )
  return event === undefined ? [] : [{ what, state: 'failing', text: `a pod cannot be made: ${textAt(event, 'message') ?? ''}` }]
}

function troubleStep(what: string, pod: Pod, { events, downNodes, logs, passedOver }: PodSight): Step | undefined {
  const node = nodeOf(pod)
  const title = `${what} on ${node === '' ? 'no node' : node}`
  if (downNodes.has(node)) return { what: title, state: 'note', text: 'the node is not ready; its pod is not waited for' }
  const trouble = podTrouble(pod, events, logs.get(pod.metadata.name))
  const excuse = passedOver?.(pod)
  if (excuse !== undefined) return { what: title, state: 'note', text: `${excuse}: ${trouble?.text ?? 'no reason given'}` }
  return trouble && { what: title, ...trouble }
}

export const nodeOf = (pod: Pod): string => pod.spec?.nodeName ?? textAt(pod, 'spec', 'affinity', 'nodeAffinity', ...AFFINITY) ?? ''
/** Where a DaemonSet's pod is to go before it is there. */
const AFFINITY = ['requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms', 0, 'matchFields', 0, 'values', 0] as const

/** Names of the nodes that do not say they are ready. */
export const downNodes = (nodes: readonly Node[]): ReadonlySet<string> =>
  new Set(
    nodes
      .filter(({ status }) => !status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'))
      .map(({ metadata }) => metadata.name),
  )
