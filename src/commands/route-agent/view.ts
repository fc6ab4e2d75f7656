// The view of one node, from the objects of its cluster's API and what the machine says of itself.
import { CLUSTER_LABEL, GATEWAY_LABEL, sanitise } from '../../model/names.ts'
import { type Cidr, contains, type Ip, ipOrNone, parseCidr } from '../../model/net.ts'
import type { RemoteCluster } from '../../model/remote.ts'
import type { Endpoint, Node } from '../../model/resources.ts'
import type { NodeView, View } from '../../model/view.ts'
import type { NodeFacts, RouteAgentSettings } from './world.ts'

export interface ViewParts {
  readonly settings: Pick<RouteAgentSettings, 'clusterId' | 'nodeName' | 'podCidrs' | 'serviceCidrs' | 'networkPlugin'>
  readonly nodes: readonly Node[]
  readonly endpoints: readonly Endpoint[]
  readonly remotes: readonly RemoteCluster[]
  readonly nodeIp: Ip
  readonly facts: NodeFacts
}

export const nodeIpOf = (node: Node | undefined): Ip | undefined =>
  node?.status?.addresses
    ?.filter(({ type }) => type === 'InternalIP')
    .flatMap(({ address }) => ipOrNone(address))
    .find(isIpv4)
const isIpv4 = (ip: Ip): boolean => !ip.includes(':')

/** Node annotation: a fixed segment size for TCP through tunnels. */
const CLAMP_ANNOTATION = 'submariner.io/tcp-clamp-mss'

export function viewOf(parts: ViewParts): View {
  const { settings, nodes, endpoints, remotes, nodeIp, facts } = parts
  const own = nodes.find(({ metadata }) => metadata.name === settings.nodeName)
  const active = activeEndpoint(endpoints, settings.clusterId)
  const gatewayIp = active && gatewayNodeIp(active, nodes)
  const isMine = active !== undefined && (gatewayIp === nodeIp || sanitise(active.spec.hostname) === sanitise(settings.nodeName))
  const isUsed = arePodCidrsUsed(own, facts, settings.networkPlugin)
  const podsOf = (node: Node | undefined): readonly Cidr[] => (isUsed ? podCidrsOf(node, settings.podCidrs) : [])
  const clampMss = clampOf(own)
  return {
    nodeName: settings.nodeName,
    nodeIp,
    nodeMtu: facts.nodeMtu,
    cniIp: facts.cniIp,
    cniDevice: facts.cniDevice,
    nodePodCidrs: podsOf(own),
    podCidrs: settings.podCidrs,
    serviceCidrs: settings.serviceCidrs,
    role: isMine ? 'gateway' : gatewayIp === undefined ? 'none' : 'node',
    isCandidate: own?.metadata.labels?.[GATEWAY_LABEL] === 'true',
    gateway:
      active === undefined || gatewayIp === undefined
        ? undefined
        : { nodeIp: isMine ? nodeIp : gatewayIp, interfaceName: active.spec.backend_config?.['interface-name'] },
    ...(facts.carryingBy !== undefined && { carryingBy: facts.carryingBy }),
    ...(facts.hasRestorer === true && { areSetsRestored: true }),
    nodes: nodes.flatMap((node): NodeView[] => {
      const ip = nodeIpOf(node)
      return ip === undefined || ip === nodeIp ? [] : [{ ip, podCidrs: podsOf(node) }]
    }),
    remotes,
    ...(clampMss !== undefined && { clampMss }),
  }
}

/** The Endpoint of this cluster that was published last: during a hand-over there are two. */
export function activeEndpoint(endpoints: readonly Endpoint[], clusterId: string): Endpoint | undefined {
  const own = endpoints.filter(({ metadata, spec }) => metadata.labels?.[CLUSTER_LABEL] === undefined && spec?.cluster_id === clusterId)
  const born = ({ metadata }: Endpoint): string => metadata.creationTimestamp ?? ''
  return own.toSorted((a, b) => (born(a) === born(b) ? (a.metadata.name < b.metadata.name ? 1 : -1) : born(a) < born(b) ? 1 : -1))[0]
}

/** The address by which the other nodes know the gateway's; the published one where no Node has its name or address. */
function gatewayNodeIp({ spec }: Endpoint, nodes: readonly Node[]): Ip | undefined {
  const byName = nodes.find(({ metadata }) => sanitise(metadata.name) === sanitise(spec.hostname))
  const byAddress = nodes.find(({ status }) => status?.addresses?.some(({ address }) => address === spec.private_ip))
  return nodeIpOf(byName) ?? nodeIpOf(byAddress) ?? ipOrNone(spec.private_ip).find(isIpv4)
}

/** CNIs that give pods addresses from their Node's podCIDRs, whatever they give the node itself. */
const NODE_NETWORKS = ['flannel', 'canal-flannel', 'kindnet']
/** CNIs that hand out addresses by themselves. */
const OWN_NETWORKS = ['calico', 'cilium', 'weave-net', 'ovnkubernetes', 'aws', 'azure']
/**
 * The Nodes' podCIDRs are what pods get under some CNIs and a leftover under others: what this node's own address says holds for all. A node that has
 * none yet, since no pod ever ran there, goes by the name of the CNI.
 */
function arePodCidrsUsed(own: Node | undefined, { cniIp }: NodeFacts, plugin: string): boolean {
  const name = plugin.toLowerCase()
  if (NODE_NETWORKS.includes(name)) return true
  return cniIp === undefined ? !OWN_NETWORKS.includes(name) : rawPodCidrs(own).some((network) => contains(network, cniIp))
}

/** The networks that a Node gives to its pods, within the cluster's. */
export const podCidrsOf = (node: Node | undefined, clusters: readonly Cidr[]): readonly Cidr[] =>
  rawPodCidrs(node).filter((network) => clusters.some((outer) => contains(outer, network)))

const rawPodCidrs = (node: Node | undefined): readonly Cidr[] =>
  [...new Set([...(node?.spec?.podCIDRs ?? []), ...(node?.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR])])].flatMap((text) => {
    try {
      return [parseCidr(text)]
    } catch {
      return []
    }
  })

function clampOf(node: Node | undefined): number | undefined {
  const text = node?.metadata.annotations?.[CLAMP_ANNOTATION]
  return text !== undefined && /^[1-9]\d{2,3}$/.test(text) ? Number(text) : undefined
}
