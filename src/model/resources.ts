// The Kubernetes objects that the code reads and writes. Wire types only: decode.ts makes trusted values of what others wrote.

export interface Meta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly unknown[]
  readonly finalizers?: readonly string[]
}

/** Any object of the API. Fields other than apiVersion, kind and metadata are as the kind has them. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Meta
}

/** Endpoint.spec, also embedded in Gateway and RouteAgent (upstream's field names). */
export interface EndpointSpec {
  readonly cluster_id: string
  readonly cable_name: string
  readonly healthCheckIP?: string
  readonly hostname: string
  /** Service networks, then pod networks: the order is part of the IPsec naming. */
  readonly subnets: readonly string[]
  readonly private_ip: string
  /** "" where there is none: the field must be there. */
  readonly public_ip: string
  readonly nat_enabled: boolean
  readonly backend: string
  readonly backend_config?: Readonly<Record<string, string>>
}
export interface Endpoint extends Resource {
  readonly spec: EndpointSpec
}

export interface ClusterSpec {
  readonly cluster_id: string
  readonly color_codes?: readonly string[]
  readonly cluster_cidr: readonly string[]
  readonly service_cidr: readonly string[]
  readonly global_cidr: readonly string[]
}
export interface Cluster extends Resource {
  readonly spec: ClusterSpec
}

/** Round-trip times in Go's duration text, such as `447.358µs` or `1.2ms`. */
export interface LatencyRtt {
  readonly last: string
  readonly min: string
  readonly average: string
  readonly max: string
  readonly stdDev: string
}
export type ConnectionStatus = 'connected' | 'connecting' | 'error'
export interface Connection {
  readonly status: ConnectionStatus
  readonly statusMessage: string
  readonly endpoint: EndpointSpec
  readonly usingIP?: string
  readonly usingNAT?: boolean
  readonly latencyRTT?: LatencyRtt
}
export interface Gateway extends Resource {
  readonly status: {
    readonly version: string
    readonly haStatus: 'active' | 'passive'
    readonly localEndpoint: EndpointSpec
    readonly statusFailure: string
    readonly connections: readonly Connection[]
  }
}
export interface RemoteEndpoint {
  readonly status: ConnectionStatus | 'none'
  readonly statusMessage: string
  readonly spec: EndpointSpec
  readonly latencyRTT?: LatencyRtt
}
export interface RouteAgent extends Resource {
  readonly status: { readonly version: string; readonly statusFailure: string; readonly remoteEndpoints: readonly RemoteEndpoint[] }
}

export interface Lease extends Resource {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}
export interface Node extends Resource {
  readonly spec?: {
    /** Such as `aws:///eu-west-1a/i-0123`. */
    readonly providerID?: string
    readonly podCIDR?: string
    readonly podCIDRs?: readonly string[]
    readonly taints?: readonly { readonly key: string; readonly effect: string }[]
    readonly unschedulable?: boolean
  }
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly kubeProxyVersion?: string }
  }
}
export interface Secret extends Resource {
  readonly type?: string
  /** Values are base64. */
  readonly data?: Readonly<Record<string, string>>
}
export interface ConfigMap extends Resource {
  readonly data?: Readonly<Record<string, string>>
}
export interface Pod extends Resource {
  readonly spec?: {
    readonly nodeName?: string
    readonly hostNetwork?: boolean
    readonly containers?: readonly {
      readonly name: string
      readonly image?: string
      readonly imagePullPolicy?: string
      readonly command?: readonly string[]
      readonly args?: readonly string[]
    }[]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    /** Why the pod as a whole failed, such as Evicted or OutOfcpu. */
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}
/** How a container stopped, or why it does not run. */
export interface ContainerEnd {
  readonly reason?: string
  readonly message?: string
  readonly exitCode?: number
}
export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly image?: string
  /** The digest, as far as the runtime knows it. */
  readonly imageID?: string
  readonly state?: {
    readonly waiting?: ContainerEnd
    readonly running?: { readonly startedAt?: string }
    readonly terminated?: ContainerEnd
  }
  readonly lastState?: { readonly terminated?: ContainerEnd }
}
export interface DaemonSet extends Resource {
  readonly spec?: {
    readonly template?: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
      readonly spec?: NonNullable<Pod['spec']>
    }
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly desiredNumberScheduled?: number
    readonly updatedNumberScheduled?: number
    readonly numberReady?: number
  }
}
export interface Deployment extends Resource {
  readonly spec?: DaemonSet['spec'] & { readonly replicas?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[]
  }
}
export interface Service extends Resource {
  readonly spec?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
    /** `None` where the service is headless. */
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
    readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[]
    readonly ipFamilyPolicy?: string
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly {
      readonly name?: string
      readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
      readonly port: number
      readonly appProtocol?: string
    }[]
    readonly sessionAffinity?: 'None' | 'ClientIP'
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } }
    readonly internalTrafficPolicy?: 'Cluster' | 'Local'
    readonly trafficDistribution?: string
    readonly publishNotReadyAddresses?: boolean
  }
}
export interface ServiceCidr extends Resource {
  readonly spec?: { readonly cidrs?: readonly string[] }
}
