// One cluster that is to be left: what it holds, and what becomes of it.
import routeAgent from '../../../manifests/cluster/route-agent.yaml'
import { objectsOf } from '../../install/objects/manifests.ts'
import { rendered } from '../../install/objects/workloads.ts'
import { errandJob, imageOf } from '../../install/remove/cleanup-job.ts'
import { isNothing, nodesOf, planRemove, type RemovePlan } from '../../install/remove/plan.ts'
import { type Inventory, readInventory } from '../../install/remove/read.ts'
import { checkRights } from '../../install/remove/remove.ts'
import { at } from '../../install/tree.ts'
import { ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { onCluster } from '../join/stage.ts'
import type { Subject } from '../look/subjects.ts'
import { type NamesUndo, planUndo } from '../names/set-up.ts'
import { type BrokerFile, type BrokerPlan, planBroker, planned } from './broker.ts'
import { remainsIn, rememberedIn, SPARE_NAMESPACE, withRemains } from './record.ts'

export interface Target {
  readonly subject: Subject
  /** What it is called: its id or, where nothing tells that any more, its context. */
  readonly title: string
  readonly inventory: Inventory
  readonly plan: RemovePlan
  readonly broker: BrokerPlan
  /** What was set up in the cluster's own DNS. */
  readonly names: NamesUndo
  /** Pod template of the route agent, and whether its account is there. */
  readonly template: unknown
  readonly hasAccount: boolean
  /** The image that it runs. */
  readonly image: string
}

/** What errands of nodes run: the installed agent or, where it is gone, the one written down, else ours. */
export function templateOf(inventory: Inventory, image: string): { readonly template: unknown; readonly hasAccount: boolean } {
  const { ours } = inventory.agents
  const installed = ours.find(({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === ROUTE_AGENT_WORKLOAD)
  const template = at(installed, 'spec', 'template')
  const hasAccount = ours.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === ROUTE_AGENT_WORKLOAD)
  if (imageOf(template) !== undefined) return { template, hasAccount }
  const remembered = rememberedIn(inventory)
  if (imageOf(remembered) !== undefined) return { template: remembered, hasAccount }
  const [own] = rendered(objectsOf(routeAgent), { image, imagePullPolicy: 'IfNotPresent', settingsHash: '' })
  return { template: at(own, 'spec', 'template'), hasAccount }
}

export const ownImage = ({ version }: Pick<Context, 'version'>): string => `localhost/subctl:${version.replace(/\+.*$/, '')}`

export async function readTarget(context: Context, given: Given, subject: Subject, file: BrokerFile | undefined): Promise<Target> {
  const { api } = subject
  const inventory = withRemains(await onCluster(api, () => readInventory(api, given.need('namespace'), context)))
  const seen = withRemembered(planRemove(inventory, { broker: given.on('broker'), deleteExports: given.on('delete-exports') }), inventory)
  // What a proof is asked for is looked at, where it is said by what: an API that holds nothing of ours tells nothing of nodes.
  const isAsked = given.on('prove') && given.text('image') !== undefined && !isLooking(seen)
  const plan = isAsked ? { ...seen, nodes: nodesOf(inventory.nodes) } : seen
  const names = await onCluster(api, () => planUndo(api))
  return targetOf(context, subject, { inventory, plan, names, broker: await planBroker(context, file, { subject, inventory }) })
}

/** Nodes that an earlier run left as they were, and that are no Nodes of the cluster now, are not done with. */
function withRemembered(plan: RemovePlan, inventory: Inventory): RemovePlan {
  const known = [...inventory.nodes.map(({ metadata }) => metadata.name), ...plan.nodes.down]
  const lost = (remainsIn(inventory)?.nodes ?? []).filter((node) => !known.includes(node))
  return { ...plan, nodes: { ...plan.nodes, down: [...plan.nodes.down, ...lost] } }
}

export function targetOf(context: Context, subject: Subject, seen: Pick<Target, 'inventory' | 'plan' | 'broker' | 'names'>): Target {
  const errand = templateOf(seen.inventory, ownImage(context))
  return { subject, title: seen.inventory.clusterId ?? subject.name, ...seen, ...errand, image: imageOf(errand.template) ?? '' }
}

/** Where errands run. */
export const errandNamespace = ({ inventory: { agents } }: Pick<Target, 'inventory'>): string =>
  agents.object === undefined || agents.object.metadata.deletionTimestamp !== undefined ? SPARE_NAMESPACE : agents.name

/** Throws where a right is missing, before anything is changed. */
export async function checkTarget({ subject: { api }, plan, inventory, template, hasAccount }: Target): Promise<void> {
  const [node] = plan.nodes.clean
  const namespace = errandNamespace({ inventory })
  const job: Resource | undefined =
    node === undefined || namespace === SPARE_NAMESPACE
      ? undefined
      : errandJob(template, namespace, { node, errand: 'clean', deadlineSeconds: 60, hasAccount })
  await onCluster(api, () => checkRights(api, plan, job))
}

/** Whether there is nothing to do, as far as the API and the broker tell: of its nodes they tell nothing. */
export const isClean = ({ plan, names, broker }: Target): boolean =>
  isNothing(plan) && !isLooking(plan) && names.lines.length === 0 && planned(broker).length === 0

/** Why a node cannot clean itself. */
export const whyDown = ({ inventory }: Pick<Target, 'inventory'>, node: string): string =>
  inventory.nodes.some(({ metadata }) => metadata.name === node) ? 'is down' : 'is no Node of the cluster any more'

const isLooking = ({ nodes }: Pick<RemovePlan, 'nodes'>): boolean => nodes.clean.length + nodes.down.length > 0

/** Whether the cluster has nodes on which agents may have been, and none of them is looked at: nothing of an install is there any more. */
export const isBlind = ({ plan, inventory }: Target): boolean => {
  const { clean, down } = nodesOf(inventory.nodes)
  return !isLooking(plan) && clean.length + down.length > 0
}
