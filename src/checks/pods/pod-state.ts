import { lastWords } from '../../k8s/pod-words.ts'
import type { ContainerEnd, ContainerStatus, Pod } from '../../model/resources.ts'

/** Reasons to wait that do not go away by waiting. */
const HOPELESS = [
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]

const statusesOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
]
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true

/** Whether the pod will not run however long one waits. */
export const isHopeless = (pod: Pod): boolean =>
  pod.status?.phase === 'Failed' || statusesOf(pod).some(({ state }) => HOPELESS.includes(state?.waiting?.reason ?? ''))

/** Why a pod does not run or is not ready, in the cluster's own words. */
export function whyNotReady(pod: Pod): string {
  const { status } = pod
  if (status?.reason !== undefined) return `${status.reason}${tail(status.message)}`
  const unscheduled = status?.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
  if (unscheduled !== undefined) return `not scheduled${tail(unscheduled.message)}`
  for (const { name, state, lastState, ready } of statusesOf(pod)) {
    if (state?.waiting !== undefined)
      return `${name}: ${sayEnd(state.waiting)}${lastState?.terminated ? `, after ${sayEnd(lastState.terminated)}` : ''}`
    if (state?.terminated !== undefined && state.terminated.exitCode !== 0) return `${name}: ${sayEnd(state.terminated)}`
    if (!ready && state?.running !== undefined) return `${name} runs and is not ready`
  }
  return pod.metadata.deletionTimestamp === undefined ? (status?.phase ?? 'not seen by its node yet') : 'it is being deleted'
}

const sayEnd = ({ reason, message, exitCode }: ContainerEnd): string =>
  `${reason ?? 'ended'}${exitCode === undefined ? '' : ` (exit ${exitCode})`}${tail(message)}`
const tail = (message: string | undefined): string => {
  const words = lastWords(message)
  return words === undefined ? '' : `: ${words}`
}
