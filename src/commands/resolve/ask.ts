// A pod of a cluster asks its DNS, as any other pod of that cluster would.
import { messageOf } from '../../model/errors.ts'
import { DONE_LINE } from '../../model/nettest.ts'
import { type NameResult, readNameResult } from '../../model/nettest-name.ts'
import type { Pod } from '../../model/resources.ts'
import type { Subject } from '../look/subjects.ts'
import { podNodes } from '../verify/places.ts'
import { awaitLine, awaitPods, createNamespace, createPod, isStarted, type PodCluster, removeNamespace } from '../verify/pod-cluster.ts'
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
    return messageOf(error)
  }
}

async function inNamespace(cluster: PodCluster, node: string, { name, signal, tell }: Asking): Promise<NameResult | string> {
  try {
    await createNamespace(cluster)
    await createPod(cluster, { name: POD, node, args: ['client', '--ask', name] }, signal)
    const [pod] = await awaitPods(cluster, [POD], hasRun, signal)
    if (pod === undefined || typeof pod === 'string') return `the pod on node ${node} does not run: ${pod ?? ''}`
    const lines = await awaitLine(cluster, POD, DONE_LINE, signal)
    const result = lines.flatMap((line) => readNameResult(line) ?? []).find(({ ask }) => ask === name)
    return result ?? `the pod on node ${node} said: ${lines.find((line) => line.startsWith('error')) ?? lines.at(-1) ?? 'nothing'}`
  } finally {
    const left = await removeNamespace(cluster, signal.aborted).catch(
      (error: unknown) => `namespace ${cluster.namespace} is left: ${messageOf(error)}`,
    )
    if (left !== undefined) tell(left)
  }
}
