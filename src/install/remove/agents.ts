// The agents go before anything else: what they would put back must not be taken away.
import type { KubeApi } from '../../k8s/api.ts'
import { type Found, inTurns } from '../../k8s/discover.ts'
import { kindOf } from '../../model/kinds.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Pod } from '../../model/resources.ts'
import type { Limit } from '../apply/apply.ts'
import { titleOf } from '../apply/report.ts'
import { ERRAND_LABEL } from './cleanup-job.ts'
import { downAmong } from './lost-pods.ts'
import { isMarked } from './mark.ts'

export interface EndOptions extends Limit {
  readonly namespace: string
  readonly progress: (text: string) => void
  /** What the labels `app` of their pods say. Default: all agents. */
  readonly apps?: readonly string[]
}

const NAMES: readonly string[] = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD]
const POLL_MS = 500

/**
 * Removes the workloads and waits until no pod of theirs is left. Pods of nodes that are down cannot end in order: their objects are taken away.
 * Returns the pods that are still there at the deadline.
 */
export async function endAgents(api: KubeApi, workloads: readonly Found[], options: EndOptions): Promise<readonly Pod[]> {
  await inTurns(workloads, async (object) => {
    const { name, namespace, uid } = object.metadata
    if (await api.remove(kindOf(object), name, namespace, uid === undefined ? {} : { uid })) options.progress(`removed ${titleOf(object)}`)
  })
  const asked = new Set<string>()
  for (;;) {
    const [pods, nodes] = await Promise.all([api.list('Pod', { namespace: options.namespace }), api.list('Node')])
    const agents = pods.items.filter((pod) => isAgent(pod) && (options.apps === undefined || options.apps.includes(appOf(pod))))
    if (agents.length === 0) return []
    const isDown = downAmong(nodes.items)
    const isLost = ({ spec }: Pod): boolean => spec?.nodeName === undefined || isDown(spec.nodeName)
    await inTurns(agents, (pod) => end(api, pod, { isLost: isLost(pod), asked, ...options }))
    options.signal.throwIfAborted()
    if (options.clock.now() >= options.deadline) return agents
    await options.clock.sleep(POLL_MS, options.signal)
  }
}

const appOf = ({ metadata }: Pod): string => metadata.labels?.app ?? ''
const isAgent = ({ metadata }: Pod): boolean =>
  metadata.labels?.[ERRAND_LABEL] === undefined && (NAMES.includes(metadata.labels?.app ?? '') || isMarked(metadata))

/** The collector of garbage would do the same, where there is one and it has time. */
async function end(api: KubeApi, pod: Pod, how: EndOptions & { readonly isLost: boolean; readonly asked: Set<string> }): Promise<void> {
  const { name, namespace, uid = '' } = pod.metadata
  const key = `${uid} ${how.isLost}`
  if (how.asked.has(key)) return
  how.asked.add(key)
  await api.remove('Pod', name, namespace, { uid, ...(how.isLost && { graceSeconds: 0 }) })
  if (how.isLost) how.progress(`gave up ${titleOf(pod)}: its node ${pod.spec?.nodeName ?? ''} is down`)
}
