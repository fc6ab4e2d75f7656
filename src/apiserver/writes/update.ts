import { canonical } from '../../model/canonical.ts'
import { escalation } from '../access/escalation.ts'
import { type ApiObject, compact, parseStored } from '../objects/json.ts'
import { compactMeta, readObject } from '../objects/meta.ts'
import { ownersAfter } from '../objects/ownership.ts'
import { forbidden, invalid, notFound } from '../objects/status.ts'
import type { Draft, Item } from '../storage/item.ts'
import { withToken } from './accounts.ts'
import { act, type Call, type Site, store, type World, type Written } from './call.ts'
import { checkPlace, countsGenerations, owned } from './create.ts'
import { checkAdmission, conflictOf } from './guard.ts'
import { judgeChange, prepared } from './prepare.ts'
import { vanish } from './remove.ts'

/** Kinds that can be replaced without saying which version is replaced. */
const UNCONDITIONAL = ['', 'rbac.authorization.k8s.io', 'apps', 'discovery.k8s.io', 'networking.k8s.io']

/** Replaces the object, or its status. */
export const replaceObject = (world: World, call: Call, body: unknown): Promise<Written> => {
  const given = readObject(call.served, body)
  return act(world, call, (draft) => {
    const { served } = call
    if (given.metadata.resourceVersion === undefined && !UNCONDITIONAL.includes(served.group))
      throw invalid(served, call.name, [
        { reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update', field: 'metadata.resourceVersion' },
      ])
    return updateIn(draft, { world, call }, () => given)
  })
}

/** Stores what `change` makes of the object that is there. */
export function updateIn(draft: Draft, at: Site, change: (before: ApiObject) => ApiObject): Written {
  const { world, call, owners } = at
  const { served, namespace, name, user } = call
  const item = draft.get(served.kind, namespace, name)
  if (item === undefined) throw notFound(served, name)
  const before = parseStored(item.text)
  const given = change(before)
  checkPlace(call, given)
  const { uid, resourceVersion } = given.metadata
  const clash = conflictOf(call, before, { uid, resourceVersion })
  if (clash !== undefined) throw clash
  const taken = withToken(draft, world.keys, prepared(served, kept(call, before, given)))
  const after = settled(call, before, owned(taken, owners ?? ownersAfter(before, taken)))
  const causes = [...judgeChange(served, before, after), ...judgeFinalizers(before, after)]
  if (causes.length > 0) throw invalid(served, name, causes)
  checkAdmission(world, call, { operation: 'UPDATE', object: after, before })
  if (canonical(after) === canonical(before)) return { text: item.text, isNew: false }
  const why = escalation(user, served, after, draft)
  if (why !== undefined) throw forbidden(served, name, why)
  return { text: written(draft, world, after).text, isNew: false }
}

/** An object that is being deleted goes with its last finalizer. */
const written = (draft: Draft, world: World, after: ApiObject): Item =>
  after.metadata.deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0 && after.kind !== 'Namespace'
    ? vanish(draft, world, after)
    : store(draft, after)

/** Metadata that a client does not change; undefined where the object has none. */
const LASTING = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'resourceVersion',
]

/** What was given, with what a client cannot change taken from before. */
function kept({ served, subresource }: Call, before: ApiObject, given: ApiObject): ApiObject {
  if (subresource === 'status') return compact({ ...before, status: given.status })
  const lasting = Object.fromEntries(LASTING.map((field) => [field, Reflect.get(before.metadata, field)]))
  return compact({ ...given, metadata: compactMeta({ ...given.metadata, ...lasting }), ...(served.hasStatus && { status: before.status }) })
}

/** Counts a generation where what is wanted has changed. */
function settled(call: Call, before: ApiObject, after: ApiObject): ApiObject {
  if (!countsGenerations(call) || wanted(call, before) === wanted(call, after)) return after
  return { ...after, metadata: { ...after.metadata, generation: (before.metadata.generation ?? 0) + 1 } }
}

function wanted({ served }: Call, { metadata: _, status, ...rest }: ApiObject): string {
  return canonical(served.hasStatus ? rest : { ...rest, status })
}

function judgeFinalizers(before: ApiObject, after: ApiObject): { reason: string; message: string; field: string }[] {
  if (before.metadata.deletionTimestamp === undefined) return []
  const old = before.metadata.finalizers ?? []
  const added = (after.metadata.finalizers ?? []).filter((name) => !old.includes(name))
  if (added.length === 0) return []
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`
  return [{ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' }]
}
