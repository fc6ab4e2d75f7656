import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import { merged } from '../../k8s/put.ts'
import { canonical } from '../../model/canonical.ts'
import { kindOf } from '../../model/kinds.ts'
import { FIELD_MANAGER } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { beside } from '../objects/helm.ts'
import { isRecord, textAt } from '../tree.ts'
import { type Conflict, conflictsOf } from './conflicts.ts'
import { fieldAt } from './field-path.ts'

export type Action = 'created' | 'changed' | 'unchanged'
/** One field that would change; a value is undefined where there is none, and never a secret. */
export interface FieldChange {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}
/** What applying an object would do. */
export interface Change {
  readonly object: Resource
  readonly action: Action
  readonly fields: readonly FieldChange[]
  /** Fields that are another manager's by now and have another value, which applying would take over. */
  readonly conflicts?: readonly Conflict[]
}

/**
 * What applying the objects would do, asked of the server by dry runs: its own defaults, merges and refusals count. Changes nothing;
 * throws where the server refuses an object, so that a bad one stops all of them.
 */
export const compare = (api: KubeApi, objects: readonly Resource[]): Promise<readonly Change[]> =>
  Promise.all(objects.map((object) => compareOne(api, object)))

/** The same where the server may let us create and update, but not patch: told from what is there, without a word on what the server refuses. */
export const compareRead = (api: KubeApi, objects: readonly Resource[]): Promise<readonly Change[]> =>
  Promise.all(
    objects.map(async (object): Promise<Change> => {
      const existing = await orMissing(api.get(kindOf(object), object.metadata.name, object.metadata.namespace))
      return existing === undefined ? { object, action: 'created', fields: [] } : changeOf(object, existing, merged(existing, object))
    }),
  )

async function compareOne(api: KubeApi, wanted: Resource): Promise<Change> {
  const { name, namespace } = wanted.metadata
  const existing = await orMissing(api.get(kindOf(wanted), name, namespace))
  const object = beside(existing, wanted)
  const { dry, conflicts } = await tryApply(api, object)
  if (existing === undefined || dry === undefined) return { object, action: 'created', fields: [] }
  const others = conflicts.filter(({ field }) => !isEqualAt(field, existing, dry))
  return { ...changeOf(object, existing, dry), ...(others.length > 0 && { conflicts: others }) }
}

/** Both as the server keeps them, so that a quantity or a default that is written in another way makes no difference. */
function isEqualAt(field: string, a: Resource, b: Resource): boolean {
  const [one, other] = [fieldAt(a, field), fieldAt(b, field)]
  return one !== undefined && other !== undefined && canonical(one.value) === canonical(other.value)
}

/** What applying would make of it, and whose fields it would take. */
async function tryApply(
  api: KubeApi,
  object: Resource,
): Promise<{ readonly dry: Resource | undefined; readonly conflicts: readonly Conflict[] }> {
  try {
    return { dry: await orMissing(api.apply(object, { dryRun: true, force: false })), conflicts: [] }
  } catch (error) {
    const conflicts = error instanceof ConflictError ? conflictsOf(error.message) : []
    if (conflicts.length === 0) throw error
    return {
      dry: await orMissing(api.apply(object, { dryRun: true })),
      conflicts: conflicts.filter(({ manager }) => manager !== FIELD_MANAGER),
    }
  }
}

function changeOf(object: Resource, from: Resource, to: Resource): Change {
  const fields = differences(from, to, object.kind === 'Secret')
  return { object, action: fields.length === 0 ? 'unchanged' : 'changed', fields }
}

/** A namespace or kind that is still to come counts as the object's being missing. */
async function orMissing<T>(call: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined
    throw error
  }
}

/** What the server writes by itself. */
const SERVERS = new Set([
  'metadata.managedFields',
  'metadata.resourceVersion',
  'metadata.generation',
  'metadata.annotations.deprecated.daemonset.template.generation',
  'metadata.creationTimestamp',
  'metadata.uid',
  'status',
])
const HIDDEN = '(hidden)'

/** A list whose items have names of their own, as containers and variables have, by these; undefined for any other. */
function byName(list: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(list)) return undefined
  const entries = list.map((item: unknown) => [textAt(item, 'name') ?? '', item] as const)
  const names = new Set(entries.map(([name]) => name))
  return names.size === list.length && !names.has('') ? Object.fromEntries(entries) : undefined
}

/** The fields that differ between an object and what it is to become. */
export function differences(from: unknown, to: unknown, isSecret = false): readonly FieldChange[] {
  const walk = (a: unknown, b: unknown, path: string): readonly FieldChange[] => {
    if (SERVERS.has(path)) return []
    if (isRecord(a) && isRecord(b)) {
      const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
      return keys.flatMap((key) => walk(a[key], b[key], path === '' ? key : `${path}.${key}`))
    }
    if (JSON.stringify(a) === JSON.stringify(b)) return []
    const [named, others] = [byName(a), byName(b)]
    if (named !== undefined && others !== undefined) return walk(named, others, path)
    const hide = isSecret && /^(data|stringData)(\.|$)/.test(path)
    return [{ path, from: hide && a !== undefined ? HIDDEN : a, to: hide && b !== undefined ? HIDDEN : b }]
  }
  return walk(from, to, '')
}
