import type { Copy } from '../../k8s/store.ts'
import type { Resource } from '../../model/resources.ts'
import { openByName } from '../copies/by-name.ts'
import { type Named, relist } from '../copies/relist.ts'

/** Tells another state of an object, or another object of its name. */
interface Stamp {
  readonly version: number | string
  /** A digest of its uid. */
  readonly mark: number
}
/** What is taken of an object: its name, and what was read in it. */
export interface Taken<T> extends Named {
  readonly value: (T & Stamp) | undefined
}
export interface Held<T> {
  readonly copy: Copy<Resource, Taken<T>>
  size(): number
}

/** A copy that keeps of each object what the reading gives, and says what that was before and is now. */
export function openHeld<T extends object>(
  read: (object: Resource) => T | undefined,
  changed: (before: T | undefined, now: T | undefined) => void,
): Held<T> {
  const kept = openByName<T & Stamp>()
  const take = (object: Resource): Taken<T> => {
    const { namespace = '', name, resourceVersion = '', uid = '' } = object.metadata
    const value = read(object)
    return { namespace, name, value: value && { ...value, version: compact(resourceVersion), mark: markOf(uid) } }
  }
  const drop = (namespace: string, name: string): boolean => {
    const before = kept.get(namespace, name)
    if (before === undefined) return false
    kept.delete(namespace, name)
    changed(before, undefined)
    return true
  }
  const put = ({ namespace, name, value }: Taken<T>): boolean => {
    // Those of other services are not held at all: a cluster has many.
    if (value === undefined) return drop(namespace, name)
    const before = kept.get(namespace, name)
    if (before?.version === value.version && before.mark === value.mark) return false
    kept.set(namespace, name, value)
    changed(before, value)
    return true
  }
  return {
    size: () => kept.size,
    copy: {
      take,
      put: (object) => put(take(object)),
      gone: ({ metadata: { namespace = '', name } }) => drop(namespace, name),
      reset: (items) => relist({ held: kept, put, drop }, items),
    },
  }
}

/** A version as a number, where it is one: most take no memory of their own then. */
const compact = (version: string): number | string => (/^[1-9]\d{0,14}$/.test(version) ? Number(version) : version)

/** 30 bits of a text: FNV-1a. Numbers of this size take no memory of their own. */
function markOf(text: string): number {
  let mark = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) mark = Math.imul(mark ^ text.charCodeAt(i), 0x01000193)
  return mark >>> 2
}
