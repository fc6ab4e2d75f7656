import type { Proposal } from '../access/admission.ts'
import { resourceOf } from '../kinds/served.ts'
import type { ApiObject } from '../objects/json.ts'
import { CHANGED, conflict, StatusError as Refusal, type StatusError } from '../objects/status.ts'
import type { Call, World } from './call.ts'

type Change = Pick<Proposal, 'operation' | 'object' | 'before'>

/** Throws where the rule of this server refuses the change. */
export function checkAdmission({ admit }: World, { served, namespace, user }: Call, change: Change): void {
  const { group, plural: resource } = served
  const why = admit({ user, group, resource, namespace, ...change })
  if (why === undefined) return
  const name = (change.object ?? change.before)?.metadata.name ?? ''
  throw new Refusal(422, 'Invalid', `${resourceOf(served)} "${name}" is forbidden: ${why}`, { name, group, kind: resource })
}

/** What the client wants to be true of the object before its write. */
export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/** The conflict that a write meets; undefined where there is none. */
export function conflictOf({ served }: Call, { metadata }: ApiObject, wanted: Preconditions): StatusError | undefined {
  const { name, uid, resourceVersion } = metadata
  if (wanted.uid !== undefined && wanted.uid !== uid)
    return conflict(served, name, `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid ?? ''}`)
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== '0' && wanted.resourceVersion !== resourceVersion)
    return conflict(served, name, CHANGED)
  return undefined
}
