import type { Copy } from '../../k8s/store.ts'
import type { Resource } from '../../model/resources.ts'
import type { Directory, Reach, Service } from './directory.ts'
import { type Import, importOf, type Slice, sliceOf } from './objects.ts'

/** The directory, and the copies of the API's objects that it is: each object that comes, changes or goes changes one service of it. */
export interface Index extends Directory {
  readonly imports: Copy<Resource, Read<Import>>
  readonly slices: Copy<Resource, Read<Slice>>
  /** Told when which clusters can be reached has changed. Undefined: nobody says, so all count as reached. */
  setConnected(clusters: ReadonlySet<string> | undefined): void
  /** Says that both copies have been read once. */
  complete(): void
  readonly size: { readonly services: number; readonly slices: number }
}

/** What there is of a service; without an import it has no name yet. */
interface Entry {
  import: Import | undefined
  slices: readonly Slice[]
  /** Made when it is asked for. */
  service: (Service & { isCurrent: boolean }) | undefined
}

export function openIndex(): Index {
  const entries = new Map<string, Entry>()
  const namespaces = new Map<string, number>()
  const state = { isComplete: false, names: { isCurrent: true }, reach: reachOf(undefined), services: 0 }

  const change = (key: string, act: (entry: Entry) => void): void => {
    const entry = entries.get(key) ?? { import: undefined, slices: [], service: undefined }
    act(entry)
    if (entry.service !== undefined) entry.service.isCurrent = false
    entry.service = undefined
    if (entry.import === undefined && entry.slices.length === 0) entries.delete(key)
    else entries.set(key, entry)
  }
  const count = ({ namespace }: Import, by: 1 | -1): void => {
    const now = (namespaces.get(namespace) ?? 0) + by
    if (now === 0) namespaces.delete(namespace)
    else namespaces.set(namespace, now)
    state.services += by
    state.names.isCurrent = false
    state.names = { isCurrent: true }
  }
  const imports = openIndexed(importOf, (before, now) => {
    // Its name and namespace are those of the object: they never change.
    const of = now ?? before
    if (of !== undefined)
      change(keyOf(of), (entry) => {
        entry.import = now
      })
    if (before === undefined && now !== undefined) count(now, 1)
    if (before !== undefined && now === undefined) count(before, -1)
  })
  const slices = openIndexed(sliceOf, (before, now) => {
    const stays = before !== undefined && now !== undefined && keyOf(before) === keyOf(now)
    if (before !== undefined && !stays)
      change(keyOf(before), (entry) => {
        entry.slices = entry.slices.filter((slice) => slice !== before)
      })
    if (now === undefined) return
    change(keyOf(now), (entry) => {
      entry.slices = stays ? entry.slices.map((slice) => (slice === before ? now : slice)) : [...entry.slices, now]
    })
  })
  return {
    imports: imports.copy,
    slices: slices.copy,
    get isComplete() {
      return state.isComplete
    },
    get names() {
      return state.names
    },
    get reach() {
      return state.reach
    },
    get size() {
      return { services: state.services, slices: slices.size() }
    },
    hasNamespace: (namespace) => namespaces.has(namespace),
    service(namespace, name) {
      const entry = entries.get(`${namespace}/${name}`)
      if (entry?.import === undefined) return undefined
      entry.service ??= { import: entry.import, slices: entry.slices, isCurrent: true }
      return entry.service
    },
    setConnected(clusters) {
      state.reach.isCurrent = false
      state.reach = reachOf(clusters)
    },
    complete() {
      if (state.isComplete) return
      state.isComplete = true
      state.names.isCurrent = false
      state.names = { isCurrent: true }
    },
  }
}

const keyOf = ({ namespace, service }: { readonly namespace: string; readonly service: string }): string => `${namespace}/${service}`

const reachOf = (clusters: ReadonlySet<string> | undefined): Reach & { isCurrent: boolean } => ({
  isCurrent: true,
  isConnected: (cluster) => clusters === undefined || clusters.has(cluster),
})

interface Indexed<T> {
  readonly copy: Copy<Resource, Read<T>>
  size(): number
}
/** What is kept of an object: enough to tell another state of it, or another object of its name, and what was read in it. */
interface Held<T> {
  readonly version: string
  readonly value: T
}
interface Read<T> extends Held<T | undefined> {
  readonly name: string
}

/** A copy that keeps of each object what the reading gives, and says what that was before and is now. */
function openIndexed<T>(
  read: (object: Resource) => T | undefined,
  changed: (before: T | undefined, now: T | undefined) => void,
): Indexed<T> {
  const held = new Map<string, Held<T>>()
  const take = (object: Resource): Read<T> => ({ name: nameOf(object), version: versionOf(object), value: read(object) })
  const drop = (name: string): boolean => {
    const before = held.get(name)
    if (before === undefined) return false
    held.delete(name)
    changed(before.value, undefined)
    return true
  }
  const put = ({ name, version, value }: Read<T>): boolean => {
    const before = held.get(name)
    if (before?.version === version) return false
    // Those of other services are not held at all: a cluster has many.
    if (value === undefined) return drop(name)
    held.set(name, { version, value })
    changed(before?.value, value)
    return true
  }
  return {
    size: () => held.size,
    copy: {
      take,
      put: (object) => put(take(object)),
      gone: (object) => drop(nameOf(object)),
      reset(items) {
        const now = new Set(items.map(({ name }) => name))
        const gone = [...held.keys()].filter((name) => !now.has(name))
        // Put before drop: a service whose slice has another name now is never without it.
        const came = items.filter(put).length
        for (const name of gone) drop(name)
        return came + gone.length > 0
      },
    },
  }
}

const nameOf = ({ metadata }: Resource): string => `${metadata.namespace ?? ''}/${metadata.name}`
/** Of two objects of one name; the end of a uid is as random as its beginning. */
const versionOf = ({ metadata: { resourceVersion = '', uid = '' } }: Resource): string => `${resourceVersion} ${uid.slice(-12)}`
