// Live copies of all that services are made of, on both sides, and which services a change of an object concerns.
import { type EndpointSlice, KUBE_SERVICE, SERVICE_NAME, type ServiceExport, type ServiceImport } from '../model/mcs.ts'
import { CLUSTER_LABEL } from '../model/names.ts'
import type { Resource, Service } from '../model/resources.ts'
import { type Kept, openKept } from './kept.ts'
import { isImported, lightObject, lightService, lightSlice } from './light.ts'
import { openQuota, type Quota } from './quota.ts'
import { labelledService } from './read.ts'
import { keyText } from './share.ts'
import { identityOf } from './shared.ts'

export interface BrokerCopies {
  /** By the service; what clusters share by that which it says that it is of. */
  readonly imports: Kept<ServiceImport>
  readonly slices: Kept<EndpointSlice>
  readonly quota: Quota
}
export interface Copies {
  readonly exports: Kept<ServiceExport>
  readonly imports: Kept<ServiceImport>
  /** By the service; those that an import has made by labelOfMade(). */
  readonly services: Kept<Service>
  readonly slices: Kept<EndpointSlice>
  readonly broker: BrokerCopies
}

/** A service as text is `namespace/name`. */
export type ServiceText = string

/** Finds what an import has made of a service. */
export const labelOfMade = (service: ServiceText): string => `made ${service}`
const MADE = labelOfMade('')

const textOf = ({ metadata: { namespace = '', name } }: Resource): ServiceText => keyText({ namespace, name })
const serviceLabel = ({ metadata }: Resource, key: string): ServiceText =>
  keyText({ namespace: metadata.namespace ?? '', name: metadata.labels?.[key] ?? '' })
/** The service that an object of this cluster belongs to. */
const localService = (object: Service | EndpointSlice): ServiceText =>
  isImported(object) ? serviceLabel(object, SERVICE_NAME) : 'addressType' in object ? serviceLabel(object, KUBE_SERVICE) : textOf(object)

/** `mark` is told of each service that must be looked at again. */
export function openCopies(mark: (service: ServiceText) => void): Copies {
  const each =
    <T>(servicesOf: (object: T) => readonly ServiceText[]) =>
    (...objects: readonly (T | undefined)[]): void => {
      for (const object of objects) if (object !== undefined) for (const service of servicesOf(object)) mark(service)
    }
  const exports = openKept<ServiceExport>({ light: lightObject, labelOf: textOf, changed: each((object) => [textOf(object)]) })
  const isExported = (service: ServiceText): boolean => {
    const { namespace, name } = readText(service)
    return exports.has(name, namespace)
  }
  // A cluster has thousands of Services and EndpointSlices that concern no export.
  const concerned = (object: Service | EndpointSlice): readonly ServiceText[] => [
    ...(isImported(object) ? [localService(object)] : []),
    ...[isImported(object) ? textOf(object) : localService(object)].filter(isExported),
  ]
  const labelOf = (object: Service | EndpointSlice): string =>
    isImported(object) ? labelOfMade(localService(object)) : localService(object)
  const quota = openQuota(mark)
  return {
    exports,
    imports: openKept<ServiceImport>({ light: lightObject, labelOf: textOf, changed: each((object) => [textOf(object)]) }),
    services: openKept<Service>({ light: lightService, labelOf, changed: each(concerned) }),
    slices: openKept<EndpointSlice>({ light: lightSlice, labelOf, changed: each(concerned) }),
    broker: {
      imports: openKept<ServiceImport>({
        light: lightObject,
        labelOf: brokerService,
        changed(before, now) {
          count(quota, before, now)
          each((object: ServiceImport) => [
            brokerService(object),
            ...(isShared(object) ? namesakes(object.metadata.name).filter(isExported) : []),
          ])(before, now)
        },
      }),
      slices: openKept<EndpointSlice>({
        light: lightObject,
        labelOf: labelledService,
        changed(before, now) {
          count(quota, before, now)
          each((object: EndpointSlice) => [labelledService(object)])(before, now)
        },
      }),
      quota,
    },
  }
}

const isShared = ({ metadata }: ServiceImport): boolean => metadata.labels?.[CLUSTER_LABEL] === undefined
const brokerService = (object: ServiceImport): ServiceText => (isShared(object) ? identityOf(object) : labelledService(object))

function count(quota: Quota, before: ServiceImport | EndpointSlice | undefined, now: ServiceImport | EndpointSlice | undefined): void {
  const [old, cluster] = [before, now].map((object) => object?.metadata.labels?.[CLUSTER_LABEL])
  // First the new one: what is only written again keeps its place.
  if (now !== undefined && cluster !== undefined) quota.add(cluster, labelledService(now))
  if (before !== undefined && old !== undefined) quota.remove(old, labelledService(before))
}

export function readText(service: ServiceText): { readonly namespace: string; readonly name: string } {
  const at = service.indexOf('/')
  return { namespace: service.slice(0, at), name: service.slice(at + 1) }
}

/** The services whose name on the broker is this: `a-b-c` is that of `a-b` in `c` and of `a` in `b-c`. */
export const namesakes = (shared: string): readonly ServiceText[] =>
  [...shared.matchAll(/-/g)].map(({ index }) => keyText({ name: shared.slice(0, index), namespace: shared.slice(index + 1) }))

/** All services of which there is anything that plans are made of. */
export function allServices({ exports, imports, services, slices, broker }: Copies): ReadonlySet<ServiceText> {
  const made = [...services.labels(), ...slices.labels()].filter((label) => label.startsWith(MADE))
  return new Set([
    ...exports.labels(),
    ...imports.labels(),
    ...made.map((label) => label.slice(MADE.length)),
    ...broker.imports.labels(),
    ...broker.slices.labels(),
  ])
}
