// What the agent keeps of thousands of objects: the fields that it reads, or writes back.
import { type Backend, type EndpointSlice, IMPORTED, SERVICE_NAME } from '../../model/mcs.ts'
import type { Meta, Resource, Service } from '../../model/resources.ts'

interface ServedMeta extends Meta {
  readonly managedFields?: unknown
  readonly selfLink?: unknown
}
/** Of an object that is written back: all but what only the API server says. */
const wholeMeta = ({ name, managedFields: _, selfLink: __, ...meta }: ServedMeta): Meta => ({ name, ...meta })
/** Of an object that is read alone. */
const bareMeta = ({ name, namespace, uid, resourceVersion, deletionTimestamp, labels }: Meta): Meta => ({
  name,
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
  ...(resourceVersion !== undefined && { resourceVersion }),
  ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  ...(labels !== undefined && { labels }),
})

export const isImported = ({ metadata }: Resource): boolean => metadata.labels?.[IMPORTED] !== undefined

/** The names of what imports make: derived Services, and EndpointSlices. */
const MADE = /^derived-x[0-9a-f]{10}$|-x[0-9a-f]{10}(-aside)?$/

/**
 * The name of the service that an import has made this Service or EndpointSlice for; undefined where none has. Somebody may have taken its labels: what a
 * ServiceImport owns by one of our names is ours all the same, and gets them back.
 */
export function madeFor(object: Resource): string | undefined {
  const { name, labels, ownerReferences = [] } = object.metadata
  const owner = MADE.test(name) ? ownerReferences.find(isImportReference) : undefined
  return isImported(object) ? (labels?.[SERVICE_NAME] ?? owner?.name ?? '') : owner?.name
}
const isImportReference = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' &&
  value !== null &&
  Reflect.get(value, 'kind') === 'ServiceImport' &&
  /^multicluster\.x-k8s\.io\//.test(String(Reflect.get(value, 'apiVersion'))) &&
  typeof Reflect.get(value, 'name') === 'string'

/** Any object, to be written back. */
export const lightObject = <T extends Resource>({ apiVersion, kind, metadata, ...rest }: T): T =>
  ({ apiVersion, kind, metadata: wholeMeta(metadata), ...rest }) as unknown as T

/** An EndpointSlice of this cluster. */
export function lightSlice(slice: EndpointSlice): EndpointSlice {
  if (madeFor(slice) !== undefined) return lightObject(slice)
  const { apiVersion, kind, metadata, addressType, endpoints, ports } = slice
  return {
    apiVersion,
    kind,
    metadata: bareMeta(metadata),
    addressType,
    endpoints: (endpoints ?? []).map(lightBackend),
    ports: ports ?? [],
  }
}
const lightBackend = ({ addresses, conditions, hostname, nodeName, zone, targetRef }: Backend): Backend => ({
  addresses,
  ...(conditions !== undefined && { conditions }),
  ...(hostname !== undefined && { hostname }),
  ...(nodeName !== undefined && { nodeName }),
  ...(zone !== undefined && { zone }),
  ...(targetRef !== undefined && { targetRef }),
})

/** A Service of this cluster: whole where it is ours; else what an export of it says. */
export function lightService(service: Service): Service {
  if (madeFor(service) !== undefined) return lightObject(service)
  const { apiVersion, kind, metadata, spec = {} } = service
  const { type, clusterIP, clusterIPs, ports, sessionAffinity, sessionAffinityConfig } = spec
  const { internalTrafficPolicy, trafficDistribution, publishNotReadyAddresses } = spec
  const kept = { type, clusterIP, clusterIPs, ports, sessionAffinity, sessionAffinityConfig }
  const more = { internalTrafficPolicy, trafficDistribution, publishNotReadyAddresses }
  const said = Object.fromEntries(Object.entries({ ...kept, ...more }).filter(([, value]) => value !== undefined))
  const { labels: _, ...meta } = bareMeta(metadata)
  return { apiVersion, kind, metadata: meta, spec: said }
}

/** A Namespace. */
export const lightNamespace = ({ apiVersion, kind, metadata }: Resource): Resource => ({ apiVersion, kind, metadata: bareMeta(metadata) })
