import type { Copy } from '../../k8s/store.ts'
import type { Resource } from '../../model/resources.ts'
import { openByName } from './by-name.ts'

/** What is taken of an object: enough to tell another state of it, or another object of its name, and what was read in it. */
export interface Taken<T> {
  readonly namespace: string
  readonly name: string
  readonly version: string
  /** A digest of its uid. */
  readonly mark: number
  readonly value: T | undefined
}
export interface Held<T> {
  readonly copy: Copy<Resource, Taken<T>>
  size(): number
}
interface Kept<T> {
  readonly version: string
  readonly mark: number
  readonly value: T
}

/** A copy that keeps of each object what the reading gives, and says what that was before and is now. */
export function openHeld<T>(
  read: (object: Resource) => T | undefined,
  changed: (before: T | undefined, now: T | undefined) => void,
): Held<T> {
  const kept = openByName<Kept<T>>()
  const take = (object: Resource): Taken<T> => {
    const { namespace = '', name, resourceVersion = '', uid = '' } = object.metadata
    return { namespace, name, version: resourceVersion, mark: markOf(uid), value: read(object) }
  }
  const drop = (namespace: string, name: string): boolean => {
    const before = kept.get(namespace, name)
    if (before === undefined) return false
    kept.delete(namespace, name)
    changed(before.value, undefined)
    return true
  }
  const put = ({ namespace, name, version, mark, value }: Taken<T>): boolean => {
    const before = kept.get(namespace, name)
    if (before?.version === version && before.mark === mark) return false
    // Those of other services are not held at all: a cluster has many.
    if (value === undefined) return drop(namespace, name)
    kept.set(namespace, name, { version, mark, value })
    changed(before?.value, value)
    return true
  }
  return {
    size: () => kept.size,
    copy: {
      take,
      put: (object) => put(take(object)),
      gone: ({ metadata: { namespace = '', name } }) => drop(namespace, name),
      reset(items) {
        const now = openByName<true>()
        for (const { namespace, name } of items) now.set(namespace, name, true)
        const gone = [...kept.names()].filter(([namespace, name]) => now.get(namespace, name) === undefined)
        // Put before drop: a service whose slice has another name now is never without it.
        const came = items.filter(put).length
        for (const [namespace, name] of gone) drop(namespace, name)
        return came + gone.length > 0
      },
    },
  }
}

/** 31 bits of a text: FNV-1a. Numbers of this size take no memory of their own. */
function markOf(text: string): number {
  let mark = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) mark = Math.imul(mark ^ text.charCodeAt(i), 0x01000193)
  return mark >>> 2
}
