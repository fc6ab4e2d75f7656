// A cluster and a broker as lists of objects that plans are carried out on, and copies that hear of every change as an agent's do.
import { allServices, type Copies, openCopies } from '../../src/discovery/copies/copies.ts'
import type { Kept } from '../../src/discovery/copies/kept.ts'
import { isEmptyDown } from '../../src/discovery/down/plan.ts'
import { type Known, type Plan, planOf, planOfAll, together } from '../../src/discovery/plan.ts'
import { isEmptyUp } from '../../src/discovery/up/plan.ts'
import type { EndpointSlice, ServiceExport, ServiceImport } from '../../src/model/mcs.ts'
import { parseCidr } from '../../src/model/net.ts'
import type { Resource, Service } from '../../src/model/resources.ts'

export const BROKER = 'submariner-k8s-broker'
export const IDS = ['west', 'east', 'north']
const NETWORKS = new Map(IDS.map((id, i) => [id, [`10.${i + 1}.0.0/16`, `100.${i + 1}.0.0/16`].map(parseCidr)]))

export const knownOf = (more: Partial<Known> = {}): Known => ({
  clusterId: 'west',
  brokerNamespace: BROKER,
  guard: { allowed: new Set<string>(), own: 'submariner' },
  namespaces: new Set(['shop', 'c', 'b-c']),
  networksOf: (cluster) => NETWORKS.get(cluster) ?? [],
  isMember: (cluster) => NETWORKS.has(cluster),
  isReachable: () => true,
  isLocalFirst: true,
  isFrozen: false,
  isBrokerRead: true,
  isBrokerWritten: true,
  nowMs: 0,
  ...more,
})

/** Objects of one kind, and the copy that is told of them. */
interface Place<T extends Resource> {
  readonly objects: Map<string, T>
  readonly kept: Kept<T>
}
const nameOf = ({ metadata: { namespace = '', name } }: Resource): string => `${namespace}/${name}`

export interface Walk {
  readonly copies: Copies
  readonly exports: Place<ServiceExport>
  readonly imports: Place<ServiceImport>
  readonly services: Place<Service>
  readonly slices: Place<EndpointSlice>
  readonly brokerImports: Place<ServiceImport>
  readonly brokerSlices: Place<EndpointSlice>
  put<T extends Resource>(place: Place<T>, object: T): void
  drop<T extends Resource>(place: Place<T>, object: Resource): void
  markAll(): void
  /** Plans services whose inputs changed, and carries the plans out, until nothing is left; gives how often a service was planned. */
  settle(known: Known): number
  /** What was last said of each export: its state and what there is to note; "" where there is none. */
  readonly verdicts: ReadonlyMap<string, string>
  /** The plans of all services one by one. */
  singlePlans(known: Known): readonly Plan[]
  /** What a fresh start, which lists everything and plans it at once, would do. */
  freshPlan(known: Known): Plan
}

export function openWalk(): Walk {
  const marks = new Set<string>()
  const verdicts = new Map<string, string>()
  const copies = openCopies((service) => marks.add(service))
  const place = <T extends Resource>(kept: Kept<T>): Place<T> => ({ objects: new Map(), kept })
  const places = {
    exports: place(copies.exports),
    imports: place(copies.imports),
    services: place(copies.services),
    slices: place(copies.slices),
    brokerImports: place(copies.broker.imports),
    brokerSlices: place(copies.broker.slices),
  }
  let version = 0
  const put: Walk['put'] = ({ objects, kept }, object) => {
    version += 1
    const { uid = objects.get(nameOf(object))?.metadata.uid ?? `uid-${version}` } = object.metadata
    const creationTimestamp = object.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z'
    const made = { ...object, metadata: { ...object.metadata, uid, creationTimestamp, resourceVersion: String(version) } }
    objects.set(nameOf(made), made)
    kept.copy.put(made)
  }
  const drop: Walk['drop'] = ({ objects, kept }, object) => {
    const there = objects.get(nameOf(object))
    if (there === undefined || !objects.delete(nameOf(object))) return
    kept.copy.gone(there)
  }
  const carryOut = (plan: Plan): void => carry({ ...places, put, drop }, plan)
  return {
    ...places,
    copies,
    verdicts,
    put,
    drop,
    singlePlans: (known) => [...allServices(copies)].map((service) => planOf(copies, known, together(copies, known, service))),
    markAll() {
      for (const service of allServices(copies)) marks.add(service)
    },
    settle(known) {
      const unsettled = new Set<string>()
      for (let planned = 0; planned < 500; planned += 1) {
        const [next = [...unsettled][0]] = marks
        if (next === undefined) return planned
        marks.delete(next)
        const group = together(copies, known, next)
        const plan = planOf(copies, known, group)
        for (const service of group) verdicts.set(service, verdictsOf(plan)[service] ?? '')
        if (isQuiet(plan)) unsettled.delete(next)
        else unsettled.add(next)
        carryOut(plan)
      }
      throw new Error('it never comes to rest')
    },
    freshPlan(known) {
      const fresh = openCopies(() => undefined)
      const load = <T extends Resource>({ copy }: Kept<T>, { objects }: Place<T>): boolean =>
        copy.reset([...objects.values()].map((object) => copy.take(object)))
      load(fresh.exports, places.exports)
      load(fresh.imports, places.imports)
      load(fresh.services, places.services)
      load(fresh.slices, places.slices)
      load(fresh.broker.imports, places.brokerImports)
      load(fresh.broker.slices, places.brokerSlices)
      return planOfAll(fresh, known)
    },
  }
}

/** By service. */
export const verdictsOf = ({ up }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (up?.verdicts ?? []).map(({ own, state, note, merged }) => [
      `${own.wish.metadata.namespace}/${own.wish.metadata.name}`,
      [state, note, own.invalid?.reason, ...(merged?.conflicts ?? []).map(({ message }) => message)].join('; '),
    ]),
  )

export const isQuiet = ({ up, down }: Plan): boolean => isEmptyDown(down) && (up === undefined || isEmptyUp(up))

/** As API servers would: nothing is put over another object of its name, and only what is still the same is removed. */
function carry(walk: Omit<Walk, 'copies' | 'verdicts' | 'markAll' | 'settle' | 'singlePlans' | 'freshPlan'>, { up, down }: Plan): void {
  const write = <T extends Resource>(place: Place<T>, object: T): void => {
    if (place.objects.get(nameOf(object))?.metadata.resourceVersion === object.metadata.resourceVersion) walk.put(place, object)
  }
  const remove = <T extends Resource>(place: Place<T>, object: T): void => {
    const { 'submariner-io/clusterID': writer, 'multicluster.kubernetes.io/source-cluster': source } = object.metadata.labels ?? {}
    if (writer !== undefined && writer !== source) throw new Error(`${nameOf(object)} is no member’s to remove`)
    if (place.objects.get(nameOf(object))?.metadata.uid === object.metadata.uid) walk.drop(place, object)
  }
  for (const object of up?.imports.put ?? []) write(walk.brokerImports, object)
  for (const { object } of up?.joins ?? []) write(walk.brokerImports, object)
  for (const object of up?.slices.put ?? []) write(walk.brokerSlices, object)
  for (const object of up?.slices.drop ?? []) remove(walk.brokerSlices, object)
  for (const { object, parts } of up?.leaves ?? []) (parts === 'remove' ? remove : write)(walk.brokerImports, object)
  for (const object of up?.imports.drop ?? []) remove(walk.brokerImports, object)
  for (const object of down.imports.put) write(walk.imports, object)
  for (const object of down.services.put) write(walk.services, { ...object, spec: { clusterIP: '100.1.0.200', ...object.spec } })
  for (const object of down.slices.put) write(walk.slices, object)
  for (const object of down.slices.drop) remove(walk.slices, object)
  for (const object of down.statuses)
    write(walk.imports, { ...object, spec: walk.imports.objects.get(nameOf(object))?.spec ?? object.spec })
  for (const object of down.services.drop) remove(walk.services, object)
  for (const object of down.imports.drop) remove(walk.imports, object)
}
