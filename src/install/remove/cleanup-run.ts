// Errands of nodes: a Job on each, watched until it is done, and what it printed.
import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import { inTurns } from '../../k8s/discover.ts'
import { podLog } from '../../k8s/pod-log.ts'
import { lastWords } from '../../k8s/pod-words.ts'
import { messageOf } from '../../model/errors.ts'
import type { Pod, Resource } from '../../model/resources.ts'
import type { Limit } from '../apply/apply.ts'
import { listAt, textAt } from '../tree.ts'
import { ERRAND_LABEL, type Errand, errandJob, jobName, NODE_ANNOTATION } from './cleanup-job.ts'
import { downAmong, giveUpPods } from './lost-pods.ts'

export interface ErrandOptions extends Limit {
  readonly namespace: string
  /** Pod template of the route agent's DaemonSet. */
  readonly template: unknown
  readonly errand: Errand
  readonly nodes: readonly string[]
  readonly image?: string
  readonly hasAccount: boolean
  /** Told of each node that is done, or is not. */
  readonly progress: (outcome: NodeOutcome) => void
  /** Told of each pod that is given up with its node. */
  readonly gaveUp?: (text: string) => void
}
export interface NodeOutcome {
  readonly node: string
  /** Undefined where it is done; else why it is not. */
  readonly why: string | undefined
  /** What its pod printed. */
  readonly log: string
}

/** No errand takes longer than this where its image is there. */
const MOST_MS = 120_000
/** An image that cannot be had, or a container that cannot be made, is tried for so long. */
const PATIENCE_MS = 20_000
const POLL_MS = 500
/** A node that goes down meanwhile is looked for so often. */
const NODES_MS = 3_000

/** Why a node that is down did nothing. */
export const DOWN = 'it is down'

/** Runs the errand on each node at once; never throws because of a node, and waits for none that is down. The Jobs are removed in the end, and what such nodes have of them. */
export async function runErrands(api: KubeApi, options: ErrandOptions): Promise<readonly NodeOutcome[]> {
  const { nodes, namespace, clock } = options
  const until = Math.min(options.deadline, clock.now() + MOST_MS)
  const open = new Map<string, number | undefined>()
  const done: NodeOutcome[] = []
  const end = (outcome: NodeOutcome): void => {
    open.delete(outcome.node)
    done.push(outcome)
    options.progress(outcome)
  }
  const starts = await inTurns(nodes, (node) => start(api, { ...options, deadline: until }, node))
  for (const [i, node] of nodes.entries()) {
    const why = starts[i]
    if (why === undefined) open.set(node, undefined)
    else end({ node, why, log: '' })
  }
  for (let looked = clock.now(); open.size > 0; ) {
    for (const outcome of await look(api, options, open)) end(outcome)
    if (open.size === 0) break
    options.signal.throwIfAborted()
    if (clock.now() - looked >= NODES_MS) {
      looked = clock.now()
      const isDown = downAmong((await api.list('Node')).items)
      for (const node of [...open.keys()].filter(isDown)) end({ node, why: DOWN, log: '' })
    }
    if (clock.now() >= until) for (const node of [...open.keys()]) end({ node, why: await whyNot(api, options, node), log: '' })
    else await clock.sleep(POLL_MS, options.signal)
  }
  await inTurns(nodes, (node) => api.remove('Job', jobName(options.errand, node), namespace).catch(() => false))
  await giveUpPods(api, namespace, options.gaveUp ?? (() => undefined))
  return done.toSorted((a, b) => (a.node < b.node ? -1 : 1))
}

/** Why the Job cannot be had; undefined where it runs. */
async function start(api: KubeApi, options: ErrandOptions, node: string): Promise<string | undefined> {
  const { clock, signal, deadline, namespace, template, errand, hasAccount, image } = options
  const deadlineSeconds = Math.max(5, Math.ceil((deadline - clock.now()) / 1000))
  const job = errandJob(template, namespace, { node, errand, deadlineSeconds, hasAccount, ...(image !== undefined && { image }) })
  try {
    // One of an earlier run that broke off may still be on its way out.
    await api.remove('Job', job.metadata.name, namespace)
    for (;;) {
      try {
        await api.create(job)
        return undefined
      } catch (error) {
        if (!(error instanceof ConflictError) || clock.now() >= deadline) throw error
        await clock.sleep(POLL_MS, signal)
        signal.throwIfAborted()
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    return messageOf(error)
  }
}

/** Nodes that are done. `open` keeps since when a pod waits for what it may never get. */
async function look(api: KubeApi, options: ErrandOptions, open: Map<string, number | undefined>): Promise<readonly NodeOutcome[]> {
  const { namespace, errand, clock } = options
  const labels = { [ERRAND_LABEL]: errand }
  const [jobs, pods] = await Promise.all([api.list('Job', { namespace, labels }), api.list('Pod', { namespace, labels })])
  const outcomes = await inTurns([...open], async ([node, since]): Promise<NodeOutcome | undefined> => {
    const job = jobs.items.find((one) => one.metadata.annotations?.[NODE_ANNOTATION] === node)
    const own = pods.items.filter((one) => one.metadata.annotations?.[NODE_ANNOTATION] === node)
    const finish = finishOf(job)
    if (finish === 'Complete') return { node, why: undefined, log: await logOf(api, options, own, 'Succeeded') }
    if (finish !== undefined) {
      const log = await logOf(api, options, own, 'Failed')
      return { node, why: lastWords(log) ?? finish, log }
    }
    const stuck = own.flatMap(stuckOf)[0]
    if (stuck === undefined) open.set(node, undefined)
    else if (since === undefined) open.set(node, clock.now())
    else if (clock.now() - since >= PATIENCE_MS) return { node, why: stuck, log: '' }
    return undefined
  })
  return outcomes.filter((outcome) => outcome !== undefined)
}

/** `Complete`, the reason of a failure, or undefined while it runs. */
function finishOf(job: Resource | undefined): string | undefined {
  const condition = listAt(job, 'status', 'conditions').find(
    (one) => textAt(one, 'status') === 'True' && ['Complete', 'Failed'].includes(textAt(one, 'type') ?? ''),
  )
  if (condition === undefined) return undefined
  return textAt(condition, 'type') === 'Complete'
    ? 'Complete'
    : `the Job failed: ${textAt(condition, 'message') ?? textAt(condition, 'reason')}`
}

const HOPELESS =
  /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError)$/
const stuckOf = ({ status }: Pod): readonly string[] =>
  (status?.containerStatuses ?? []).flatMap(({ state }) => {
    const { reason = '', message } = state?.waiting ?? {}
    return HOPELESS.test(reason) ? [message === undefined ? reason : `${reason}: ${message}`] : []
  })

/** A kubelet that its API server does not reach for a moment is asked again for so long; one that has lost its pod has no log. */
const LOG_MS = 10_000

async function logOf(
  api: KubeApi,
  { namespace, clock, signal }: Pick<ErrandOptions, 'namespace' | 'clock' | 'signal'>,
  pods: readonly Pod[],
  phase: string,
): Promise<string> {
  const pod = pods.findLast(({ status }) => status?.phase === phase) ?? pods.at(-1)
  if (pod === undefined) return ''
  for (const until = clock.now() + LOG_MS; ; ) {
    try {
      return (await podLog(api, namespace, pod.metadata.name)) ?? ''
    } catch (error) {
      if (!(error instanceof ApiError) || error.code < 500 || clock.now() >= until) return ''
    }
    await clock.sleep(POLL_MS, signal)
    signal.throwIfAborted()
  }
}

async function whyNot(api: KubeApi, { namespace, errand }: ErrandOptions, node: string): Promise<string> {
  const pods = await api.list('Pod', { namespace, labels: { [ERRAND_LABEL]: errand } }).catch(() => ({ items: [] as readonly Pod[] }))
  const pod = pods.items.find((one) => one.metadata.annotations?.[NODE_ANNOTATION] === node)
  if (pod === undefined) return 'its Job got no pod in time: is the cluster’s job controller running?'
  return `its pod ${pod.metadata.name} did not end in time (${pod.status?.phase ?? 'no phase'})`
}
