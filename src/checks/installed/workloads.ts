import { podLog } from '../../k8s/pod-log.ts'
import { lastWords, WORDS_LINES } from '../../k8s/pod-words.ts'
import { type OldPort, oldPortOf, oldPortText, replaceCharon } from '../../model/charon-port.ts'
import { CHARON_WORKLOAD, DISCOVERY_WORKLOAD, DNS_WORKLOAD, GATEWAY_WORKLOAD, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { DaemonSet, Pod } from '../../model/resources.ts'
import type { Verdict } from '../check.ts'
import { isReady, whyNotReady } from '../pods/pod-state.ts'
import type { CheckContext } from '../subject.ts'

const WORKLOADS = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD] as const
/** Deployments: SUB0634 and SUB0635 see to their pods. */
const SERVICES: readonly string[] = [DISCOVERY_WORKLOAD, DNS_WORKLOAD]

export interface Workloads {
  readonly daemonSets: readonly DaemonSet[]
  readonly pods: readonly Pod[]
  readonly services: readonly Pod[]
}

/** Our DaemonSets and their pods, and those of our Deployments. */
export async function readWorkloads({ api, namespace }: CheckContext): Promise<Workloads> {
  const [daemonSets, pods] = await Promise.all([
    api.list('DaemonSet', { namespace }).then(({ items }) => items.filter(({ metadata }) => isOurs(metadata.name))),
    api.list('Pod', { namespace }).then(({ items }) => items),
  ])
  const of = (isOne: (app: string | undefined) => boolean): readonly Pod[] => pods.filter(({ metadata }) => isOne(metadata.labels?.app))
  return { daemonSets, pods: of(isOurs), services: of((app) => SERVICES.includes(app ?? '')) }
}
const isOurs = (name: string | undefined): boolean => WORKLOADS.some((one) => one === name)

export const NOT_PODS = 'the agents do not run as pods here'

/** Whether the DaemonSets have all their pods ready; each pod that is not is named with its reason and its last line. */
export async function workloadsReady(context: CheckContext): Promise<Verdict> {
  const { daemonSets, pods } = await readWorkloads(context)
  if (daemonSets.length === 0) return { is: 'skipped', reason: NOT_PODS }
  const missing = WORKLOADS.filter((name) => !daemonSets.some(({ metadata }) => metadata.name === name))
  const lacking = daemonSets.filter(({ status }) => (status?.numberReady ?? 0) < (status?.desiredNumberScheduled ?? 0))
  const unready = pods.filter((pod) => !isReady(pod))
  const problems = [
    ...missing.map((name) => `there is no DaemonSet ${name}`),
    ...(await Promise.all(unready.map((pod) => sayPod(context, pod)))),
    ...lacking
      .filter(({ metadata }) => !unready.some((pod) => pod.metadata.labels?.app === metadata.name))
      .map(({ metadata, status }) => `${metadata.name}: ${status?.numberReady ?? 0} of ${status?.desiredNumberScheduled} pods are ready`),
  ]
  if (problems.length > 0)
    return { is: 'failed', reason: problems.join('; '), hint: `run \`kubectl -n ${context.namespace} describe pods\`` }
  const ports = await oldPorts(context)
  if (ports.length > 0)
    return {
      is: 'warning',
      reason: ports.map(oldPortText).join('; '),
      hint: replaceCharon(context.name === 'current' ? '' : ` --context ${context.name}`),
    }
  const old = daemonSets.filter(({ status }) => (status?.updatedNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0))
  if (old.length > 0)
    return {
      is: 'warning',
      reason: `pods of ${old.map(({ metadata }) => metadata.name).join(', ')} are of before the last change`,
      hint: 'run `subctl upgrade`: it replaces them one by one',
    }
  return { is: 'ok', note: `${pods.length} pods` }
}

/** Of gateways whose charon is of before a change of the port. */
const oldPorts = async ({ api, namespace }: CheckContext): Promise<readonly OldPort[]> =>
  (await api.list('Gateway', { namespace })).items.flatMap((gateway) => oldPortOf(gateway) ?? [])

/** A pod that is not ready: where it is, why, and the last fault that it printed or else its last line. */
export async function sayPod({ api, namespace }: Pick<CheckContext, 'api' | 'namespace'>, pod: Pod): Promise<string> {
  const { name } = pod.metadata
  const status = pod.status?.containerStatuses?.find(({ ready }) => !ready)
  const isPrevious = status !== undefined && status.state?.running === undefined && status.restartCount > 0
  const options = { lastLines: WORDS_LINES, isPrevious, ...(status && { container: status.name }) }
  const log = await podLog(api, namespace, name, options).catch(() => undefined)
  const [why, last] = [whyNotReady(pod), lastWords(log)]
  // Where the container ended with these words its status has them too.
  return `${name} on ${pod.spec?.nodeName ?? 'no node'}: ${why}${last === undefined || why.includes(last) ? '' : `; its last line: ${last}`}`
}

/** Whether all agents of all clusters asked about are of one image. */
export async function imagesEqual(context: CheckContext): Promise<Verdict> {
  const own = await imagesOf(context)
  if (own.size === 0) return { is: 'skipped', reason: NOT_PODS }
  const others = await Promise.all(context.all.filter((other) => other !== context).map(imagesOf))
  const found = [own, ...others].flatMap((images) => [...images.keys()])
  // A node that has just begun a pod does not know the digest yet.
  const all = new Set(found.filter((image) => image.includes(', ') || !found.some((other) => other.startsWith(`${image}, `))))
  if (all.size === 1) return { is: 'ok', note: [...all].join('') }
  const here = [...own].map(([image, names]) => `${image} (${[...new Set(names)].sort().join(', ')})`).join('; ')
  const elsewhere = [...all].filter((image) => !own.has(image))
  return {
    is: 'warning',
    reason: `here ${here}${elsewhere.length === 0 ? '' : `; in other clusters ${elsewhere.join(', ')}`}`,
    hint: 'run `subctl upgrade` with one image in each cluster',
  }
}

/** Names of workloads by what their pods run: the image's digest where the node knows it, beside its name. */
async function imagesOf(context: CheckContext): Promise<ReadonlyMap<string, readonly string[]>> {
  const { pods, services } = await readWorkloads(context)
  const images = new Map<string, string[]>()
  for (const pod of [...pods, ...services]) {
    const image = pod.spec?.containers?.[0]?.image ?? ''
    const digest = /[0-9a-f]{64}/.exec(pod.status?.containerStatuses?.[0]?.imageID ?? '')?.[0]
    const key = digest === undefined ? image : `${image}, ${digest.slice(0, 12)}`
    images.set(key, [...(images.get(key) ?? []), pod.metadata.labels?.app ?? ''])
  }
  return images
}
