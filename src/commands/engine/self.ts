// This cluster's own objects, from settings, the machine and its Node.
import { CLUSTER_LABEL, cableName, endpointName, GATEWAY_SETTING_PREFIX, sanitise } from '../../model/names.ts'
import { type Ip, networkAddress } from '../../model/net.ts'
import type { Cluster, Endpoint, EndpointSpec, Node } from '../../model/resources.ts'
import type { EngineSettings, Facts } from './world.ts'

/** Settings of one gateway: labels and annotations `gateway.submariner.io/...` of its Node, annotations first. */
export interface NodeSettings {
  readonly udpPort: number | undefined
  readonly publicIp: string | undefined
  /** What is there and cannot be used, one line each. */
  readonly warnings: readonly string[]
}

const KNOWN = ['udp-port', 'natt-discovery-port', 'public-ip', 'preferred-server']

export function nodeSettings(node: Node | undefined): NodeSettings {
  const all = Object.entries({ ...node?.metadata.labels, ...node?.metadata.annotations })
  const found = new Map(
    all.filter(([key]) => key.startsWith(GATEWAY_SETTING_PREFIX)).map(([key, value]) => [key.slice(GATEWAY_SETTING_PREFIX.length), value]),
  )
  const warnings = [...found.keys()]
    .filter((key) => !KNOWN.includes(key))
    .map((key) => `${GATEWAY_SETTING_PREFIX}${key} is not known and is passed over`)
  const port = found.get('udp-port')
  const udpPort = port !== undefined && /^[1-9]\d{0,4}$/.test(port) && Number(port) < 65536 ? Number(port) : undefined
  if (port !== undefined && udpPort === undefined) warnings.push(`${GATEWAY_SETTING_PREFIX}udp-port is "${port}", which is no port`)
  if (found.get('preferred-server') === 'true') warnings.push(`${GATEWAY_SETTING_PREFIX}preferred-server is not supported: both sides dial`)
  return { udpPort, publicIp: found.get('public-ip'), warnings }
}

export interface Self {
  readonly settings: EngineSettings
  readonly hostname: string
  readonly facts: Facts
  readonly node: NodeSettings
  readonly publicIp: Ip | undefined
  readonly interfaceName: string | undefined
  /** What the daemon was started with, as far as its keeper says; the settings may have changed since. */
  readonly charonPort: number | undefined
}

/**
 * The port that the settings want, where the daemon still has another one, which is published and used meanwhile. Undefined where they agree, and where the
 * Node has a port of its own: that is left to those who gave it.
 */
export const wantedPort = ({ settings, node, charonPort }: Pick<Self, 'settings' | 'node' | 'charonPort'>): number | undefined =>
  node.udpPort !== undefined || charonPort === undefined || charonPort === settings.nattPort ? undefined : settings.nattPort

/** The Endpoint's spec of this gateway. */
export function ownSpec({ settings, hostname, facts, node, publicIp, interfaceName, charonPort }: Self): EndpointSpec {
  const [firstPods] = settings.podCidrs
  const healthCheckIP = facts.cniIp ?? (firstPods && networkAddress(firstPods))
  return {
    cluster_id: settings.clusterId,
    cable_name: cableName(settings.clusterId, facts.privateIp),
    ...(settings.health.enabled && healthCheckIP !== undefined && { healthCheckIP }),
    hostname,
    subnets: [...settings.serviceCidrs, ...settings.podCidrs],
    private_ip: facts.privateIp,
    public_ip: publicIp ?? '',
    nat_enabled: settings.natEnabled,
    backend: settings.backend,
    backend_config: {
      'udp-port': String(node.udpPort ?? charonPort ?? settings.nattPort),
      'preferred-server': 'false',
      ...(interfaceName !== undefined && { 'interface-name': interfaceName }),
    },
  }
}

export const ownEndpoint = (spec: EndpointSpec, namespace: string): Endpoint => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Endpoint',
  metadata: { name: endpointName(spec.cluster_id, spec.cable_name), namespace },
  spec,
})

export const ownCluster = ({ clusterId, namespace, colorCodes, podCidrs, serviceCidrs }: EngineSettings): Cluster => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Cluster',
  metadata: { name: sanitise(clusterId), namespace },
  spec: { cluster_id: clusterId, color_codes: colorCodes, cluster_cidr: podCidrs, service_cidr: serviceCidrs, global_cidr: [] },
})

/** Addresses that the active gateway owns: one in every local network, where the machine has none already. */
export const ownedAddresses = ({ serviceCidrs, podCidrs }: EngineSettings, facts: Facts): readonly Ip[] => [
  ...serviceCidrs.map(networkAddress),
  ...(facts.cniIp === undefined ? podCidrs.map(networkAddress) : []),
]

/** An Endpoint of this cluster, of whichever gateway. */
export const isOwnEndpoint = ({ metadata, spec }: Endpoint, clusterId: string): boolean =>
  metadata.labels?.[CLUSTER_LABEL] === undefined && spec?.cluster_id === clusterId
