import type { Admission } from '../access/admission.ts'
import type { Readmission } from '../access/readmission.ts'
import type { Keys } from '../access/tokens.ts'
import type { User } from '../access/user.ts'
import type { KindTable, Served } from '../kinds/served.ts'
import type { ApiObject } from '../objects/json.ts'
import type { Owner } from '../objects/ownership.ts'
import type { Draft, Item, Place } from '../storage/item.ts'
import type { State } from '../storage/state.ts'

/** What every write needs to know of the server. */
export interface World {
  readonly state: State
  readonly table: KindTable
  readonly keys: Keys
  readonly admit: Admission
  /** In data that were made anew over older keys alone. */
  readonly readmit?: Readmission
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
/** One write: who, and where to. */
export interface Call {
  readonly served: Served
  /** "" for kinds without one. */
  readonly namespace: string
  /** "" where a new object is made. */
  readonly name: string
  readonly subresource: 'status' | undefined
  readonly user: User
  readonly dryRun: boolean
}
/** A write within a transaction. */
export interface Site {
  readonly world: World
  readonly call: Call
  /** Who has set which field then, where the write is an apply. */
  readonly owners?: readonly Owner[]
}
/** What a write gives: an object's JSON, and whether it is new. */
export interface Written {
  readonly text: string
  readonly isNew: boolean
}

/** Runs the write; with dryRun nothing of it is kept. */
export async function act<T>({ state }: World, { dryRun }: Pick<Call, 'dryRun'>, run: (draft: Draft) => T): Promise<T> {
  if (!dryRun) return state.write(run)
  const kept: { value?: T } = {}
  const enough = new Error('a dry run')
  try {
    await state.write((draft) => {
      kept.value = run(draft)
      throw enough
    })
  } catch (error) {
    if (error !== enough) throw error
  }
  return kept.value as T
}

export const placeOf = (object: ApiObject): Place => ({
  kind: object.kind,
  namespace: object.metadata.namespace ?? '',
  name: object.metadata.name,
})

/** Stores the object under the version that it gets. */
export function store(draft: Draft, object: ApiObject): Item {
  const labels = object.metadata.labels ?? {}
  return draft.put(placeOf(object), (version) => ({ text: textAt(object, version), labels }))
}

/** Removes the object. Its last state, with the version of the removal, is what watches see. */
export const drop = (draft: Draft, object: ApiObject): Item => draft.drop(placeOf(object), (version) => textAt(object, version))

function textAt(object: ApiObject, version: number): string {
  const { apiVersion, kind, metadata, ...rest } = object
  return JSON.stringify({ apiVersion, kind, metadata: { ...metadata, resourceVersion: String(version) }, ...rest })
}

/** The API's times have no fractions. */
export const timestamp = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`
