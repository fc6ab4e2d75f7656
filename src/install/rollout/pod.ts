// Why one pod is not ready: what the scheduler, the kubelet and the container itself say. Pure.
import { hasFault, lastWords, oneLine } from '../../k8s/pod-words.ts'
import type { ContainerStatus, Pod, Resource } from '../../model/resources.ts'
import { at, textAt } from '../tree.ts'
import type { Step } from './step.ts'

export type Trouble = Omit<Step, 'what'>

const PULL_REASONS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
]
/** What a kubelet says while all goes well. */
const STARTING = ['ContainerCreating', 'PodInitializing']
/** Events of a pod that has not begun: the newest of them is why. */
const HINDERED = ['FailedMount', 'FailedCreatePodSandBox', 'FailedAttachVolume', 'NetworkNotReady', 'FailedCreatePodContainer']

/** Why a pod that is not ready is not; undefined while nothing is wrong that it has said. The log is what it printed last, where that is known. */
export function podTrouble(pod: Pod, events: readonly Resource[], log?: string): Trouble | undefined {
  const own = events.filter((event) => textAt(event, 'involvedObject', 'uid') === pod.metadata.uid)
  const { status } = pod
  if (status?.phase === 'Failed') return failing(`the pod failed: ${[status.reason, status.message].filter(Boolean).join(': ')}`)
  const unplaced = status?.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
  if (unplaced !== undefined) return failing(`pending: ${unplaced.message ?? unplaced.reason ?? 'the scheduler has no node for it'}`)
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const trouble = containerTrouble(container, own, log)
    if (trouble !== undefined) return trouble
  }
  const hindered = own.findLast((event) => HINDERED.includes(textAt(event, 'reason') ?? ''))
  if (hindered === undefined || hasStarted(pod)) return undefined
  // A kubelet that has just heard of a pod has not fetched its Secrets yet.
  return { state: timesOf(hindered) > 1 ? 'failing' : 'waiting', text: `not started: ${oneLine(textAt(hindered, 'message') ?? '')}` }
}

/** How often it came. */
const timesOf = (event: Resource): number => {
  const count = at(event, 'series', 'count') ?? at(event, 'count')
  return typeof count === 'number' ? count : 1
}

const hasStarted = ({ status }: Pod): boolean => status?.containerStatuses?.some(({ state }) => state?.running !== undefined) === true

function containerTrouble(container: ContainerStatus, events: readonly Resource[], log: string | undefined): Trouble | undefined {
  if (container.ready || container.state?.terminated?.exitCode === 0) return undefined
  const waiting = container.state?.waiting
  const reason = waiting?.reason ?? ''
  if (PULL_REASONS.includes(reason)) return noImage(container, events, reason)
  const ended = container.state?.terminated ?? container.lastState?.terminated
  if (ended !== undefined && container.state?.running === undefined) {
    if (ended.reason === 'StartError') return notStarted(ended.message)
    const words = lastWords(ended.message) ?? lastWords(log)
    // How often is no news.
    const often = container.restartCount > 0 ? ' again and again' : ''
    return failing(
      `the container ends${often} (${ended.reason ?? 'exit'} ${ended.exitCode ?? ''})${words === undefined ? '' : `: ${words}`}`,
    )
  }
  if (waiting !== undefined && !STARTING.includes(reason))
    return failing(`not started: ${reason}${waiting.message ? `: ${oneLine(waiting.message)}` : ''}`)
  return container.state?.running === undefined ? undefined : notReady(container, events, log)
}

/** The runtime's chain of programs that tell of each other says no more than the last of them. */
function notStarted(message = ''): Trouble {
  const why = oneLine(message).replace(/^.*unable to start container process: (error during container init: )?/, '')
  const isOther = why.includes('executable file not found')
  return {
    ...failing(`the container cannot be started: ${why === '' ? 'the runtime gives no reason' : why}`),
    ...(isOther && { hint: 'That image is none of this program: name it by --image.' }),
  }
}

/** Tries and back-offs take turns; the same words for both. */
function noImage(container: ContainerStatus, events: readonly Resource[], reason: string): Trouble {
  const told = events.findLast((event) => /^Failed to pull/.test(textAt(event, 'message') ?? ''))
  const message = reason === 'ImagePullBackOff' ? textAt(told, 'message') : container.state?.waiting?.message
  const why = oneLine((message ?? '').replace(/^(Failed to pull image "[^"]*"|.*ErrImagePull): /, '').replace(CHATTER, ''))
  return {
    ...failing(`the image ${container.image ?? ''} cannot be pulled: ${why === '' ? reason : why}`),
    hint: 'Name one that the nodes can fetch: --image REGISTRY/NAME:TAG; or load it on the nodes.',
  }
}

/** What containerd says before it says why. */
const CHATTER =
  /^(rpc error: code = \w+ desc = )?(failed to pull and unpack image "[^"]*": )?(failed to resolve (reference|image) "[^"]*": )?(failed to do request: )?/
/** A probe may fail so often while an agent makes its first pass. */
const EARLY = 3

/** A container that runs: it may be on its way still, so it fails only where a probe has failed. */
function notReady(container: ContainerStatus, events: readonly Resource[], log: string | undefined): Trouble | undefined {
  const probe = events.findLast((event) => textAt(event, 'reason') === 'Unhealthy')
  if (probe === undefined) return undefined
  const ended = container.lastState?.terminated?.message
  const words = lastWords(ended) ?? lastWords(log)
  const isNews = hasFault(ended) || hasFault(log)
  const message = textAt(probe, 'message') ?? ''
  // A startup probe fails until the program is up: its time, not each try, says whether it ever will be.
  const state = message.startsWith('Startup') || timesOf(probe) < EARLY ? 'waiting' : 'failing'
  return { state, text: `not ready: ${oneLine(message)}`, ...(words !== undefined && { detail: words }), ...(isNews && { isNews }) }
}

const failing = (text: string): Trouble => ({ state: 'failing', text })
