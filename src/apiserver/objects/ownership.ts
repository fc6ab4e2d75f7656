// Who has set which field by server-side apply (metadata.managedFields): what a manager no longer names is taken away again. Lists are one field each.
import { canonical } from '../../model/canonical.ts'
import { type ApiObject, isRecord, type Json, listOf, textAt } from './json.ts'
import { merge } from './patch.ts'

/** Fields as FieldsV1 writes them: `f:name`, each with what is in it; `{}` where the whole value is meant. */
interface Fields {
  readonly [name: string]: Fields
}
export interface Owner {
  readonly manager: string
  readonly fields: Fields
}

/** The owners that the object's metadata name. */
export const ownersOf = (object: ApiObject): readonly Owner[] =>
  listOf(Reflect.get(object.metadata, 'managedFields'))
    .filter(isRecord)
    .map((entry) => ({ manager: textAt(entry, 'manager'), fields: readFields(entry.fieldsV1) }))

/** As the metadata have it; undefined where there is none. */
export const managedFields = (owners: readonly Owner[], apiVersion: string): readonly Json[] | undefined =>
  owners.length === 0
    ? undefined
    : owners.map(({ manager, fields: fieldsV1 }) => ({ manager, operation: 'Apply', apiVersion, fieldsType: 'FieldsV1', fieldsV1 }))

export interface Applied {
  readonly value: unknown
  readonly owners: readonly Owner[]
  /** Others' fields that are given another value, each as `manager: .field`. */
  readonly conflicts: readonly string[]
}

/** The body over what is there, without what its manager named before and names no more, unless another does. */
export function applied(before: ApiObject | undefined, body: Json, manager: string): Applied {
  const known = before === undefined ? [] : ownersOf(before)
  const others = known.filter((owner) => owner.manager !== manager)
  const mine = known.find((owner) => owner.manager === manager)?.fields ?? {}
  const fields = fieldsOf(namedFields(body))
  const value = without(merge(before ?? {}, body), mine, [fields, ...others.map((owner) => owner.fields)])
  const conflicts = others.flatMap((owner) => differing(owner.fields, before, body).map((path) => `${owner.manager}: ${path}`))
  // Taken over by force, where there are conflicts.
  const left = others.map((owner) => ({ ...owner, fields: held(owner.fields, before, value) }))
  return { value, owners: [{ manager, fields }, ...left.filter((owner) => !isLeaf(owner.fields))], conflicts }
}

/** The owners after another kind of write: a field that it changed is theirs no more. */
export const ownersAfter = (before: ApiObject, after: ApiObject): readonly Owner[] =>
  ownersOf(before)
    .map((owner) => ({ ...owner, fields: held(owner.fields, before, after) }))
    .filter((owner) => !isLeaf(owner.fields))

/** What tells objects apart is nobody's. */
function namedFields({ apiVersion: _, kind: __, metadata, ...rest }: Json): Json {
  const { labels, annotations, finalizers, ownerReferences } = isRecord(metadata) ? metadata : {}
  const own = Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(([, value]) => value !== undefined)
  return own.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(own) }
}

const isLeaf = (fields: Fields): boolean => Object.keys(fields).length === 0
const fieldsOf = (value: unknown): Fields =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [`f:${key}`, fieldsOf(item)])) : {}
const readFields = (value: unknown): Fields =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readFields(item)])) : {}
const inside = (value: unknown, name: string): unknown => (isRecord(value) ? value[name.slice(2)] : undefined)

function without(value: unknown, mine: Fields, kept: readonly Fields[]): unknown {
  if (!isRecord(value)) return value
  const result: Record<string, unknown> = { ...value }
  for (const [name, fields] of Object.entries(mine)) {
    const key = name.slice(2)
    if (!Object.hasOwn(result, key)) continue
    const keeping = kept.map((others) => others[name]).filter((others) => others !== undefined)
    const left = isLeaf(fields) && keeping.length === 0 ? undefined : without(result[key], fields, keeping)
    const isEmpty = keeping.length === 0 && isRecord(left) && Object.keys(left).length === 0
    if (left === undefined || isEmpty) delete result[key]
    else result[key] = left
  }
  return result
}

/** The fields whose values are the same in both. */
function held(fields: Fields, before: unknown, after: unknown): Fields {
  const entries = Object.entries(fields).flatMap(([name, inner]): [string, Fields][] => {
    const [was, is] = [inside(before, name), inside(after, name)]
    if (isLeaf(inner)) return is !== undefined && canonical(was) === canonical(is) ? [[name, inner]] : []
    const rest = held(inner, was, is)
    return isLeaf(rest) ? [] : [[name, rest]]
  })
  return Object.fromEntries(entries)
}

/** Paths of the fields that the body gives another value than they have. */
function differing(fields: Fields, before: unknown, body: unknown, path = ''): string[] {
  return Object.entries(fields).flatMap(([name, inner]) => {
    const [was, given] = [inside(before, name), inside(body, name)]
    if (given === undefined) return []
    const here = `${path}.${name.slice(2)}`
    if (!isLeaf(inner) && isRecord(given)) return differing(inner, was, given, here)
    return canonical(was) === canonical(given) ? [] : [here]
  })
}
