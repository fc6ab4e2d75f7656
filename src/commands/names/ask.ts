// Names are looked up by pods of the cluster, one after the other, in a namespace of their own that goes with the last of them.
import type { Limit } from '../../install/apply/apply.ts'
import type { Ask } from '../../install/names/apply.ts'
import type { Image } from '../../install/objects/workloads.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import { NAMESPACE } from '../../model/names.ts'
import { DONE_LINE } from '../../model/nettest.ts'
import { type NameResult, readNameResult } from '../../model/nettest-name.ts'
import type { Pod } from '../../model/resources.ts'
import { podNodes } from '../verify/places.ts'
import { awaitLine, awaitPods, createNamespace, createPod, isStarted, type PodCluster, removeNamespace } from '../verify/pod-cluster.ts'
import { planOf } from '../verify/pod-run.ts'

/** Pods end by themselves after this time, however this program ended. */
const LIFE_MS = 10 * 60_000

/** When a pod that is looking names up is not waited for any more. */
const LOOK_MS = 15_000

export interface Asking {
  readonly ask: Ask
  /** Has what was put into the cluster removed; does not wait until it is gone. Never throws. */
  close(): Promise<void>
}

interface Ground {
  readonly cluster: PodCluster
  readonly nodes: readonly string[]
}

/** Nothing is put into the cluster before the first question. `image` is what pods run; without it that of the agents there. */
export function openAsking(
  api: KubeApi,
  { clock, deadline, say, image }: Limit & { say(text: string): void; readonly image?: Image | undefined },
): Asking {
  let ground: Promise<Ground | string> | undefined
  let count = 0
  return {
    async ask(names, signal) {
      ground ??= prepare(api, clock, image)
      const ready = await ground.catch(messageOf)
      if (typeof ready === 'string') {
        ground = undefined
        return ready
      }
      count += 1
      // A pod that does not start is waited for as long as there is time at all.
      const until = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, deadline - clock.now()))])
      return look(ready, { names, count, signal: until }).catch(messageOf)
    },
    async close() {
      const ready = await ground?.catch(messageOf)
      if (ready === undefined || typeof ready === 'string') return
      const left = await removeNamespace(ready.cluster, true).catch(messageOf)
      if (left !== undefined) say(`note: ${left}`)
    },
  }
}

async function prepare(api: KubeApi, clock: Limit['clock'], pods: Image | undefined): Promise<Ground | string> {
  const { image, imagePullPolicy } = pods ?? {}
  const plan = await planOf(
    { name: 'cluster', api },
    { when: 'true', namespace: NAMESPACE, image, imagePullPolicy, clock, lifeMs: LIFE_MS },
  )
  if (typeof plan === 'string') return plan
  const nodes = podNodes(plan.seen).map(({ node }) => node)
  if (nodes.length === 0) return 'no node is ready'
  const cluster = { ...plan.cluster, namespace: `submariner-verify-${crypto.randomUUID().slice(0, 8)}` }
  await createNamespace(cluster)
  return { cluster, nodes }
}

interface Look {
  readonly names: readonly string[]
  readonly count: number
  readonly signal: AbortSignal
}
/** From another node each time: each may have a cache of its own. */
async function look({ cluster, nodes }: Ground, { names, count, signal }: Look): ReturnType<Ask> {
  const [pod, node] = [`names-${count}`, nodes[count % nodes.length] ?? '']
  // Where nothing answers each name takes long; the first of them say enough.
  const said = await askFromPod(cluster, { pod, node, names, signal, hasRun: isStarted, mostMs: LOOK_MS })
  if (typeof said === 'string') return said
  await cluster.api.remove('Pod', pod, cluster.namespace, { graceSeconds: 0 })
  return said.results
}

export interface PodQuestion {
  readonly pod: string
  readonly node: string
  readonly names: readonly string[]
  readonly signal: AbortSignal
  /** Whether the pod has come so far that its log can be read. */
  readonly hasRun: (pod: Pod) => boolean
  /** How long its answers are waited for, beside the signal. */
  readonly mostMs?: number
}
/** What a pod on the node is answered by its cluster's DNS, and all that it said; text: why it does not run. The pod stays. */
export async function askFromPod(
  cluster: PodCluster,
  { pod, node, names, signal, hasRun, mostMs }: PodQuestion,
): Promise<{ readonly results: readonly NameResult[]; readonly lines: readonly string[] } | string> {
  await createPod(cluster, { name: pod, node, args: ['client', ...names.flatMap((one) => ['--ask', one])] }, signal)
  const [seen] = await awaitPods(cluster, [pod], hasRun, signal)
  if (seen === undefined || typeof seen === 'string') return `the pod on node ${node} does not run: ${seen ?? ''}`
  const until = mostMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(mostMs)])
  const lines = await awaitLine(cluster, pod, DONE_LINE, until)
  return { results: lines.flatMap((line) => readNameResult(line) ?? []), lines }
}
