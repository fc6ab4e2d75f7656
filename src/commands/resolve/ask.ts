// A pod of a cluster asks its DNS, as any other pod of that cluster would.
import { explain } from '../../k8s/explain.ts'
import { messageOf } from '../../model/errors.ts'
import type { NameResult } from '../../model/nettest-name.ts'
import type { Pod } from '../../model/resources.ts'
import type { Subject } from '../look/subjects.ts'
import { askFromPod } from '../names/ask.ts'
import { podNodes } from '../verify/places.ts'
import { createNamespace, isStarted, type PodCluster, removeNamespace } from '../verify/pod-cluster.ts'
import { type PodPlanOptions, planOf } from '../verify/pod-run.ts'

export interface Asking extends PodPlanOptions {
  readonly name: string
  readonly signal: AbortSignal
  /** Told of what could not be removed. */
  readonly tell: (left: string) => void
}

const POD = 'resolve'
/** One that has failed may have said why, as an image does that is too old to know the question. */
const hasRun = (pod: Pod): boolean => isStarted(pod) || (pod.status?.phase === 'Failed' && pod.status.reason === undefined)

/** What the cluster's DNS says; text: why it could not be asked. Nothing stays in the cluster. */
export async function askIn(subject: Subject, asking: Asking): Promise<NameResult | string> {
  try {
    const plan = await planOf(subject, asking)
    if (typeof plan === 'string') return plan
    const node = podNodes(plan.seen).at(-1)?.node
    if (node === undefined) return 'no node is ready'
    return await inNamespace({ ...plan.cluster, namespace: `submariner-verify-${crypto.randomUUID().slice(0, 8)}` }, node, asking)
  } catch (error) {
    if (asking.signal.aborted) return 'time ran out'
    return messageOf(explain(error, subject.api.server))
  }
}

async function inNamespace(cluster: PodCluster, node: string, { name, signal, tell }: Asking): Promise<NameResult | string> {
  try {
    await createNamespace(cluster)
    const said = await askFromPod(cluster, { pod: POD, node, names: [name], signal, hasRun })
    if (typeof said === 'string') return said
    const { results, lines } = said
    return (
      results.find(({ ask }) => ask === name) ??
      `the pod on node ${node} said: ${lines.find((line) => line.startsWith('error')) ?? lines.at(-1) ?? 'nothing'}`
    )
  } finally {
    const left = await removeNamespace(cluster, signal.aborted).catch(
      (error: unknown) => `namespace ${cluster.namespace} is left: ${messageOf(error)}`,
    )
    if (left !== undefined) tell(left)
  }
}
