// What is to be done for some services: the plan of all of them, cut down to those. It is made of the copies alone, whatever was done before.
import type { Refusal } from '../model/decode.ts'
import type { EndpointSlice, ServiceImport } from '../model/mcs.ts'
import { CLUSTER_LABEL } from '../model/names.ts'
import { allServices, type Copies, labelOfMade, labelOfShared, namesakes, readText, type ServiceText, sharedOf } from './copies/copies.ts'
import { MOST_SERVICES } from './copies/quota.ts'
import { type DownPlan, type DownView, planDown } from './down/plan.ts'
import { type BrokerObjects, labelledService, ofMembers, readShares } from './down/read.ts'
import { type Services, servicesOf } from './service/services.ts'
import { keyText } from './service/share.ts'
import { isKubernetesOwn, type OwnExport, ownExport } from './up/export.ts'
import { planUp, type UpPlan } from './up/plan.ts'
import { sharedName } from './up/wire.ts'

/** What the plans of all services depend on. */
export interface Known extends Omit<DownView, 'services' | 'pods' | 'there'> {
  readonly brokerNamespace: string
  /** Whether a cluster is one of the clusterset. */
  isMember(cluster: string): boolean
  /** Whether what the broker has is known. */
  readonly isBrokerRead: boolean
  /** Whether exports go there. */
  readonly isBrokerWritten: boolean
}
export interface Plan {
  readonly exports: readonly OwnExport[]
  readonly services: Services
  /** Undefined where nothing goes to the broker. */
  readonly up: UpPlan | undefined
  readonly down: DownPlan
  /** Of what the broker has, besides what the plan down refuses. */
  readonly refused: readonly Refusal[]
}

/** The service with those that can only be planned with it: several may have one name on the broker. */
export function together(
  { exports, broker }: Copies,
  { brokerNamespace }: Pick<Known, 'brokerNamespace'>,
  service: ServiceText,
): readonly ServiceText[] {
  const group = new Set([service])
  // What is added is visited too.
  for (const one of group) {
    const shared = sharedName(readText(one))
    for (const other of namesakes(shared)) {
      const { name, namespace } = readText(other)
      if (exports.has(name, namespace)) group.add(other)
    }
    const holder = sharedOf(broker.imports.labelOf(shared, brokerNamespace))
    if (holder !== undefined) group.add(holder)
  }
  return [...group]
}

/** The services must be whole groups of together(). */
export function planOf(copies: Copies, known: Known, services: readonly ServiceText[]): Plan {
  const exports = services.flatMap((service) => exportOf(copies, known, service))
  const objects = known.isBrokerRead ? brokerObjects(copies, known, services) : NOTHING
  const { shares, refused } = ofMembers(readShares(known.clusterId, admitted(copies, objects)), known.isMember)
  const merged = servicesOf(exports, shares)
  const { clusterId, brokerNamespace } = known
  const up = known.isBrokerWritten ? planUp({ clusterId, brokerNamespace, exports, services: merged, broker: objects }) : undefined
  const there = {
    imports: services.flatMap((service) => importOf(copies, service)),
    services: services.map(labelOfMade).flatMap(copies.services.of),
    slices: services.map(labelOfMade).flatMap(copies.slices.of),
  }
  const pods = new Map(exports.map((own) => [keyText({ namespace: '', ...own.wish.metadata }), own.pods]))
  const down = planDown({ ...known, services: merged, pods, there })
  return { exports, services: merged, up, down, refused }
}
const NOTHING: BrokerObjects = { imports: [], slices: [] }

/** Of everything at once: what the plans of single services add up to. */
export const planOfAll = (copies: Copies, known: Known): Plan => planOf(copies, known, [...allServices(copies)])

function importOf({ imports }: Copies, service: ServiceText): readonly ServiceImport[] {
  const { name, namespace } = readText(service)
  const found = imports.get(name, namespace)
  return found === undefined ? [] : [found]
}

function exportOf(
  { exports, services, slices }: Copies,
  { clusterId, guard, networksOf }: Known,
  service: ServiceText,
): readonly OwnExport[] {
  const { name, namespace } = readText(service)
  const wish = exports.get(name, namespace)
  if (wish === undefined) return []
  const own = slices.of(service).filter(isKubernetesOwn)
  const networks = networksOf(clusterId)
  return [ownExport({ clusterId, guard, wish, networks, service: services.get(name, namespace), slices: own })]
}

function brokerObjects({ broker }: Copies, { brokerNamespace }: Known, services: readonly ServiceText[]): BrokerObjects {
  // Whose names these are may be another's than whose they say that they are.
  const own = new Set(services)
  const named = services.flatMap((service) => {
    const name = sharedName(readText(service))
    const holder = sharedOf(broker.imports.labelOf(name, brokerNamespace))
    return holder === undefined || own.has(holder) ? [] : (broker.imports.get(name, brokerNamespace) ?? [])
  })
  const imports = new Map(
    [...services.flatMap(broker.imports.of), ...services.map(labelOfShared).flatMap(broker.imports.of), ...named].map((object) => [
      object.metadata.name,
      object,
    ]),
  )
  return { imports: [...imports.values()], slices: services.flatMap(broker.slices.of) }
}

/** Without what is more than a cluster may have. */
function admitted({ broker: { quota } }: Copies, { imports, slices }: BrokerObjects): BrokerObjects {
  if (quota.over().length === 0) return { imports, slices }
  const isIn = (object: ServiceImport | EndpointSlice): boolean =>
    !quota.isOver(object.metadata.labels?.[CLUSTER_LABEL] ?? '', labelledService(object))
  return { imports: imports.filter(isIn), slices: slices.filter(isIn) }
}

/** Clusters whose exports are too many, as something that is refused. */
export const overQuota = ({ broker: { quota } }: Copies): readonly Refusal[] =>
  quota.over().map((cluster) => ({
    object: `services of cluster ${cluster}`,
    field: 'their number',
    reason: `more than ${MOST_SERVICES}: the others are left out`,
  }))
