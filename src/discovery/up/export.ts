// What this cluster's objects say of one export.

import { type Backend, type EndpointSlice, IMPORTED, KUBE_SERVICE, type ServiceExport, SOURCE_CLUSTER } from '../../model/mcs.ts'
import { decodeExport } from '../../model/mcs-decode.ts'
import { type Cidr, ipOrNone } from '../../model/net.ts'
import type { Service } from '../../model/resources.ts'
import { ANNOTATION_VALUE, fitting, LABEL_VALUE } from '../service/exported.ts'
import { type Guard, refusalOf } from '../service/guard.ts'
import { portOf, type Share, type Slice, wirePort } from '../service/share.ts'
import { type Outside, outsideOf } from './outside.ts'

export interface ExportView {
  readonly clusterId: string
  readonly guard: Guard
  readonly wish: ServiceExport
  /** Of the same name and namespace. */
  readonly service: Service | undefined
  /** Kubernetes' own of the Service. */
  readonly slices: readonly EndpointSlice[]
  /** What this cluster advertises; undefined where that is not known. */
  readonly networks?: readonly Cidr[]
}

/** What keeps a service from being exported: a reason of the API and a sentence. */
export interface Invalid {
  readonly reason: string
  readonly message: string
}
export interface OwnExport {
  readonly wish: ServiceExport
  /** Undefined where it is valid. */
  readonly invalid: Invalid | undefined
  /** As the broker gets it; undefined where it is invalid. */
  readonly share: Share | undefined
  /** The pods, with the ports that they listen on: what this cluster's own clients use. */
  readonly pods: readonly Slice[]
  /** What of it no other cluster takes. */
  readonly outside: Outside | undefined
}

export function ownExport(view: ExportView): OwnExport {
  const { wish, service, networks } = view
  const invalid = invalidity(view)
  if (invalid !== undefined || service === undefined) return { wish, invalid, share: undefined, pods: [], outside: undefined }
  const pods = view.slices.filter(isKubernetesOwn).map(podSlice)
  const share = shareOf(view, service, pods)
  return { wish, invalid: undefined, share, pods, outside: networks && outsideOf(share, networks) }
}

/** EndpointSlices of a Service, not those that an import has made. */
export const isKubernetesOwn = ({ metadata: { labels = {} }, addressType }: EndpointSlice): boolean =>
  addressType === 'IPv4' && labels[KUBE_SERVICE] !== undefined && labels[IMPORTED] === undefined && labels[SOURCE_CLUSTER] === undefined

function invalidity({ wish, service, guard }: ExportView): Invalid | undefined {
  const { name, namespace = '' } = wish.metadata
  const guarded = refusalOf(guard, { name, namespace })
  if (guarded !== undefined) return { reason: 'NamespaceNotAllowed', message: guarded }
  const decoded = decodeExport(wish)
  if (!decoded.ok) return { reason: 'InvalidExport', message: `${decoded.refusal.field} ${decoded.refusal.reason}` }
  if (service === undefined || service.metadata.deletionTimestamp !== undefined)
    return { reason: 'NoService', message: `there is no Service ${name} in namespace ${namespace}` }
  if (service.metadata.labels?.[IMPORTED] !== undefined)
    return { reason: 'InvalidServiceType', message: `Service ${name} was made for services of other clusters, and is not exported again` }
  if (service.spec?.type === 'ExternalName')
    return {
      reason: 'InvalidServiceType',
      message: `Service ${name} is of type ExternalName, which has no backends to export: create it in each cluster that needs it`,
    }
  if (service.spec?.clusterIP !== 'None' && clusterIpOf(service) === undefined)
    return { reason: 'IPFamilyNotSupported', message: `Service ${name} has no IPv4 address, and the tunnels carry IPv4 alone` }
  return undefined
}

const clusterIpOf = ({ spec }: Service): string | undefined =>
  [spec?.clusterIP ?? '', ...(spec?.clusterIPs ?? [])].flatMap(ipOrNone).find((ip) => !ip.includes(':'))

function shareOf({ clusterId, wish }: ExportView, service: Service, pods: readonly Slice[]): Share {
  const { name, namespace = '', creationTimestamp } = wish.metadata
  const spec = service.spec ?? {}
  const isHeadless = spec.clusterIP === 'None'
  const ports = (spec.ports ?? []).map(portOf)
  const born = Date.parse(creationTimestamp ?? '')
  const affinity = spec.sessionAffinity ?? 'None'
  return {
    name,
    namespace,
    cluster: clusterId,
    since: Number.isNaN(born) ? Number.POSITIVE_INFINITY : born * 1e6,
    type: isHeadless ? 'Headless' : 'ClusterSetIP',
    ports,
    sessionAffinity: affinity,
    affinityTimeout: affinity === 'ClientIP' ? spec.sessionAffinityConfig?.clientIP?.timeoutSeconds : undefined,
    internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster',
    trafficDistribution: spec.trafficDistribution ?? '',
    ipFamilies: ['IPv4'],
    labels: fitting(wish.spec?.exportedLabels ?? {}, LABEL_VALUE),
    annotations: fitting(wish.spec?.exportedAnnotations ?? {}, ANNOTATION_VALUE),
    publishNotReady: spec.publishNotReadyAddresses === true,
    slices: isHeadless
      ? pods.map(abroad)
      : [{ id: 'cluster-ip', ports: ports.map(wirePort), backends: [virtual(clusterIpOf(service) ?? '', pods)] }],
  }
}

const podSlice = ({ metadata, ports, endpoints }: EndpointSlice): Slice => ({
  id: metadata.name,
  ports: ports ?? [],
  backends: endpoints ?? [],
})

/** Without what means something on a node of this cluster only. */
const abroad = ({ id, ports, backends }: Slice): Slice => ({
  id,
  ports,
  backends: backends.map(({ addresses, conditions, hostname, targetRef }) => ({
    addresses,
    ...(conditions !== undefined && { conditions }),
    ...(hostname !== undefined && { hostname }),
    ...(targetRef !== undefined && { targetRef: bare(targetRef) }),
  })),
})
const bare = ({ kind, name, namespace }: NonNullable<Backend['targetRef']>): NonNullable<Backend['targetRef']> => ({
  ...(kind !== undefined && { kind }),
  ...(name !== undefined && { name }),
  ...(namespace !== undefined && { namespace }),
})

export const isReady = ({ conditions }: Backend): boolean => conditions?.ready ?? true

/** The Service's own address as one backend: ready where any pod is. */
const virtual = (address: string, pods: readonly Slice[]): Backend => ({
  addresses: [address],
  conditions: { ready: pods.some(({ backends }) => backends.some(isReady)) },
})
