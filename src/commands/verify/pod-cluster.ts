// The pods of verify in one cluster: put there, waited for, read and removed.
import { isHopeless, whyNotReady } from '../../checks/pods/pod-state.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { podLog } from '../../k8s/pod-log.ts'
import { VERIFY_LABEL } from '../../model/names.ts'
import type { Pod } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { DEADLINE_ANNOTATION, type NettestPod, nettestPod, verifyNamespace } from './pod-objects.ts'

const POLL_MS = 400
/** An image may have to be pulled. */
const START_MS = 90_000
/** The account of pods in a new namespace is made by a controller. */
const ACCOUNT_MS = 15_000

export interface PodCluster {
  readonly api: KubeApi
  readonly clock: Clock
  readonly namespace: string
  readonly image: string
  readonly pullPolicy: string
  /** When pods end by themselves and the namespace is no more than a leftover. */
  readonly deadline: Date
  readonly isUserGiven: boolean
}

/** Removes what earlier runs that were killed have left, once their time is over. */
export async function sweep(api: KubeApi, clock: Clock): Promise<void> {
  const { items } = await api.list('Namespace', { labels: { [VERIFY_LABEL]: '' } })
  const old = items.filter(({ metadata }) => !(Date.parse(metadata.annotations?.[DEADLINE_ANNOTATION] ?? '') > clock.now()))
  await Promise.all(old.filter(isThere).map(({ metadata }) => api.remove('Namespace', metadata.name)))
}
const isThere = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  metadata.deletionTimestamp === undefined

export const createNamespace = async ({ api, namespace, deadline }: PodCluster): Promise<void> => {
  await api.create(verifyNamespace(namespace, deadline))
}

/** Puts a pod into the namespace. */
export async function createPod(cluster: PodCluster, pod: Pick<NettestPod, 'name' | 'node' | 'args'>, signal: AbortSignal): Promise<void> {
  const { api, clock, namespace, image, pullPolicy, deadline, isUserGiven } = cluster
  const deadlineSeconds = Math.max(1, Math.ceil((deadline.getTime() - clock.now()) / 1000))
  const object = nettestPod({ ...pod, namespace, image, pullPolicy, deadlineSeconds, isUserGiven })
  const untilMs = clock.now() + ACCOUNT_MS
  for (;;) {
    try {
      await api.create(object)
      return
    } catch (error) {
      const isEarly = error instanceof ApiError && error.code === 403 && error.message.includes('serviceaccount')
      if (!isEarly || clock.now() > untilMs || signal.aborted) throw error
      await clock.sleep(POLL_MS, signal)
    }
  }
}

/** Waits until each of the pods is as it should be, or cannot become so; gives what has become of them, in the names' order. */
export async function awaitPods(
  { api, clock, namespace }: PodCluster,
  names: readonly string[],
  isThere: (pod: Pod) => boolean,
  signal: AbortSignal,
): Promise<readonly (Pod | string)[]> {
  const untilMs = clock.now() + START_MS
  for (;;) {
    const { items } = await api.list('Pod', { namespace })
    const pods = names.map((name) => items.find(({ metadata }) => metadata.name === name))
    const isOver = pods.every((pod) => pod === undefined || isThere(pod) || isHopeless(pod))
    if (isOver || clock.now() > untilMs || signal.aborted)
      return pods.map((pod, i) => {
        if (pod === undefined) return `the pod ${names[i]} is gone`
        return isThere(pod) ? pod : whyNotReady(pod)
      })
    await clock.sleep(POLL_MS, signal)
  }
}

export const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running' && (status.podIP ?? '') !== ''
export const isStarted = (pod: Pod): boolean => isRunning(pod) || pod.status?.phase === 'Succeeded'

/** What a pod has printed, line by line. */
export const logLines = async ({ api, namespace }: PodCluster, pod: string, lastLines?: number): Promise<readonly string[]> =>
  ((await podLog(api, namespace, pod, lastLines === undefined ? {} : { lastLines })) ?? '').split('\n').filter((line) => line !== '')

/** Reads a pod's log until it has the line that ends it, or the pod has ended, or time has. */
export async function awaitLine(cluster: PodCluster, pod: string, last: string, signal: AbortSignal): Promise<readonly string[]> {
  const { api, clock, namespace } = cluster
  const untilMs = clock.now() + START_MS
  for (;;) {
    const before = await api.get('Pod', pod, namespace)
    const lines = await logLines(cluster, pod)
    const hasEnded = before === undefined || before.status?.phase === 'Succeeded' || before.status?.phase === 'Failed'
    if (lines.includes(last) || hasEnded || clock.now() > untilMs || signal.aborted) return lines
    await clock.sleep(POLL_MS, signal)
  }
}

const GONE_MS = 20_000

/** Removes the namespace with all that is in it; waits for it to be gone unless there is no time. Says what is left. */
export async function removeNamespace({ api, clock, namespace }: PodCluster, isHurried: boolean): Promise<string | undefined> {
  const line = api.within(5_000)
  if (!(await line.remove('Namespace', namespace)) || isHurried) return undefined
  const untilMs = clock.now() + GONE_MS
  while (clock.now() < untilMs) {
    if ((await line.get('Namespace', namespace)) === undefined) return undefined
    await clock.sleep(POLL_MS)
  }
  return `namespace ${namespace} is still being removed by its cluster`
}
