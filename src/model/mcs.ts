// Services across clusters: the kinds of the Multi-Cluster Services API (KEP-1645), EndpointSlices, and what upstream Lighthouse marks them with.
import type { Resource } from './resources.ts'

/** Labels of per-cluster ServiceImports and of EndpointSlices; the first two are annotations of the ServiceImport that clusters share on the broker. */
export const SERVICE_NAME = 'multicluster.kubernetes.io/service-name'
export const SOURCE_NAMESPACE = 'lighthouse.submariner.io/sourceNamespace'
export const SOURCE_CLUSTER = 'multicluster.kubernetes.io/source-cluster'
/** `true` or `false`, on every EndpointSlice. */
export const IS_HEADLESS = 'lighthouse.submariner.io/is-headless'
/** On a headless EndpointSlice: name of the one that it mirrors. */
export const SOURCE_NAME = 'lighthouse.submariner.io/source-name'
export const ORIGINATING_NAMESPACE = 'submariner-io/originatingNamespace'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const LIGHTHOUSE = 'lighthouse-agent.submariner.io'
/** Annotations. */
export const PUBLISH_NOT_READY = 'lighthouse.submariner.io/publish-not-ready-addresses'
/** On a cluster's copy of its own pods: the address of their Service, which is what the name of the cluster means there too. */
export const SERVICE_ADDRESS = 'submariner.io/service-address'
export const USE_CLUSTERSET_IP = 'lighthouse.submariner.io/use-clusterset-ip'
/** With the id of a cluster behind it: decimal UnixNano of the creation of its ServiceExport. */
export const TIMESTAMP_PREFIX = 'timestamp.submariner.io/'
/** JSON tables of texts: exportedLabels and exportedAnnotations of a cluster's ServiceExport. */
export const EXPORTED_LABELS = 'submariner.io/exported-labels'
export const EXPORTED_ANNOTATIONS = 'submariner.io/exported-annotations'
/** Reason of a ServiceExport's Ready, whose status is True: other clusters leave out some of its backends. */
export const IN_PART = 'ExportedInPart'
/** Reason of a ServiceImport's Ready, whose status is True: this cluster leaves out some of the addresses that others export. */
export const IMPORTED_IN_PART = 'ImportedInPart'
/** Label of everything that an import makes in a cluster: what goes by it is ours. */
export const IMPORTED = 'submariner.io/imported'
/** Kubernetes' own: the Service that an EndpointSlice is of. kube-proxy goes by it. */
export const KUBE_SERVICE = 'kubernetes.io/service-name'

export type ImportType = 'ClusterSetIP' | 'Headless'
export type Protocol = 'TCP' | 'UDP' | 'SCTP'
export interface ServicePort {
  readonly name?: string
  readonly protocol?: Protocol
  readonly appProtocol?: string
  readonly port: number
}
export interface SessionAffinityConfig {
  readonly clientIP?: { readonly timeoutSeconds?: number }
}
export interface ServiceImportSpec {
  readonly ports: readonly ServicePort[]
  readonly ips?: readonly string[]
  readonly type: ImportType
  /** "" means None, as older peers write it. */
  readonly sessionAffinity?: 'None' | 'ClientIP' | ''
  readonly sessionAffinityConfig?: SessionAffinityConfig
  readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[]
  readonly internalTrafficPolicy?: 'Cluster' | 'Local'
  readonly trafficDistribution?: string
}
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}
export interface ServiceImport extends Resource {
  readonly spec: ServiceImportSpec
  readonly status?: {
    readonly clusters?: readonly { readonly cluster: string }[]
    readonly conditions?: readonly Condition[]
    readonly endpointSliceObjects?: 'Present' | 'Absent'
  }
}
export interface ServiceExport extends Resource {
  readonly spec?: {
    readonly exportedLabels?: Readonly<Record<string, string>>
    readonly exportedAnnotations?: Readonly<Record<string, string>>
  }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export interface EndpointPort {
  readonly name?: string
  readonly protocol?: Protocol
  readonly port?: number
  readonly appProtocol?: string
}
/** What is not said counts as ready, serving and not terminating. */
export interface EndpointConditions {
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}
/** One backend of an EndpointSlice; the kind Endpoint is a gateway's. */
export interface Backend {
  readonly addresses: readonly string[]
  readonly conditions?: EndpointConditions
  readonly hostname?: string
  readonly nodeName?: string
  readonly zone?: string
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string }
}
export interface EndpointSlice extends Resource {
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints: readonly Backend[]
  readonly ports?: readonly EndpointPort[]
}
