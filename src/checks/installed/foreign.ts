// Whether somebody else has changed what was installed, from the API's own notes of who wrote which field.
import { isRecord, parseJson } from '../../k8s/answers.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { pathOf, withParameters } from '../../k8s/paths.ts'
import type { Kind } from '../../model/kinds.ts'
import { FIELD_MANAGER } from '../../model/names.ts'

/** What the installed objects are of; secrets are left out, their texts would be read for nothing. */
const KINDS_INSTALLED: readonly Kind[] = [
  'DaemonSet',
  'Deployment',
  'Service',
  'ConfigMap',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
]
const KINDS_GLOBAL: readonly Kind[] = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']
/** Parts of an object that its installer alone has to do with. */
const OWNED = ['f:spec', 'f:data', 'f:rules', 'f:roleRef', 'f:subjects']
/** What `kubectl rollout restart` writes: it changes nothing of what was installed. */
const RESTART = /^spec\.template\.metadata(\.annotations(\.kubectl\.kubernetes\.io\/restartedAt)?)?$/
/** Writers that are no stranger to any object: the control plane's own. */
const AT_HOME = ['kube-controller-manager', 'kube-apiserver', 'kubelet', 'clusterrole-aggregation-controller']

export interface ForeignChange {
  /** `DaemonSet submariner-gateway`. */
  readonly object: string
  /** The field manager, such as `kubectl-edit`. */
  readonly by: string
  /** Dotted paths. */
  readonly fields: readonly string[]
}

/** Fields of our objects that another has written than the one who installed them. */
export async function foreignChanges(api: KubeApi, namespace: string): Promise<readonly ForeignChange[]> {
  const labelSelector = 'app.kubernetes.io/part-of=submariner'
  const read = async (kind: Kind, where: string | undefined): Promise<readonly ForeignChange[]> => {
    const list = parseJson(await api.raw(withParameters(pathOf(kind, where), { labelSelector })))
    const items = isRecord(list) && Array.isArray(list.items) ? list.items : []
    return items.flatMap((item: unknown) => changesOf(kind, item))
  }
  const lists = await Promise.all([
    ...KINDS_INSTALLED.map((kind) => read(kind, namespace)),
    ...KINDS_GLOBAL.map((kind) => read(kind, undefined)),
  ])
  return lists.flat()
}

interface Entry {
  readonly manager: string
  readonly fields: readonly string[]
}

/** The changes of one object. Whoever holds most of its fields has installed it: subctl, Helm, a GitOps controller, a person with kubectl. */
export function changesOf(kind: Kind, item: unknown): readonly ForeignChange[] {
  if (!isRecord(item) || !isRecord(item.metadata)) return []
  const { name, managedFields } = item.metadata
  const entries = (Array.isArray(managedFields) ? managedFields : []).flatMap(entryOf)
  const managers = [...new Set(entries.map(({ manager }) => manager))]
  const fieldsOf = (manager: string | undefined): readonly string[] =>
    entries.filter((entry) => entry.manager === manager).flatMap(({ fields }) => fields)
  const installer = managers.includes(FIELD_MANAGER)
    ? FIELD_MANAGER
    : managers.toSorted((a, b) => fieldsOf(b).length - fieldsOf(a).length)[0]
  // What both hold has the value that the installer gave it: who writes another takes the field over.
  const kept = new Set(fieldsOf(installer))
  return managers.flatMap((by): readonly ForeignChange[] => {
    const fields = fieldsOf(by).filter((field) => !kept.has(field))
    const isForeign = by !== installer && by !== FIELD_MANAGER && !AT_HOME.includes(by) && fields.length > 0
    return isForeign ? [{ object: `${kind} ${String(name)}`, by, fields }] : []
  })
}

function entryOf(entry: unknown): readonly Entry[] {
  if (!isRecord(entry) || typeof entry.manager !== 'string' || entry.subresource !== undefined || !isRecord(entry.fieldsV1)) return []
  const owned = Object.entries(entry.fieldsV1).filter(([key]) => OWNED.includes(key))
  const fields = owned.flatMap(([key, value]) => leaves(key.slice(2), value)).filter((path) => !RESTART.test(path))
  return [{ manager: entry.manager, fields }]
}

/** Dotted paths of the leaves: `f:` names a field, `k:` an item by its key, `v:` one by its value, `.` the whole. */
function leaves(path: string, value: unknown): readonly string[] {
  const inside = isRecord(value) ? Object.entries(value).filter(([key]) => key !== '.') : []
  if (inside.length === 0) return [path]
  return inside.flatMap(([key, more]) => leaves(key.startsWith('f:') ? `${path}.${key.slice(2)}` : `${path}[${nameIn(key)}]`, more))
}

/** `k:{"name":"gateway"}` is `gateway`. */
function nameIn(key: string): string {
  const value = parseJson(key.slice(2))
  const first = isRecord(value) ? Object.values(value)[0] : value
  return first === undefined ? key.slice(2) : String(first)
}
