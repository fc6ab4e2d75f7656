import type { Copy } from '../../k8s/store.ts'
import type { Resource } from '../../model/resources.ts'
import { openByName } from '../copies/by-name.ts'
import type { Directory, Epoch, Reach, Service } from './directory.ts'
import { openHeld, type Taken } from './held.ts'
import { type Import, importOf, type Slice, sliceOf } from './objects.ts'

/** The directory, and the copies of the API's objects that it is: each object that comes, changes or goes changes one service of it. */
export interface Index extends Directory {
  readonly imports: Copy<Resource, Taken<Import>>
  readonly slices: Copy<Resource, Taken<Slice>>
  /** Told when which clusters can be reached has changed. Undefined: nobody says, so all count as reached. */
  setConnected(clusters: ReadonlySet<string> | undefined): void
  /** Says that both copies have been read once. */
  complete(): void
  readonly size: { readonly services: number; readonly slices: number }
}

/** Nothing in the namespaces of brokers has a name. */
export function openIndex(brokers: readonly string[]): Index {
  const services = openServices()
  const left = new Set(brokers)
  const imports = openHeld((object: Resource) => importOf(object, left), services.changeImport)
  const slices = openHeld(sliceOf, services.changeSlice)
  const state = { isComplete: false, reach: reachOf(undefined) }
  return {
    imports: imports.copy,
    slices: slices.copy,
    service: services.get,
    hasNamespace: services.hasNamespace,
    get isComplete() {
      return state.isComplete
    },
    get names() {
      return services.names
    },
    get reach() {
      return state.reach
    },
    get size() {
      return { services: imports.size(), slices: slices.size() }
    },
    setConnected(clusters) {
      state.reach.isCurrent = false
      state.reach = reachOf(clusters)
    },
    complete() {
      if (!state.isComplete) services.renew()
      state.isComplete = true
    },
  }
}

const reachOf = (clusters: ReadonlySet<string> | undefined): Reach & { isCurrent: boolean } => ({
  isCurrent: true,
  isConnected: (cluster) => clusters === undefined || clusters.has(cluster),
})

/** What there is of a service; without an import it has no name yet. */
interface Entry {
  import: Import | undefined
  slices: readonly Slice[]
  /** Made when it is asked for. */
  service: (Service & { isCurrent: boolean }) | undefined
}
interface Services {
  get(namespace: string, name: string): Service | undefined
  hasNamespace(namespace: string): boolean
  readonly names: Epoch
  /** What was said of names that are there, and of those that are not, may no longer be so. */
  renew(): void
  changeImport(before: Import | undefined, now: Import | undefined): void
  changeSlice(before: Slice | undefined, now: Slice | undefined): void
}

function openServices(): Services {
  const entries = openByName<Entry>()
  const namespaces = new Map<string, number>()
  let names = { isCurrent: true }

  const change = ({ namespace, service }: Import | Slice, act: (entry: Entry) => void): void => {
    const entry = entries.get(namespace, service) ?? { import: undefined, slices: [], service: undefined }
    act(entry)
    if (entry.service !== undefined) entry.service.isCurrent = false
    entry.service = undefined
    if (entry.import === undefined && entry.slices.length === 0) entries.delete(namespace, service)
    else entries.set(namespace, service, entry)
  }
  const renew = (): void => {
    names.isCurrent = false
    names = { isCurrent: true }
  }
  return {
    renew,
    get names() {
      return names
    },
    hasNamespace: (namespace) => namespaces.has(namespace),
    get(namespace, name) {
      const entry = entries.get(namespace, name)
      if (entry?.import === undefined) return undefined
      entry.service ??= { import: entry.import, slices: entry.slices, isCurrent: true }
      return entry.service
    },
    changeImport(before, now) {
      // Its name and namespace are those of the object: they never change.
      const either = now ?? before
      if (either === undefined) return
      change(either, (entry) => {
        entry.import = now
      })
      const more = Number(now !== undefined) - Number(before !== undefined)
      const left = (namespaces.get(either.namespace) ?? 0) + more
      if (left === 0) namespaces.delete(either.namespace)
      else namespaces.set(either.namespace, left)
      if (more !== 0) renew()
    },
    changeSlice(before, now) {
      const stays = before !== undefined && now !== undefined && before.namespace === now.namespace && before.service === now.service
      if (before !== undefined && !stays)
        change(before, (entry) => {
          entry.slices = entry.slices.filter((slice) => slice !== before).slice()
        })
      if (now === undefined) return
      change(now, (entry) => {
        entry.slices = stays ? entry.slices.map((slice) => (slice === before ? now : slice)) : entry.slices.concat(now)
      })
    },
  }
}
