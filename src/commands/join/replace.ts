// A change of what charon reads, such as the port: its pods go on as they are until they are replaced. A join that waits does that as an upgrade would.
import type { Limit } from '../../install/apply/apply.ts'
import type { Change } from '../../install/apply/compare.ts'
import { allPodsOf, isReady, nodeOf, podsOf } from '../../install/rollout/rollout.ts'
import { textAt } from '../../install/tree.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { CHARON_WORKLOAD, NAMESPACE, SETTINGS_ANNOTATION, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { Given } from '../cli/given.ts'
import { contextFlags } from '../cli/hint.ts'
import type { Context } from '../context.ts'
import { healthBefore } from '../upgrade/before.ts'
import { gapOf } from '../upgrade/gap.ts'
import { brokenPods, carriesTraffic } from '../upgrade/order.ts'
import { lookAtGateways, runUpgrade, type Upgrading, untilObserved } from '../upgrade/run.ts'
import { say } from './stage.ts'
import { putTeller, teller } from './up.ts'

/** Whether charon's own settings change, in a cluster that runs it already, or have changed in a join that broke off before its pods' turn. */
export async function changesCharon(api: KubeApi, changes: readonly Change[]): Promise<boolean> {
  const set = changes.find(({ object }) => object.kind === 'DaemonSet' && object.metadata.name === CHARON_WORKLOAD)
  if (set === undefined || set.action === 'created') return false
  const wished = textAt(set.object, 'spec', 'template', 'metadata', 'annotations', SETTINGS_ANNOTATION)
  const { items } = await api.list('Pod', { namespace: NAMESPACE })
  return podsOf(items, CHARON_WORKLOAD).some(({ metadata }) => metadata.annotations?.[SETTINGS_ANNOTATION] !== wished)
}

/** For those who do not wait. */
export const charonStays = (context: Context, given: Given): string =>
  'note: charon goes on with the settings it has until its pods are replaced, and the engines with the port that it has. One gateway after the other: ' +
  `subctl upgrade${contextFlags(given, given.text('context') ?? 'current', context.env)}, or this join again with --wait`

/** Applies the changes and replaces the gateways' pods one by one, those that stand by first; gives up at the deadline. */
export async function applyReplacing(
  context: Context,
  given: Given,
  { api, changes, deadline }: Pick<Upgrading, 'api' | 'changes'> & { readonly deadline: number },
): Promise<void> {
  const { clock, signal } = context
  const gap = await gapOf(context, api, changes)
  if (gap !== undefined) say(context, `note: ${gap}`)
  const clusterId = (await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE))?.data?.SUBMARINER_CLUSTERID ?? ''
  await runUpgrade({
    ...{ api, changes, clock, signal, clusterId, deadline, withCharon: true, mayGap: gap !== undefined },
    before: await healthBefore(context, api, clusterId),
    timeoutMs: given.duration('timeout'),
    isForced: given.on('force-conflicts'),
    put: putTeller(context),
    say: (text) => say(context, text),
    tell: teller(context, given),
  })
}

/**
 * Ends pods of charon that are of an older template and not ready, as after a join with the name of an image that is not to be had: nothing else would ever
 * replace them. One that carries traffic all the same stays.
 */
export async function mendCharon(context: Context, api: KubeApi, limit: Limit): Promise<void> {
  const { items } = await api.list('Pod', { namespace: NAMESPACE })
  if (allPodsOf(items, CHARON_WORKLOAD).every(isReady)) return
  await untilObserved(api, limit)
  const sight = await lookAtGateways(api, true)
  for (const pod of brokenPods(sight, CHARON_WORKLOAD)) {
    const { name, namespace, uid } = pod.metadata
    const node = nodeOf(pod)
    if (carriesTraffic(sight.gateways, node)) {
      say(context, `note: the old pod of charon on ${node} is not ready, but carries traffic: subctl upgrade replaces it in its turn`)
      continue
    }
    say(context, `replacing charon on ${node}: its old pod is not ready`)
    await api.remove('Pod', name, namespace, uid === undefined ? {} : { uid })
  }
}

/** Whether the cluster ran charon before. */
export const hasCharon = (changes: readonly Change[]): boolean =>
  changes.some(({ object, action }) => action !== 'created' && object.kind === 'DaemonSet' && object.metadata.name === CHARON_WORKLOAD)
