// --prove: dumps before and after, and every write in between.
import { type NodeOutcome, runErrands } from '../../install/remove/cleanup-run.ts'
import { isImported, isMarked, isVerifys } from '../../install/remove/mark.ts'
import { type Act, type Acts, judgeApi, judgeNode, type Touched, type Trace, traceIn, type Verdict } from '../../install/remove/prove.ts'
import { type ApiDump, dumpApi, keyOf } from '../../install/remove/prove-api.ts'
import type { Inventory } from '../../install/remove/read.ts'
import { isRecord } from '../../install/tree.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Found } from '../../k8s/discover.ts'
import { apiVersionOf, type Kind, kindOf } from '../../model/kinds.ts'
import type { Meta, Resource } from '../../model/resources.ts'
import { SPARE_NAMESPACE } from './record.ts'
import { type Target, whyDown } from './target.ts'

/** The same API, which remembers by keys what was written, and what was removed. */
export function recorded(api: KubeApi, touched: Map<string, Set<Act>>): KubeApi {
  const note = (act: Act, kind: Kind, { name, namespace }: Pick<Meta, 'name' | 'namespace'>): void => {
    const key = keyOf({ kind, apiVersion: apiVersionOf(kind), metadata: { name, ...(namespace !== undefined && { namespace }) } })
    touched.set(key, (touched.get(key) ?? new Set()).add(act))
  }
  const noting =
    <R extends Resource, O>(write: (object: R, options?: O) => Promise<R>) =>
    (object: R, options?: O): Promise<R> => {
      note(actOf(object), kindOf(object), object.metadata)
      return write(object, options)
    }
  return {
    ...api,
    within: (limit) => recorded(api.within(limit), touched),
    create: (object, options) => noting(api.create)(object, options),
    apply: (object, options) => noting(api.apply)(object, options),
    replace: (object, options) => noting(api.replace)(object, options),
    patch(kind, name, namespace, change, options) {
      note(actOf(change), kind, { name, ...(namespace !== undefined && { namespace }) })
      return api.patch(kind, name, namespace, change, options)
    },
    remove(kind, name, namespace, options) {
      note('removed', kind, { name, ...(namespace !== undefined && { namespace }) })
      return api.remove(kind, name, namespace, options)
    },
  }
}

/** Whether what is written says more of an object than its labels. */
function actOf(written: unknown): Act {
  const { metadata, ...rest } = { metadata: undefined, ...(isRecord(written) ? written : {}) }
  const said = [...Object.keys(rest), ...Object.keys(isRecord(metadata) ? metadata : {})]
  return said.every((field) => LABELLING.includes(field)) ? 'labelled' : 'wrote'
}
const LABELLING = ['apiVersion', 'kind', 'name', 'namespace', 'labels']

export interface Before {
  readonly api: ApiDump
  readonly traces: ReadonlyMap<string, Trace | undefined>
}

/** What is ours of an API: by mark, or by its place in a namespace of ours. */
function oursOf({ inventory: { agents, brokerSpace, instances, crds }, plan }: Target, isBroker: boolean): (object: Found) => boolean {
  const spaces = [agents, ...(isBroker ? [brokerSpace] : [])]
  const keys = new Set(
    [...brokerSpace.ours, ...spaces.flatMap(({ ours, object }) => [...ours, ...(object === undefined ? [] : [object])])].map(keyOf),
  )
  const marked = crds.filter(({ metadata }) => isMarked(metadata)).flatMap(({ metadata }) => instances.get(metadata.name) ?? [])
  for (const one of marked) if (spaces.some(({ name }) => one.metadata.namespace === name)) keys.add(keyOf(one))
  // Users' own, where their kinds go with all that is of them.
  const gone = plan.crds.flatMap(({ metadata }) => instances.get(metadata.name) ?? [])
  for (const one of gone) keys.add(keyOf(one))
  const names = [...plan.spaces.map(({ name }) => name), SPARE_NAMESPACE]
  return (object) =>
    isMarked(object.metadata) ||
    isImported(object.metadata) ||
    isVerifys(object) ||
    keys.has(keyOf(object)) ||
    // What the cluster puts into every namespace goes with ours.
    names.includes(object.metadata.namespace ?? '') ||
    (object.kind === 'Namespace' && names.includes(object.metadata.name) && keys.has(keyOf(object)))
}

export interface Tracing {
  readonly api: KubeApi
  readonly target: Target
  readonly isBroker: boolean
  readonly errands: Omit<Parameters<typeof runErrands>[1], 'errand' | 'progress' | 'nodes'>
}

export async function dumpBefore({ api, target, isBroker, errands }: Tracing): Promise<Before> {
  const { plan } = target
  const dump = await dumpApi(api, oursOf(target, isBroker))
  const outcomes = await runErrands(api, { ...errands, errand: 'trace', nodes: plan.nodes.clean, progress: () => undefined })
  return { api: dump, traces: new Map(outcomes.map(({ node, log }) => [node, traceIn(log)])) }
}

export interface Proof {
  readonly api: Verdict
  readonly nodes: readonly (Verdict & { readonly node: string })[]
  readonly before: Before
  readonly after: { readonly api: ApiDump; readonly traces: ReadonlyMap<string, Trace | undefined> }
}

/** `cleaned` are the nodes' outcomes of cleaning and tracing; `touched` what was written, `undone` what names of services were taken out of. */
export async function proveNow(
  { api, target, isBroker }: Tracing,
  before: Before,
  done: { readonly cleaned: readonly NodeOutcome[]; readonly touched: Touched; readonly undone: Touched },
): Promise<Proof> {
  const { inventory, plan } = target
  const after = await dumpApi(api, oursOf(target, isBroker))
  const traces = new Map(done.cleaned.map(({ node, log }) => [node, traceIn(log)]))
  const kept = [...plan.unmark, ...inventory.crds.filter((crd) => !plan.crds.includes(crd)), ...(isBroker ? [] : brokerKept(inventory))]
  const acts: Acts = {
    touched: done.touched,
    undone: done.undone,
    spaces: new Set(plan.spaces.map(({ name }) => name)),
    kinds: new Set(
      plan.crds.flatMap(({ metadata }) => (inventory.instances.get(metadata.name) ?? []).map((one) => `${one.kind}.${one.apiVersion}`)),
    ),
    kept: new Set(kept.map(keyOf)),
  }
  const nodes = [
    ...done.cleaned.map(({ node, log }) => ({ node, ...judgeNode(before.traces.get(node), traces.get(node), log) })),
    ...plan.nodes.down.map((node) => ({ node, left: [], damaged: [], meanwhile: [], unproved: [`it ${whyDown(target, node)}`] })),
  ]
  return { api: judgeApi(before.api, after, acts), nodes, before, after: { api: after, traces } }
}

const brokerKept = ({ brokerSpace, marked }: Inventory): readonly Found[] => [
  ...brokerSpace.ours,
  ...(brokerSpace.object === undefined ? [] : [brokerSpace.object]),
  ...marked.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy')),
]

export const isProved = ({ api, nodes }: Proof): boolean =>
  [api, ...nodes].every(({ left, damaged, unproved }) => left.length + damaged.length + unproved.length === 0)
