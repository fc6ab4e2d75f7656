// What the agent keeps of thousands of objects: the fields that it reads, and one copy of what many say alike.
import { canonical } from '../model/canonical.ts'
import { type Backend, type EndpointPort, type EndpointSlice, IMPORTED, type ServiceImport } from '../model/mcs.ts'
import { decodeClusterImport, decodeSlice } from '../model/mcs-decode.ts'
import { CLUSTER_LABEL } from '../model/names.ts'
import type { Meta, Resource, Service } from '../model/resources.ts'

/** Values that many objects have alike: ports, conditions. Made anew when there are too many different ones. */
const MOST_ALIKE = 4_096
function openAlike<T extends object>(): (value: T) => T {
  const known = new Map<string, T>()
  return (value) => {
    const text = canonical(value)
    const there = known.get(text)
    if (there !== undefined) return there
    if (known.size >= MOST_ALIKE) known.clear()
    known.set(text, value)
    return value
  }
}
const alikePorts = openAlike<readonly EndpointPort[]>()
const alikeConditions = openAlike<NonNullable<Backend['conditions']>>()

/** Of an object that is read, or replaced as a whole by what is wanted. */
const lightMeta = (
  { name, namespace, uid, resourceVersion, deletionTimestamp, labels, annotations, ownerReferences }: Meta,
  isOurs: boolean,
): Meta => ({
  name,
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
  ...(resourceVersion !== undefined && { resourceVersion }),
  ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  ...(labels !== undefined && { labels }),
  ...(isOurs && annotations !== undefined && { annotations }),
  ...(isOurs && ownerReferences !== undefined && { ownerReferences }),
})

const isImported = ({ metadata }: Resource): boolean => metadata.labels?.[IMPORTED] !== undefined

/** An EndpointSlice of this cluster. */
export function lightSlice(slice: EndpointSlice): EndpointSlice {
  const { apiVersion, kind, metadata, addressType, endpoints, ports } = slice
  return {
    apiVersion,
    kind,
    metadata: lightMeta(metadata, isImported(slice)),
    addressType,
    endpoints: (endpoints ?? []).map(lightBackend),
    ports: alikePorts(ports ?? []),
  }
}
const lightBackend = ({ addresses, conditions, hostname, nodeName, zone, targetRef }: Backend): Backend => ({
  addresses,
  ...(conditions !== undefined && { conditions: alikeConditions(conditions) }),
  ...(hostname !== undefined && { hostname }),
  ...(nodeName !== undefined && { nodeName }),
  ...(zone !== undefined && { zone }),
  ...(targetRef !== undefined && { targetRef }),
})

/** A Service of this cluster: whole where it is ours, which is replaced; else what an export of it says. */
export function lightService(service: Service): Service {
  if (isImported(service)) return service
  const { apiVersion, kind, metadata, spec = {} } = service
  const { type, clusterIP, clusterIPs, ports, sessionAffinity, sessionAffinityConfig } = spec
  const { internalTrafficPolicy, trafficDistribution, publishNotReadyAddresses } = spec
  const kept = {
    type,
    clusterIP,
    clusterIPs,
    ports,
    sessionAffinity,
    sessionAffinityConfig,
    internalTrafficPolicy,
    trafficDistribution,
    publishNotReadyAddresses,
  }
  const said = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
  const { labels: _, ...meta } = lightMeta(metadata, false)
  return { apiVersion, kind, metadata: meta, spec: said }
}

/** An EndpointSlice of the broker as it was decoded, so that it is kept once; one that is refused stays as it is, to be named. */
export function lightBrokerSlice(slice: EndpointSlice): EndpointSlice {
  if (slice.metadata.labels?.[CLUSTER_LABEL] === undefined) return slice
  const decoded = decodeSlice(slice)
  return decoded.ok ? decoded.value : slice
}
/** A ServiceImport of the broker, in the same way; what clusters share is written back whole, and stays so. */
export function lightBrokerImport(object: ServiceImport): ServiceImport {
  if (object.metadata.labels?.[CLUSTER_LABEL] === undefined) return object
  const decoded = decodeClusterImport(object)
  return decoded.ok ? decoded.value : object
}

/** A Namespace. */
export const lightNamespace = ({ apiVersion, kind, metadata }: Resource): Resource => ({
  apiVersion,
  kind,
  metadata: lightMeta(metadata, false),
})
