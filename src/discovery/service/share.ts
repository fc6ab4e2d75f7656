// What one cluster brings to a service of the clusterset.
import type { Backend, EndpointPort, ImportType, ServiceImportSpec, ServicePort } from '../../model/mcs.ts'

/** A name in a namespace: the same service wherever it is exported. */
export interface ServiceKey {
  readonly namespace: string
  readonly name: string
}
export const keyText = ({ namespace, name }: ServiceKey): string => `${namespace}/${name}`

/** A port with all that is left out elsewhere filled in. */
export interface Port {
  /** "" where it has none. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
  readonly appProtocol: string | undefined
}
export const portOf = ({ name = '', protocol = 'TCP', port, appProtocol }: ServicePort): Port => ({ name, protocol, port, appProtocol })
export const wirePort = ({ name, protocol, port, appProtocol }: Port): ServicePort & EndpointPort => ({
  name,
  protocol,
  port,
  ...(appProtocol !== undefined && { appProtocol }),
})

/** Backends of one cluster, as one EndpointSlice has them. Addresses are IPv4. */
export interface Slice {
  /** Unique within the cluster and service. */
  readonly id: string
  readonly ports: readonly EndpointPort[]
  readonly backends: readonly Backend[]
}

/** The export of one cluster, by what that cluster alone can write. */
export interface Share extends ServiceKey {
  readonly cluster: string
  /** Nanoseconds since the epoch at which its ServiceExport was made, as far as a number holds them; Infinity where that is not known. */
  readonly since: number
  readonly type: ImportType
  readonly ports: readonly Port[]
  readonly sessionAffinity: 'None' | 'ClientIP'
  /** Seconds; undefined: the default. */
  readonly affinityTimeout: number | undefined
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  /** "" for none. */
  readonly trafficDistribution: string
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly publishNotReady: boolean
  readonly slices: readonly Slice[]
}

/** How the older export goes before the younger one. */
export const older = (a: Pick<Share, 'since' | 'cluster'>, b: Pick<Share, 'since' | 'cluster'>): number =>
  a.since === b.since ? (a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0) : a.since < b.since ? -1 : 1

/** The parts of a share that a ServiceImport's spec says. */
export const specParts = (
  spec: ServiceImportSpec,
): Pick<
  Share,
  'type' | 'ports' | 'sessionAffinity' | 'affinityTimeout' | 'internalTrafficPolicy' | 'trafficDistribution' | 'ipFamilies'
> => ({
  type: spec.type,
  ports: spec.ports.map(portOf),
  sessionAffinity: spec.sessionAffinity === 'ClientIP' ? 'ClientIP' : 'None',
  affinityTimeout: spec.sessionAffinity === 'ClientIP' ? spec.sessionAffinityConfig?.clientIP?.timeoutSeconds : undefined,
  internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster',
  trafficDistribution: spec.trafficDistribution ?? '',
  ipFamilies: spec.ipFamilies ?? [],
})

/** The spec of a ServiceImport that says them. */
export const specOf = (
  share: Omit<Share, 'slices' | 'cluster' | 'since' | 'publishNotReady' | 'labels' | 'annotations' | keyof ServiceKey>,
): ServiceImportSpec => ({
  type: share.type,
  ports: share.type === 'Headless' ? [] : share.ports.map(wirePort),
  sessionAffinity: share.sessionAffinity,
  ...(share.affinityTimeout !== undefined && { sessionAffinityConfig: { clientIP: { timeoutSeconds: share.affinityTimeout } } }),
  ...(share.ipFamilies.length > 0 && { ipFamilies: share.ipFamilies }),
  internalTrafficPolicy: share.internalTrafficPolicy,
  ...(share.trafficDistribution !== '' && { trafficDistribution: share.trafficDistribution }),
})
