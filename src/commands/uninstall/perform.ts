// Leaves one cluster: agents, nodes, objects, broker, in this order. What cannot be done is said and stops nothing else.
import { until } from '../../install/apply/apply.ts'
import { titleOf } from '../../install/apply/report.ts'
import { endAgents } from '../../install/remove/agents.ts'
import { type NodeOutcome, runErrands } from '../../install/remove/cleanup-run.ts'
import { giveUpPods } from '../../install/remove/lost-pods.ts'
import type { Act } from '../../install/remove/prove.ts'
import { type Left, type RemoveProgress, removeAll } from '../../install/remove/remove.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { deadlineOf, onCluster, say } from '../join/stage.ts'
import { leaveBroker } from './broker.ts'
import { type Before, dumpBefore, type Proof, proveNow, recorded, type Tracing } from './proof.ts'
import { makeSpare, type Remains, remainsIn, SPARE_NAMESPACE, TEMPLATE_CONFIGMAP, templateMap, writeRemains } from './record.ts'
import { errandNamespace, type Target, whyDown } from './target.ts'

export interface Done {
  readonly target: Target
  readonly nodes: readonly NodeOutcome[]
  readonly left: readonly Left[]
  /** Of `left`, what is on the broker. */
  readonly brokerLeft: readonly Left[]
  readonly proof: Proof | undefined
  /** Whether what is left is written down on the cluster for the next run. */
  readonly isRecorded: boolean
}

export interface Performing {
  readonly context: Context
  readonly given: Given
  readonly target: Target
  /** When to give up on the cluster, in milliseconds since the epoch: one for all that is done to it. */
  readonly deadline: number
}

/** What is done to a cluster, in order, as the journal has it. */
export const phasesOf = ({ title }: Target): readonly string[] => PHASES.map((phase) => phaseOf(title, phase))
const PHASES = ['agents', 'nodes', 'objects', 'objects on the broker'] as const
const phaseOf = (title: string, phase: (typeof PHASES)[number]): string => `${phase} of ${title}`

export function leave(what: Omit<Performing, 'deadline'>): Promise<Done> {
  what.context.journal?.begin()
  const { api } = what.target.subject
  const performing = { ...what, deadline: deadlineOf(what.context, what.given) }
  return onCluster(api, () => leaveNow(performing))
}

async function leaveNow(performing: Performing): Promise<Done> {
  const { given, target } = performing
  const [touched, undone] = [new Map<string, Set<Act>>(), new Map<string, Set<Act>>()]
  const api = recorded(target.subject.api, touched)
  const { plan } = target
  const options = progressOf(performing)
  const isBroker = given.on('broker')
  const tracing: Tracing = {
    api: target.subject.api,
    target,
    isBroker,
    errands: { ...errandsOf(performing), deadline: part(options, BEFORE_PART) },
  }
  const isProving = given.on('prove')
  const dumping = (): Promise<Before> => dumpBefore(tracing)
  const hasErrands = plan.nodes.clean.length > 0
  const inItsSpace = (): Promise<Before> => inSpace(target.subject.api, performing, dumping)
  // Before the first look: what is put back in the cluster's DNS is no change that uninstalling has to answer for.
  const unnamed = await undoNames(target, recorded(target.subject.api, undone), options)
  const before = isProving ? await (hasErrands ? inItsSpace() : dumping()) : undefined
  await rememberTemplate(api, target)
  // A step that uses up all of the time would leave nodes and objects as they are.
  const passed = (phase: (typeof PHASES)[number]): void =>
    performing.context.journal?.did({ what: phaseOf(target.title, phase), state: 'ok', text: 'done, as far as it can be' })
  const pods = await endAgents(api, plan.workloads, { ...options, deadline: part(options, 0.5), namespace: target.inventory.agents.name })
  passed('agents')
  const nodes = await cleanNodes(api, performing, isProving)
  passed('nodes')
  const left = await removeAll(api, plan, options)
  await forgetTemplate(api, target)
  passed('objects')
  const brokerLeft = await leaveBroker(target.broker, options.progress)
  passed('objects on the broker')
  const proof = before && (await proveNow(tracing, before, { cleaned: nodes, touched, undone }))
  const stuck = pods.map(
    (pod): Left => ({ object: titleOf({ ...pod, kind: 'Pod' }), why: `did not end on node ${pod.spec?.nodeName}`, isLate: true }),
  )
  const outcome = {
    target,
    nodes: [...nodes, ...plan.nodes.down.map((node) => downOf(target, node))],
    left: [...unnamed, ...stuck, ...left],
    brokerLeft,
    proof,
  }
  return { ...outcome, isRecorded: await remember(target.subject.api, outcome, options.progress) }
}

/** What an uninstall has left on nodes and on the broker. */
export function remainsOf({ target: { inventory }, nodes, brokerLeft }: Pick<Done, 'target' | 'nodes' | 'brokerLeft'>): Remains {
  const { clusterId, broker } = inventory
  const { server, namespace, ca } = broker ?? { server: '', namespace: '', ca: '' }
  return {
    clusterId,
    nodes: nodes.flatMap(({ node, why }) => (why === undefined ? [] : [node])),
    broker: brokerLeft.length === 0 || broker === undefined ? undefined : { server, namespace, ca },
  }
}

/** Nothing else would tell the next run that there is something to do. Comes last: a proof is of what is there without it. Returns whether it is written. */
async function remember(api: KubeApi, done: Omit<Done, 'isRecorded'>, progress: (text: string) => void): Promise<boolean> {
  const remains = remainsOf(done)
  if (remains.nodes.length === 0 && remains.broker === undefined) return false
  try {
    await writeRemains(api, done.target.template, remains)
    return true
  } catch (error) {
    progress(`what is left could not be written down for the next run: ${messageOf(error)}`)
    return false
  }
}

/** Ahead of all else: the cluster's DNS must not ask a server, or look at kinds, that go. */
async function undoNames({ names }: Target, api: KubeApi, options: RemoveProgress): Promise<readonly Left[]> {
  if (names.lines.length === 0) return []
  try {
    await names.undo(api, { ...options, say: options.progress })
    return []
  } catch (error) {
    options.signal.throwIfAborted()
    return [{ object: 'names of services in the cluster’s DNS', why: messageOf(error), isLate: false }]
  }
}

/** What errands run is written down before the agents go, for a run that has to go on where this one broke off. */
async function rememberTemplate(api: KubeApi, { plan, inventory, template }: Target): Promise<void> {
  if (plan.workloads.length > 0 && isUsable(inventory)) await api.apply(templateMap(inventory.agents.name, template))
}

/** It goes with its namespace, or by itself where that stays. */
async function forgetTemplate(api: KubeApi, { inventory }: Target): Promise<void> {
  if (isUsable(inventory)) await api.remove('ConfigMap', TEMPLATE_CONFIGMAP, inventory.agents.name).catch(() => false)
}

const isUsable = ({ agents: { object } }: Target['inventory']): boolean =>
  object !== undefined && object.metadata.deletionTimestamp === undefined

/** The dumps of nodes before anything is changed get so much of the time. */
const BEFORE_PART = 0.3
/** When so much of the time that is left will be over. */
const part = ({ clock, deadline }: Pick<RemoveProgress, 'clock' | 'deadline'>, share: number): number =>
  clock.now() + (deadline - clock.now()) * share
const downOf = (target: Target, node: string): NodeOutcome => ({ node, why: `it ${whyDown(target, node)}`, log: '' })

const progressOf = ({ context, target: { title }, deadline }: Performing): RemoveProgress => ({
  clock: context.clock,
  signal: context.signal,
  deadline,
  progress: (text) => {
    context.journal?.did({ what: title, state: 'ok', text })
    say(context, `${title}: ${text}`)
  },
})

function errandsOf(performing: Performing): Tracing['errands'] {
  const { given, target } = performing
  const { clock, signal, deadline, progress } = progressOf(performing)
  const image = given.text('image')
  return {
    ...{ clock, signal, deadline, gaveUp: progress },
    ...{
      namespace: errandNamespace(target),
      template: target.template,
      hasAccount: target.hasAccount && errandNamespace(target) !== SPARE_NAMESPACE,
    },
    ...(image !== undefined && { image }),
  }
}

/** Each node by a Job, all at once. */
export function cleanNodes(
  api: KubeApi,
  performing: Performing,
  isTracing = false,
  only?: readonly string[],
): Promise<readonly NodeOutcome[]> {
  const { given, target } = performing
  const nodes = only ?? target.plan.nodes.clean
  if (nodes.length === 0) return Promise.resolve([])
  const options = progressOf(performing)
  const { progress } = options
  progress(`${nodes.length} nodes clean themselves by ${given.text('image') ?? target.image}`)
  return inSpace(api, performing, () =>
    runErrands(api, {
      ...errandsOf(performing),
      // What comes after must have its time too.
      ...(only === undefined && { deadline: part(options, 0.6) }),
      nodes,
      errand: isTracing ? 'clean-and-trace' : 'clean',
      progress: ({ node, why }) => progress(why === undefined ? `node ${node} is clean` : `node ${node} is not clean: ${why}`),
    }),
  )
}

/** Makes the spare namespace around the work where that of the agents cannot be used; one with the record of an earlier run stays. */
async function inSpace<T>(api: KubeApi, performing: Performing, work: () => Promise<T>): Promise<T> {
  const { target } = performing
  if (errandNamespace(target) !== SPARE_NAMESPACE || target.inventory.nodes.length === 0) return work()
  await makeSpare(api)
  try {
    return await work()
  } finally {
    if (remainsIn(target.inventory) === undefined) await removeSpare(api, performing)
  }
}

/** Takes the spare namespace away with all that is in it, and waits until it is gone. */
export async function removeSpare(api: KubeApi, performing: Performing): Promise<void> {
  await api.remove('Namespace', SPARE_NAMESPACE)
  const options = progressOf(performing)
  const isGone = async (): Promise<boolean> => {
    await giveUpPods(api, SPARE_NAMESPACE, options.progress)
    return (await api.get('Namespace', SPARE_NAMESPACE)) === undefined
  }
  await until(isGone, `Namespace ${SPARE_NAMESPACE} is still there`, options)
}
