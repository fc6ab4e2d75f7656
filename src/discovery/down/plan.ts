// What the services of the clusterset are in this cluster: a ServiceImport each where the namespace exists, a Service that gives it an address, and EndpointSlices.
// Only what carries our label is changed or removed; of what cannot be known at the moment nothing is withdrawn.
import type { Refusal } from '../../model/decode.ts'
import type { Diff } from '../../model/diff.ts'
import { type EndpointSlice, IMPORTED, type ServiceImport, type ServiceImportSpec } from '../../model/mcs.ts'
import type { Cidr } from '../../model/net.ts'
import type { Resource, Service } from '../../model/resources.ts'
import { isImported, madeFor } from '../copies/light.ts'
import { type Guard, refusalOf } from '../service/guard.ts'
import type { Merged } from '../service/merge.ts'
import type { Services } from '../service/services.ts'
import { keyText, type Slice, specOf } from '../service/share.ts'
import { changes } from '../up/plan.ts'
import { derivedName, derivedService, renewedService } from './derived.ts'
import { clusterOf, hasReady, importSlices, nameBeforeAside, reseen } from './slices.ts'
import { statusOf } from './status.ts'

export interface DownView {
  readonly clusterId: string
  readonly guard: Guard
  readonly services: Services
  /** This cluster's own backends of what it exports, by `namespace/name`. */
  readonly pods: ReadonlyMap<string, readonly Slice[]>
  /** Those that objects can be made in. */
  readonly namespaces: ReadonlySet<string>
  /** What a cluster, this one too, advertises. */
  networksOf(cluster: string): readonly Cidr[]
  isReachable(cluster: string): boolean
  /** What this cluster's API refused when objects of the service, `namespace/name`, were last written. */
  hindrance?(service: string): string | undefined
  /** Whether this cluster's own backends are used alone while they are ready. */
  readonly isLocalFirst: boolean
  /** The broker has not been heard, or has lost its data: what came from other clusters stays. */
  readonly isFrozen: boolean
  /** All of the cluster: others' are left alone. */
  readonly there: {
    readonly imports: readonly ServiceImport[]
    readonly services: readonly Service[]
    readonly slices: readonly EndpointSlice[]
  }
  readonly nowMs: number
}
export interface DownPlan {
  readonly imports: Diff<ServiceImport>
  readonly services: Diff<Service>
  readonly slices: Diff<EndpointSlice>
  readonly statuses: readonly ServiceImport[]
  readonly refused: readonly Refusal[]
}

/** All that one service has in this cluster. */
interface Place {
  readonly import: ServiceImport | undefined
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}
const NOWHERE: Place = { import: undefined, service: undefined, slices: [] }

/** Whether nothing is to be written. */
export const isEmptyDown = ({ imports, services, slices, statuses }: DownPlan): boolean =>
  [imports.put, imports.drop, services.put, services.drop, slices.put, slices.drop, statuses].every((list) => list.length === 0)

/** Whether it takes away what other clusters have exported. */
export const withdraws = ({ imports, slices }: DownPlan, clusterId: string): boolean =>
  imports.drop.length > 0 || slices.drop.some((slice) => clusterOf(slice) !== clusterId)

/** Of all services, or of some with all that belongs to them. */
export function planDown(view: DownView): DownPlan {
  const places = placesOf(view)
  const parts = [...new Set([...view.services.keys(), ...places.keys()])].map((key) =>
    planOne(view, view.services.get(key), places.get(key) ?? NOWHERE),
  )
  return {
    imports: { put: parts.flatMap(({ imports }) => imports.put), drop: parts.flatMap(({ imports }) => imports.drop) },
    services: { put: parts.flatMap(({ services }) => services.put), drop: parts.flatMap(({ services }) => services.drop) },
    slices: { put: parts.flatMap(({ slices }) => slices.put), drop: parts.flatMap(({ slices }) => slices.drop) },
    statuses: parts.flatMap(({ statuses }) => statuses),
    refused: parts.flatMap(({ refused }) => refused),
  }
}

/** By `namespace/name` of the service; ServiceImports of others too, so that they are seen to be in the way. */
function placesOf({ there }: DownView): ReadonlyMap<string, Place> {
  const places = new Map<string, { import: ServiceImport | undefined; service: Service | undefined; slices: EndpointSlice[] }>()
  const at = (namespace = '', name = ''): { import: ServiceImport | undefined; service: Service | undefined; slices: EndpointSlice[] } => {
    const key = keyText({ namespace, name })
    const place = places.get(key) ?? { import: undefined, service: undefined, slices: [] }
    places.set(key, place)
    return place
  }
  for (const one of there.imports) at(one.metadata.namespace, one.metadata.name).import = one
  const made = <T extends Resource>(objects: readonly T[], act: (one: T, place: ReturnType<typeof at>) => void): void => {
    for (const one of objects) {
      const name = madeFor(one)
      if (name !== undefined) act(one, at(one.metadata.namespace, name))
    }
  }
  made(there.services, (one, place) => {
    place.service = one
  })
  made(there.slices, (one, place) => place.slices.push(one))
  return places
}

const NONE = { put: [], drop: [] } as const
const NOTHING: DownPlan = { imports: NONE, services: NONE, slices: NONE, statuses: [], refused: [] }

function planOne(view: DownView, merged: Merged | undefined, place: Place): DownPlan {
  const isForeign = place.import !== undefined && !isImported(place.import)
  const guarded = merged && refusalOf(view.guard, merged)
  if (merged !== undefined && guarded === undefined && !isForeign) {
    return view.namespaces.has(merged.namespace) ? planImport(view, merged, place) : NOTHING
  }
  const kept = merged === undefined && !isForeign ? frozen(view, place, []) : []
  if (kept.length > 0) return { ...NOTHING, slices: changes(place.slices, stay(view, place, kept)) }
  return { ...dropAll(place), refused: merged === undefined ? [] : refusals(merged, guarded, isForeign) }
}

function refusals({ namespace, name, shares }: Merged, guarded: string | undefined, isForeign: boolean): readonly Refusal[] {
  const object = `service ${namespace}/${name} of ${shares.map(({ cluster }) => cluster).join(', ')}`
  if (guarded !== undefined) return [{ object, field: 'metadata.namespace', reason: guarded }]
  return isForeign ? [{ object, field: 'metadata.name', reason: 'a ServiceImport of that name is there, and is not ours' }] : []
}

const dropAll = (place: Place): DownPlan => ({
  ...NOTHING,
  imports: { put: [], drop: place.import !== undefined && isImported(place.import) ? [place.import] : [] },
  services: { put: [], drop: place.service === undefined ? [] : [place.service] },
  slices: { put: [], drop: place.slices },
})

/** Copies of other clusters' backends that the broker has no more, at a time when that means nothing. What it has lost goes piece by piece. */
function frozen({ isFrozen, clusterId }: DownView, { slices }: Place, known: readonly EndpointSlice[]): readonly EndpointSlice[] {
  const names = new Set(known.map(({ metadata }) => nameBeforeAside(metadata.name)))
  return isFrozen ? slices.filter((slice) => clusterOf(slice) !== clusterId && !names.has(nameBeforeAside(slice.metadata.name))) : []
}

/** Copies as they are now. */
const stay = (view: DownView, { service }: Place, kept: readonly EndpointSlice[]): readonly EndpointSlice[] =>
  kept.map((slice) => reseen(slice, { isReachable: view.isReachable(clusterOf(slice)), service: service?.metadata.name }))

function planImport(view: DownView, merged: Merged, place: Place): DownPlan {
  const owner = ownerOf(place.import)
  const pods = view.pods.get(keyText(merged)) ?? []
  const { slices, refused, leftOut } = importSlices({ ...view, merged, pods, owner })
  const kept = frozen(view, place, slices)
  const known = { ...specOf(merged), ...(merged.type === 'Headless' && { ports: [] }) }
  // Clusters that are not heard may be older than those that are: what the service is like stays as it was.
  const spec = kept.length > 0 && place.import !== undefined ? bare(place.import.spec) : known
  const ips = spec.type === 'ClusterSetIP' ? addressesOf(place.service) : []
  const wanted = importObject(merged, { ...spec, ...(ips.length > 0 && { ips, ipFamilies: ['IPv4'] }) })
  const imports = changes(place.import === undefined ? [] : [place.import], [wanted])
  // The objects that belong to the import name its uid: they come once it is there.
  if (owner === undefined) return { ...NOTHING, imports }
  const isNear = view.isLocalFirst && hasReady(pods)
  const service =
    spec.type === 'ClusterSetIP' && merged.ports.length > 0 ? renewedService(place.service, derivedService(merged, owner)) : undefined
  const isExtra = place.service !== undefined && (spec.type === 'Headless' || place.service.metadata.name !== derivedName(merged))
  return {
    imports,
    services: {
      put: service === undefined || kept.length > 0 ? [] : [service],
      drop: isExtra && place.service !== undefined ? [place.service] : [],
    },
    slices: changes(place.slices, [...slices, ...stay(view, isNear ? NOWHERE : place, kept)]),
    statuses: statusOf(view, wanted, place, { merged, slices, kept, leftOut, hasPods: hasReady(pods) }),
    refused,
  }
}

const bare = ({ ips: _, ipFamilies: __, ...spec }: ServiceImportSpec): ServiceImportSpec => spec
const addressesOf = (service: Service | undefined): readonly string[] =>
  service?.spec?.clusterIP === undefined || service.spec.clusterIP === '' ? [] : [service.spec.clusterIP]

const importObject = (merged: Merged, spec: ServiceImportSpec): ServiceImport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {
    name: merged.name,
    namespace: merged.namespace,
    labels: { ...merged.labels, [IMPORTED]: 'true' },
    annotations: merged.annotations,
  },
  spec,
})

const ownerOf = (there: ServiceImport | undefined): unknown =>
  there?.metadata.uid === undefined
    ? undefined
    : { apiVersion: there.apiVersion, kind: there.kind, name: there.metadata.name, uid: there.metadata.uid, controller: false }
