// What an uninstall that did not finish writes down on the cluster: the namespace of the agents has gone, and nobody else knows what is left.
import namespaceManifest from '../../../manifests/cluster/namespace.yaml'
import { labelled, objectsOf } from '../../install/objects/manifests.ts'
import type { Inventory } from '../../install/remove/read.ts'
import { isRecord, listAt, textAt } from '../../install/tree.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Found } from '../../k8s/discover.ts'
import type { ConfigMap } from '../../model/resources.ts'

/** A namespace for errands where that of the agents is not there, or on its way out; and for the record of what is left. */
export const SPARE_NAMESPACE = 'submariner-cleanup'
/** Where an uninstall writes down what errands run: the agents are gone when one that broke off is taken up again. */
export const TEMPLATE_CONFIGMAP = 'submariner-uninstall'
const [TEMPLATE_KEY, LEFT_KEY] = ['route-agent-template', 'left']

export const templateMap = (namespace: string, template: unknown): ConfigMap =>
  labelled({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: TEMPLATE_CONFIGMAP, namespace },
    data: { [TEMPLATE_KEY]: JSON.stringify(template) },
  })

/** What a run has left; no credential is among it. */
export interface Remains {
  readonly clusterId: string | undefined
  /** Nodes that are not known to be clean. */
  readonly nodes: readonly string[]
  /** Undefined where nothing is left there. */
  readonly broker: { readonly server: string; readonly namespace: string; readonly ca: string } | undefined
}

const isMap = ({ kind, metadata }: Found): boolean => kind === 'ConfigMap' && metadata.name === TEMPLATE_CONFIGMAP
const parsed = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return undefined
  }
}

/** The pod template that an earlier run wrote down; undefined or null where none did. */
export const rememberedIn = ({ agents: { ours }, marked }: Pick<Inventory, 'agents' | 'marked'>): unknown =>
  parsed(textAt(ours.find(isMap) ?? marked.find(isMap), 'data', TEMPLATE_KEY))

/** What an earlier run has left; undefined where none has. */
export function remainsIn({ marked }: Pick<Inventory, 'marked'>): Remains | undefined {
  const left = parsed(textAt(marked.find(isKept), 'data', LEFT_KEY))
  if (!isRecord(left)) return undefined
  const server = textAt(left, 'broker', 'server')
  return {
    clusterId: textAt(left, 'clusterId'),
    nodes: listAt(left, 'nodes').map(String),
    broker:
      server === undefined
        ? undefined
        : { server, namespace: textAt(left, 'broker', 'namespace') ?? '', ca: textAt(left, 'broker', 'ca') ?? '' },
  }
}
const isKept = (object: Found): boolean => isMap(object) && object.metadata.namespace === SPARE_NAMESPACE

/** The inventory with what only the record knows any more: whose the cluster was and, where something of it is left there, its broker. */
export function withRemains(inventory: Inventory): Inventory {
  const remains = remainsIn(inventory)
  if (remains === undefined) return inventory
  const { clusterId, broker } = remains
  return {
    ...inventory,
    clusterId: inventory.clusterId ?? clusterId,
    broker: inventory.broker ?? (broker === undefined ? undefined : { ...broker, token: '' }),
  }
}

/** Makes the spare namespace where it is not there. */
export async function makeSpare(api: KubeApi): Promise<void> {
  for (const object of objectsOf(namespaceManifest)) await api.apply({ ...object, metadata: { ...object.metadata, name: SPARE_NAMESPACE } })
}

export async function writeRemains(api: KubeApi, template: unknown, remains: Remains): Promise<void> {
  const map = templateMap(SPARE_NAMESPACE, template)
  await makeSpare(api)
  await api.apply({ ...map, data: { ...map.data, [LEFT_KEY]: JSON.stringify(remains) } })
}
