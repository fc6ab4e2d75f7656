import { type ApiObject, hostility, isRecord } from '../objects/json.ts'
import { readObject } from '../objects/meta.ts'
import { APPLY, checkStrategic, JSON_PATCH, jsonPatch, MERGE, merge, STRATEGIC } from '../objects/patch.ts'
import { badRequest } from '../objects/status.ts'
import { act, type Call, type World, type Written } from './call.ts'
import { createIn } from './create.ts'
import { updateIn } from './update.ts'

/** A patch as it came. */
export interface Patch {
  /** One of PATCHES. */
  readonly type: string
  readonly body: unknown
}

export const PATCHES = [JSON_PATCH, MERGE, STRATEGIC, APPLY]

/** Changes the object as the patch says. An apply makes it where it is missing; `mayCreate` throws where its user must not. */
export function patchObject(world: World, call: Call, patch: Patch, mayCreate: () => void): Promise<Written> {
  const { served } = call
  if (patch.type === STRATEGIC) checkStrategic(served, patch.body)
  if (patch.type === APPLY) return applyObject(world, call, patch.body, mayCreate)
  if (patch.type !== JSON_PATCH && !isRecord(patch.body)) throw badRequest('error decoding patch: a patch of this type is an object')
  return act(world, call, (draft) =>
    updateIn(draft, { world, call }, (before) => {
      const after = patch.type === JSON_PATCH ? jsonPatch(served, call.name, before, patch.body) : merge(before, patch.body)
      const fault = hostility(after)
      if (fault !== undefined) throw badRequest(fault)
      return named(call, before, readObject(served, after))
    }),
  )
}

// A patch that does not speak of the version is for whatever version there is.
const named = (_: Call, before: ApiObject, after: ApiObject): ApiObject => ({
  ...after,
  metadata: { ...after.metadata, name: after.metadata.name || before.metadata.name },
})

/** Server-side apply without the ownership of fields: what is given is merged in, lists whole, and nothing is removed. */
function applyObject(world: World, call: Call, body: unknown, mayCreate: () => void): Promise<Written> {
  const given = readObject(call.served, body)
  if ((given.metadata as { managedFields?: unknown }).managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  return act(world, call, (draft) => {
    const { served, namespace, name } = call
    if (draft.get(served.kind, namespace, name) !== undefined)
      return updateIn(draft, { world, call }, (before) => readObject(served, merge(before, body)))
    mayCreate()
    const { uid: _, ...metadata } = given.metadata
    return createIn(draft, { world, call }, { ...given, metadata: { ...metadata, name: metadata.name || name } })
  })
}
