import { type ApiObject, hostility, isRecord, parseStored } from '../objects/json.ts'
import { readObject } from '../objects/meta.ts'
import { applied } from '../objects/ownership.ts'
import { APPLY, checkStrategic, JSON_PATCH, jsonPatch, MERGE, merge, STRATEGIC } from '../objects/patch.ts'
import { applyConflict, badRequest } from '../objects/status.ts'
import { act, type Call, type World, type Written } from './call.ts'
import { createIn } from './create.ts'
import { updateIn } from './update.ts'

/** A patch as it came. */
export interface Patch {
  /** Who applies; "" for other patches. */
  readonly manager: string
  /** Whether an apply takes over what others have set. */
  readonly force: boolean
  /** One of PATCHES. */
  readonly type: string
  readonly body: unknown
}

export const PATCHES = [JSON_PATCH, MERGE, STRATEGIC, APPLY]

/** Changes the object as the patch says. An apply makes it where it is missing; `mayCreate` throws where its user must not. */
export function patchObject(world: World, call: Call, patch: Patch, mayCreate: () => void): Promise<Written> {
  const { served } = call
  if (patch.type === STRATEGIC) checkStrategic(served, patch.body)
  if (patch.type === APPLY) return applyObject(world, call, patch, mayCreate)
  if (patch.type !== JSON_PATCH && !isRecord(patch.body)) throw badRequest('error decoding patch: a patch of this type is an object')
  return act(world, call, (draft) =>
    updateIn(draft, { world, call }, (before) => {
      const after = patch.type === JSON_PATCH ? jsonPatch(served, call.name, before, patch.body) : merge(before, patch.body)
      const fault = hostility(after)
      if (fault !== undefined) throw badRequest(fault)
      return named(before, readObject(served, after))
    }),
  )
}

// A patch that does not speak of the version is for whatever version there is.
const named = (before: ApiObject, after: ApiObject): ApiObject => ({
  ...after,
  metadata: { ...after.metadata, name: after.metadata.name || before.metadata.name },
})

/** Server-side apply. Lists are taken whole; of others' fields only those set by an apply are known. */
function applyObject(world: World, call: Call, { body, manager, force }: Patch, mayCreate: () => void): Promise<Written> {
  const { served, namespace, name } = call
  const given = readObject(served, body)
  if (!isRecord(body)) throw badRequest('error decoding patch: a patch of this type is an object')
  if (Reflect.has(given.metadata, 'managedFields')) throw badRequest('metadata.managedFields must be nil')
  return act(world, call, (draft) => {
    const item = draft.get(served.kind, namespace, name)
    const { value, owners, conflicts } = applied(item && parseStored(item.text), body, manager)
    if (conflicts.length > 0 && !force) throw applyConflict(served, name, conflicts)
    if (item !== undefined) return updateIn(draft, { world, call, owners }, () => readObject(served, value))
    mayCreate()
    const { uid: _, ...metadata } = given.metadata
    return createIn(draft, { world, call, owners }, { ...given, metadata: { ...metadata, name: metadata.name || name } })
  })
}
