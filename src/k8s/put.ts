import { kindOf } from '../model/kinds.ts'
import type { Resource } from '../model/resources.ts'
import { isRecord } from './answers.ts'
import { ConflictError, type KubeApi, type WriteOptions } from './api.ts'

export type Written = 'created' | 'changed' | 'same'

/** Makes the fields that the object has true in the API, creating it where it is missing; nothing is written where they are true already. */
export async function put(api: KubeApi, object: Resource, options: WriteOptions = {}): Promise<Written> {
  const { name, namespace } = object.metadata
  const there = await api.get(kindOf(object), name, namespace)
  if (there !== undefined && covers(there, object)) return 'same'
  const written = await api.apply(object, options)
  if (there === undefined) return 'created'
  // The server may write a value in another way than we do, such as a quantity.
  return options.dryRun !== true && written.metadata.resourceVersion === there.metadata.resourceVersion ? 'same' : 'changed'
}

/** As put, but by create and update alone: what a credential that others made may do where it may not patch. */
export async function ensure(api: KubeApi, object: Resource): Promise<Written> {
  const { name, namespace } = object.metadata
  for (let tries = 0; ; tries += 1) {
    const there = await api.get(kindOf(object), name, namespace)
    if (there !== undefined && covers(there, object)) return 'same'
    try {
      await (there === undefined ? api.create(object) : api.replace(merged(there, object)))
      return there === undefined ? 'created' : 'changed'
    } catch (error) {
      // Somebody else was at it in between.
      if (!(error instanceof ConflictError) || tries >= 4) throw error
    }
  }
}

/** The object that is there with the fields of the wanted one over its own; lists are replaced. */
export const merged = <R extends Resource>(there: R, wanted: Resource): R => mergedValue(there, wanted) as R

const mergedValue = (there: unknown, wanted: unknown): unknown =>
  isRecord(there) && isRecord(wanted)
    ? { ...there, ...Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, mergedValue(there[key], value)])) }
    : wanted

/** Whether the actual value has all that the wanted one asks for. Fields that it has besides are others' business; lists have to be of one length. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (isRecord(wanted)) {
    const has = isRecord(actual) ? actual : {}
    return (
      (isRecord(actual) || actual === undefined) &&
      Object.entries(wanted).every(([key, value]) => value === undefined || covers(has[key], value))
    )
  }
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = Array.isArray(actual) ? actual : []
    return (
      (Array.isArray(actual) || actual === undefined) && items.length === wanted.length && wanted.every((item, i) => covers(items[i], item))
    )
  }
  return actual === wanted
}
