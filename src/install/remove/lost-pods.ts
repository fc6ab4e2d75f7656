// Pods on nodes that are down: no kubelet there says that they have ended, so that their objects, and a namespace with them, would stay for ever.
import type { KubeApi } from '../../k8s/api.ts'
import { inTurns } from '../../k8s/discover.ts'
import type { Node, Pod } from '../../model/resources.ts'
import { titleOf } from '../apply/report.ts'
import { isMarked } from './mark.ts'

/** Whether the node says that it is ready. */
export const isNodeReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

/** Tells of a node, by its name, whether it is down or gone. */
export function downAmong(nodes: readonly Node[]): (name: string) => boolean {
  const ready = new Set(nodes.filter(isNodeReady).map(({ metadata }) => metadata.name))
  return (name) => !ready.has(name)
}

/** Takes away the objects of our pods in the namespace that are on nodes that are down, and says so. */
export async function giveUpPods(api: KubeApi, namespace: string, progress: (text: string) => void): Promise<void> {
  const pods = (await api.list('Pod', { namespace })).items.filter(
    ({ metadata, spec }) => isMarked(metadata) && (spec?.nodeName ?? '') !== '',
  )
  if (pods.length === 0) return
  const isDown = downAmong((await api.list('Node')).items)
  await inTurns(
    pods.filter(({ spec }) => isDown(spec?.nodeName ?? '')),
    (pod) => giveUp(api, pod, progress),
  )
}

async function giveUp(api: KubeApi, pod: Pod, progress: (text: string) => void): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  // It may be gone by now, or another one may have its name.
  const isGone = await api.remove('Pod', name, namespace, { ...(uid !== undefined && { uid }), graceSeconds: 0 }).catch(() => false)
  if (isGone) progress(`gave up ${titleOf({ ...pod, kind: 'Pod' })}: its node ${pod.spec?.nodeName ?? ''} is down`)
}
