// What goes, in which order, and what stays and why: a function of what was found.
import type { Found } from '../../k8s/discover.ts'
import { KINDS } from '../../model/kinds.ts'
import { GATEWAY_LABEL } from '../../model/names.ts'
import type { Node } from '../../model/resources.ts'
import { titleOf } from '../apply/report.ts'
import { textAt } from '../tree.ts'
import { isNodeReady } from './lost-pods.ts'
import { gatewayLabelOf, isImported, isMarked, wasThere } from './mark.ts'
import type { Inventory, Space } from './read.ts'

export interface RemoveOptions {
  /** The broker on this cluster goes too. */
  readonly broker: boolean
  /** Users' objects of the MCS API go with its CRDs. */
  readonly deleteExports: boolean
}
/** Something that stays though it has to do with us. */
export interface Kept {
  readonly object: string
  readonly why: string
}
export interface RemovePlan {
  /** DaemonSets and Deployments of the agents. */
  readonly workloads: readonly Found[]
  /** What imports of services have made. */
  readonly imported: readonly Found[]
  /** Names of the nodes that clean themselves, and of those that cannot now. */
  readonly nodes: { readonly clean: readonly string[]; readonly down: readonly string[] }
  /** In the order they go. What is in a namespace that goes is named there alone, but for objects that finalizers may hold up. */
  readonly objects: readonly Found[]
  readonly spaces: readonly Space[]
  readonly crds: readonly Found[]
  /** Nodes that lose the gateway label, or our part in it. */
  readonly labels: readonly string[]
  /** Here before us: they stay, without our labels. */
  readonly unmark: readonly Found[]
  readonly kept: readonly Kept[]
}

/** Whether there is nothing to do. */
export const isNothing = ({ workloads, imported, objects, spaces, crds, labels, unmark }: RemovePlan): boolean =>
  [workloads, imported, objects, spaces, crds, labels, unmark].every((list) => list.length === 0)

export function planRemove(inventory: Inventory, options: RemoveOptions): RemovePlan {
  const { agents, brokerSpace, verifySpaces } = inventory
  const spaces = [agents, ...(options.broker ? [brokerSpace] : [])]
  const going = spaces.filter(isGoing)
  const staying = spaces.filter((space) => !going.includes(space))
  const marked = inventory.marked.filter((object) => options.broker || !isBrokers(object))
  const crds = judgeCrds(inventory, options)
  const labels = judgeLabels(inventory)
  const inside = [...going.flatMap(({ ours }) => ours.filter(isHeldUp)), ...staying.flatMap(({ ours }) => ours.filter(isOnItsOwn))]
  const candidates = [...inside, ...marked.filter((object) => !wasThere(object))].filter((object) => !isWorkload(object))
  const isMember = agents.ours.length > 0 || marked.some((object) => !isBrokers(object)) || labels.go.length > 0
  const plan: RemovePlan = {
    workloads: [...spaces.flatMap(({ ours }) => ours), ...marked].filter(isWorkload),
    imported: inventory.imported,
    nodes: isMember ? withLost(nodesOf(inventory.nodes), inventory) : { clean: [], down: [] },
    objects: candidates.filter(isKnown).sort((a, b) => rankOf(a) - rankOf(b)),
    spaces: [...going, ...verifySpaces],
    crds: crds.go,
    labels: labels.go,
    unmark: [
      ...[...marked, ...inventory.crds].filter(wasThere),
      ...staying.flatMap(({ object }) => (object && isMarked(object.metadata) ? [object] : [])),
    ],
    kept: [],
  }
  // Where nothing else of ours is, what others brought is no news.
  if (isNothing(plan)) return { ...plan, kept: [...crds.kept.filter(({ why }) => why !== HERE_BEFORE), ...keptBroker(inventory, options)] }
  const before = marked.filter(wasThere).map((object) => ({ object: titleOf(object), why: HERE_BEFORE }))
  const stay = [
    ...staying.flatMap(keptSpace),
    ...before,
    ...crds.kept,
    ...labels.kept,
    ...keptOf(candidates),
    ...keptBroker(inventory, options),
    ...keptReleases(inventory, options),
  ]
  return { ...plan, kept: stay }
}

const isWorkload = ({ kind }: Found): boolean => kind === 'DaemonSet' || kind === 'Deployment'
/** Of the broker on this cluster, outside its namespace. */
const isBrokers = ({ kind }: Found): boolean => kind.startsWith('ValidatingAdmissionPolicy')
const HERE_BEFORE = 'subctl did not create it'
/** A namespace goes where it came with us and holds nothing of others. */
const isGoing = ({ object, strangers }: Space): boolean => object !== undefined && isMarkedSpace(object) && strangers.length === 0
const isMarkedSpace = (object: Found): boolean => (isMarked(object.metadata) && !wasThere(object)) || isHelms(object)
/** Made by `helm --create-namespace`, which marks it by nothing else. */
const isHelms = ({ managed, metadata }: Found): boolean =>
  metadata.labels?.name === metadata.name &&
  managed.length > 0 &&
  managed.every(({ manager }) => /^helm$/i.test(manager) || manager === 'subctl')
const isHeldUp = ({ metadata }: Found): boolean => (metadata.finalizers ?? []).length > 0
/** What another object has made goes with that one. */
const isOnItsOwn = ({ metadata, kind }: Found): boolean => (metadata.ownerReferences ?? []).length === 0 && kind !== 'Pod'
const isKnown = ({ kind, apiVersion }: Found): boolean =>
  Object.entries(KINDS).some(
    ([name, { group, version }]) => name === kind && apiVersion === (group === '' ? version : `${group}/${version}`),
  )

/** Own resources first, then who may do what, and what others may stand on last. */
const RANKS = ['RoleBinding', 'ClusterRoleBinding', 'Role', 'ClusterRole', 'ServiceAccount']
const rankOf = ({ kind }: Found): number => RANKS.indexOf(kind)

/** Those on which agents may run, by whether they can clean themselves now. */
export const nodesOf = (nodes: readonly Node[]): RemovePlan['nodes'] => {
  const ours = nodes.filter(
    ({ metadata: { labels = {} } }) => (labels['kubernetes.io/os'] ?? 'linux') === 'linux' && labels.type !== 'virtual-kubelet',
  )
  const names = (some: readonly Node[]): readonly string[] => some.map(({ metadata }) => metadata.name)
  return { clean: names(ours.filter(isNodeReady)), down: names(ours.filter((node) => !isNodeReady(node))) }
}

/** An agent that lives writes so often. */
const LIVES_MS = 150_000

/** Nodes that are no Nodes of the cluster any more, and on which agents run all the same, as far as the API tells: they cannot be told to clean themselves. */
export function lostNodes({ agents: { ours }, nodes }: Pick<Inventory, 'agents' | 'nodes'>): readonly string[] {
  const known = new Set(nodes.map(({ metadata }) => metadata.name))
  const writtenMs = ({ managed }: Found): number => Math.max(0, ...managed.map(({ time }) => Date.parse(time ?? '') || 0))
  const newestMs = Math.max(0, ...ours.map(writtenMs))
  const named = ours.flatMap((object): readonly string[] => {
    if (object.kind === 'Pod') return [textAt(object, 'spec', 'nodeName') ?? '']
    return object.kind === 'RouteAgent' && newestMs - writtenMs(object) < LIVES_MS ? [object.metadata.name] : []
  })
  return [...new Set(named)].filter((name) => name !== '' && !known.has(name)).sort()
}

const withLost = (nodes: RemovePlan['nodes'], inventory: Inventory): RemovePlan['nodes'] => ({
  ...nodes,
  down: [...nodes.down, ...lostNodes(inventory)],
})

export interface Judged<T> {
  readonly go: readonly T[]
  readonly kept: readonly Kept[]
}

const BROKERS_CRDS = ['clusters.submariner.io', 'endpoints.submariner.io', 'serviceimports.multicluster.x-k8s.io']

/** Those that go, and those that stay and why. */
export function judgeCrds(inventory: Inventory, { broker, deleteExports }: RemoveOptions): Judged<Found> {
  const { crds, instances, agents, brokerSpace } = inventory
  // What is in those of `verify` goes with them, and is nobody's.
  const passing = [brokerSpace, ...inventory.verifySpaces].map(({ name }) => name)
  const whyNot = (crd: Found): string | undefined => {
    const { name } = crd.metadata
    if (!isMarked(crd.metadata) || wasThere(crd)) return HERE_BEFORE
    if (!broker && brokerSpace.object !== undefined && BROKERS_CRDS.includes(name)) return 'the broker on this cluster needs it'
    const objects = instances.get(name) ?? []
    if (name.endsWith('.submariner.io')) {
      const own = [agents.name, ...(broker ? [brokerSpace.name] : [])]
      const others = objects.filter(({ metadata }) => !own.includes(metadata.namespace ?? ''))
      return others.length === 0 ? undefined : `others use it: ${few(others)}`
    }
    const users = objects.filter(
      ({ metadata }) => !isMarked(metadata) && !isImported(metadata) && !passing.includes(metadata.namespace ?? ''),
    )
    return users.length === 0 || deleteExports ? undefined : `it holds objects of users, ${few(users)}; --delete-exports removes them too`
  }
  const judged = crds.map((crd) => ({ crd, why: whyNot(crd) }))
  return {
    go: judged.flatMap(({ crd, why }) => (why === undefined ? [crd] : [])),
    kept: judged.flatMap(({ crd, why }) => (why === undefined ? [] : [{ object: titleOf(crd), why }])),
  }
}

function judgeLabels({ nodesFound }: Inventory): Judged<string> {
  const go: string[] = []
  const kept: Kept[] = []
  for (const node of nodesFound) {
    const label = gatewayLabelOf(node)
    if (label.is === 'ours' || label.is === 'shared') go.push(node.metadata.name)
    if (label.is === 'shared' || label.is === 'theirs')
      kept.push({
        object: `label ${GATEWAY_LABEL} of ${titleOf(node)}`,
        why: `set by ${label.by.join(', ') || 'somebody else'}; kubectl label node ${node.metadata.name} ${GATEWAY_LABEL}-`,
      })
  }
  return { go, kept }
}

const keptSpace = ({ object, strangers }: Space): readonly Kept[] => {
  if (object === undefined) return []
  if (strangers.length > 0) return [{ object: titleOf(object), why: `it holds what is not ours: ${few(strangers)}` }]
  return [{ object: titleOf(object), why: HERE_BEFORE }]
}
const keptOf = (candidates: readonly Found[]): readonly Kept[] =>
  candidates
    .filter((object) => !isKnown(object))
    .map((object) => ({
      object: titleOf(object),
      why: `this version of subctl knows no ${object.apiVersion} ${object.kind}; remove it by kubectl`,
    }))
const keptBroker = ({ brokerSpace: { object } }: Inventory, { broker }: RemoveOptions): readonly Kept[] =>
  object === undefined || broker ? [] : [{ object: titleOf(object), why: 'the broker stays with its clusterset; --broker removes it' }]

/** A record in a namespace of others is Helm's to remove; until then `helm list` shows the release, and `helm upgrade` would bring all of it back. */
const keptReleases = ({ releases }: Inventory, { broker }: RemoveOptions): readonly Kept[] =>
  releases
    .filter(({ isBroker }) => broker || !isBroker)
    .map(({ name, namespace }) => ({
      object: `Helm's record of release ${name} in namespace ${namespace}`,
      why: `Helm lists it until you type: helm uninstall ${name} --namespace ${namespace}`,
    }))

/** The first of them by name, and how many more there are. */
export function few(objects: readonly Found[]): string {
  const names = objects.slice(0, 5).map(titleOf)
  return objects.length > 5 ? `${names.join(', ')} and ${objects.length - 5} more` : names.join(', ')
}
