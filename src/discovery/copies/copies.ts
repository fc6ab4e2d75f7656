// Live copies of all that services are made of, on both sides, and which services a change of an object concerns.
import { type EndpointSlice, KUBE_SERVICE, type ServiceExport, type ServiceImport } from '../../model/mcs.ts'
import { CLUSTER_LABEL } from '../../model/names.ts'
import type { Resource, Service } from '../../model/resources.ts'
import { labelledService } from '../down/read.ts'
import { keyText, type ServiceKey } from '../service/share.ts'
import { identityOf } from '../up/shared.ts'
import { type Kept, type Mention, openKept } from './kept.ts'
import { lightObject, lightService, lightSlice, madeFor } from './light.ts'
import { openQuota, type Quota } from './quota.ts'

export interface BrokerCopies {
  /** By the service; what clusters share by labelOfShared() of that which it says that it is of. */
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
/** Finds what clusters share of a service. */
export const labelOfShared = (service: ServiceText): string => `shared ${service}`
const PREFIX = /^(made|shared) /
/** The service of what is found by labelOfShared(); undefined for other labels. */
export const sharedOf = (label: string | undefined): ServiceText | undefined =>
  label?.startsWith('shared ') === true ? label.slice(7) : undefined

const textOf = ({ namespace, name }: ServiceKey): ServiceText => keyText({ namespace, name })
const serviceLabel = ({ metadata }: Resource, key: string): ServiceText =>
  keyText({ namespace: metadata.namespace ?? '', name: metadata.labels?.[key] ?? '' })
/** Of what an import has made. */
function madeLabel(object: Resource): string | undefined {
  const name = madeFor(object)
  return name === undefined ? undefined : labelOfMade(keyText({ namespace: object.metadata.namespace ?? '', name }))
}
const isShared = ({ metadata }: ServiceImport): boolean => metadata.labels?.[CLUSTER_LABEL] === undefined
const writerOf = ({ metadata }: Resource): string | undefined => metadata.labels?.[CLUSTER_LABEL]

/** `mark` is told of each service that must be looked at again. */
export function openCopies(mark: (service: ServiceText) => void): Copies {
  const each =
    (servicesOf: (mention: Mention) => readonly ServiceText[]) =>
    (...mentions: readonly (Mention | undefined)[]): void => {
      for (const mention of mentions) if (mention !== undefined) for (const service of servicesOf(mention)) mark(service)
    }
  const byName = { light: lightObject, labelOf: () => undefined, changed: each((mention) => [textOf(mention)]) }
  const exports = openKept<ServiceExport>(byName)
  const isExported = (service: ServiceText): boolean => {
    const { namespace, name } = readText(service)
    return exports.has(name, namespace)
  }
  // A cluster has thousands of Services and EndpointSlices that concern no export.
  const local = each((mention) => {
    const { label } = mention
    const exported = [label === undefined || PREFIX.test(label) ? textOf(mention) : label].filter(isExported)
    return label === undefined ? exported : [...(PREFIX.test(label) ? [label.replace(PREFIX, '')] : []), ...exported]
  })
  const quota = openQuota(mark)
  const foreign = each(({ label = '', name }) => [
    label.replace(PREFIX, ''),
    ...(PREFIX.test(label) ? namesakes(name).filter(isExported) : []),
  ])
  const changed = (before: Mention | undefined, now: Mention | undefined): void => {
    count(quota, before, now)
    foreign(before, now)
  }
  return {
    exports,
    imports: openKept<ServiceImport>(byName),
    services: openKept<Service>({
      light: lightService,
      labelOf: madeLabel,
      changed: local,
    }),
    slices: openKept<EndpointSlice>({
      light: lightSlice,
      labelOf: (object) => madeLabel(object) ?? serviceLabel(object, KUBE_SERVICE),
      changed: local,
    }),
    broker: {
      imports: openKept<ServiceImport>({
        light: lightObject,
        labelOf: (object) => (isShared(object) ? labelOfShared(identityOf(object)) : labelledService(object)),
        clusterOf: writerOf,
        changed,
      }),
      slices: openKept<EndpointSlice>({ light: lightObject, labelOf: labelledService, clusterOf: writerOf, changed }),
      quota,
    },
  }
}

function count(quota: Quota, before: Mention | undefined, now: Mention | undefined): void {
  // First the new one: what is only written again keeps its place.
  if (now?.cluster !== undefined) quota.add(now.cluster, now.label ?? '')
  if (before?.cluster !== undefined) quota.remove(before.cluster, before.label ?? '')
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
  const made = [...services.labels(), ...slices.labels()].filter((label) => PREFIX.test(label))
  const labels = [...made, ...broker.imports.labels(), ...broker.slices.labels()]
  const named = [...exports.names(), ...imports.names()].map(([namespace, name]) => keyText({ namespace, name }))
  return new Set([...named, ...labels.map((label) => label.replace(PREFIX, ''))])
}
