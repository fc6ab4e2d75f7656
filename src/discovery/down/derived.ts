// The Service behind an import of type ClusterSetIP: it gives the import an address of this cluster, and kube-proxy what is behind it.
import { isSame } from '../../model/canonical.ts'
import { type EndpointPort, IMPORTED, type Protocol, SERVICE_NAME } from '../../model/mcs.ts'
import type { Service } from '../../model/resources.ts'
import type { Merged } from '../service/merge.ts'
import { isSameNumber } from '../service/ports.ts'
import { keyText, type Port, type ServiceKey, wirePort } from '../service/share.ts'
import { mark } from '../up/wire.ts'

export const derivedName = (key: ServiceKey): string => `derived-${mark(keyText(key))}`

/** Names of the ports in the derived Service, by place: where a service has several ports each needs one. */
export function derivedPorts(ports: readonly Port[]): readonly Port[] {
  if (ports.length < 2) return ports
  const names = new Set(ports.map(({ name }) => name))
  return ports.map((port) =>
    port.name === '' ? { ...port, name: freeName(names, `port-${port.port}-${port.protocol.toLowerCase()}`) } : port,
  )
}
const freeName = (names: ReadonlySet<string>, name: string): string => (names.has(name) ? freeName(names, `${name}-x`) : name)

/** Kubernetes' default, in seconds. */
const AFFINITY_SECONDS = 10_800

export function derivedService(merged: Merged, owner: unknown): Service {
  const { sessionAffinity, affinityTimeout = AFFINITY_SECONDS, internalTrafficPolicy, trafficDistribution } = merged
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: derivedName(merged),
      namespace: merged.namespace,
      labels: { [IMPORTED]: 'true', [SERVICE_NAME]: merged.name },
      ownerReferences: [owner],
    },
    spec: {
      type: 'ClusterIP',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      ports: derivedPorts(merged.ports).map(wirePort),
      sessionAffinity,
      ...(sessionAffinity === 'ClientIP' && { sessionAffinityConfig: { clientIP: { timeoutSeconds: affinityTimeout } } }),
      internalTrafficPolicy,
      // The oldest of the words that API servers know; an unknown one would be refused.
      ...(/^Prefer(Close|SameZone|SameNode)$/.test(trafficDistribution) && { trafficDistribution: 'PreferClose' }),
    },
  }
}

/** What would have the Service answer elsewhere, or otherwise, than an import does. */
const FOREIGN = [
  ...(['externalIPs', 'externalTrafficPolicy', 'externalName', 'publishNotReadyAddresses', 'healthCheckNodePort'] as const),
  ...(['loadBalancerIP', 'loadBalancerClass', 'loadBalancerSourceRanges', 'allocateLoadBalancerNodePorts'] as const),
]

/** What of a Service is ours to say, without what the API server fills in. */
const said = ({ metadata, spec }: Service): readonly unknown[] => [
  metadata.labels?.[IMPORTED],
  metadata.labels?.[SERVICE_NAME],
  metadata.ownerReferences,
  spec?.type ?? 'ClusterIP',
  FOREIGN.map((field) => (spec === undefined ? null : (Reflect.get(spec, field) ?? null))),
  (spec?.ports ?? []).map(({ name = '', protocol = 'TCP', port, appProtocol }) => [name, protocol, port, appProtocol]),
  spec?.sessionAffinity ?? 'None',
  spec?.sessionAffinity === 'ClientIP' ? spec.sessionAffinityConfig : undefined,
  spec?.internalTrafficPolicy ?? 'Cluster',
  spec?.trafficDistribution,
  spec?.selector,
]

/** What is to be written so that the derived Service is as wanted: with the address that it has; undefined where it is so. */
export function renewedService(there: Service | undefined, wanted: Service): Service | undefined {
  if (there === undefined) return wanted
  if (isSame(said(there), said(wanted))) return undefined
  const { selector: _, sessionAffinityConfig: __, trafficDistribution: ___, ...more } = there.spec ?? {}
  const kept = Object.fromEntries(Object.entries(more).filter(([field]) => !FOREIGN.some((one) => one === field)))
  return {
    ...there,
    metadata: { ...there.metadata, ...wanted.metadata, labels: { ...there.metadata.labels, ...wanted.metadata.labels } },
    spec: { ...kept, ...wanted.spec },
  }
}

/** The port of the service that a cluster's own service port is: the same number means the same port, whatever it is called. */
const portOfService = (all: readonly Port[], number: { readonly protocol: Protocol; readonly port: number }): Port | undefined =>
  all.find((port) => isSameNumber(port, number))

export interface PortMap {
  /** Of the service, with the names that the derived Service has. */
  readonly derived: readonly Port[]
  /** The cluster's own service ports. */
  readonly own: readonly Port[]
}

/** Ports of another cluster's EndpointSlice, whose numbers are those of its Service, under the derived Service's names. Ports that the service has not are left out. */
export const remotePorts = ({ derived }: PortMap, ports: readonly EndpointPort[]): readonly EndpointPort[] =>
  ports.flatMap(({ protocol = 'TCP', port, ...rest }) => {
    const known = port === undefined ? undefined : portOfService(derived, { protocol, port })
    return known === undefined || port === undefined ? [] : [{ ...rest, name: known.name, protocol, port }]
  })

/** Ports of this cluster's pods, which go by the names of its Service's ports. */
export const podPorts = ({ derived, own }: PortMap, ports: readonly EndpointPort[]): readonly EndpointPort[] =>
  ports.flatMap(({ name = '', protocol = 'TCP', ...rest }) => {
    const service = own.find((port) => port.name === name && port.protocol === protocol)
    const known = service && portOfService(derived, service)
    return known === undefined ? [] : [{ ...rest, name: known.name, protocol }]
  })
