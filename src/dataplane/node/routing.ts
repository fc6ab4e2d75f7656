// Routes and rules: to remote networks by table 150, back to the nodes' pods by table 149, from other nodes into tunnels by table 148.
import { remembered } from '../../model/canonical.ts'
import { type Cidr, familyOf, type Ip, networkAddress } from '../../model/net.ts'
import type { RemoteCluster } from '../../model/remote.ts'
import type { View } from '../../model/view.ts'
import { CARRY_TABLE, RETURN_TABLE, type Route, type Rule, TABLE, TUNNEL_DEVICES, USUAL_DEVICE, VX_DEVICE } from './state.ts'

/** All networks of the others that are routed, sorted. */
export const remoteNetworks = ({ remotes }: View): readonly Cidr[] => networksOf(remotes)
const networksOf = remembered((remotes: readonly RemoteCluster[]): readonly Cidr[] =>
  [...new Set(remotes.flatMap(({ networks }) => networks))].filter((network) => familyOf(network) === 4).sort(),
)

/** The devices that tunnels end in on this node, there or not; none where no tunnel ever ends. */
export function tunnelDevices({ role, isCandidate, gateway }: View): readonly string[] {
  if (role !== 'gateway' && !isCandidate) return []
  const named = role === 'gateway' ? deviceOf(gateway?.interfaceName) : undefined
  return named === undefined ? TUNNEL_DEVICES : [named, ...TUNNEL_DEVICES.filter((device) => device !== named)]
}

/** A name that stands in command lines and rules; undefined for one that no device can have there. */
const deviceOf = (name: string | undefined): string | undefined =>
  name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(name) ? name : undefined

/** The source of what this node itself sends to remote networks: an address that tunnels carry, or that the gateway translates. */
export function sourceOf({ cniIp, podCidrs, role }: View, vxIp: Ip): Ip | undefined {
  const [pods] = podCidrs.filter((network) => familyOf(network) === 4)
  return cniIp ?? (role !== 'gateway' ? vxIp : pods && networkAddress(pods))
}

export function routesOf(view: View, vxAddressOf: (node: Ip) => Ip): readonly Route[] {
  const src = sourceOf(view, vxAddressOf(view.nodeIp))
  const hop = hopOf(view, vxAddressOf)
  const remote = remoteNetworks(view)
  return [
    ...remote.map((to): Route => ({ table: TABLE, to })),
    ...(hop === undefined ? [] : remote.map((to): Route => ({ table: TABLE, to, ...hop, ...(src !== undefined && { src }) }))),
    ...returnRoutes(view, vxAddressOf),
    ...carryRoutes(view, remote),
  ]
}

type Hop = Pick<Route, 'dev' | 'via'>
function hopOf({ role, gateway, nodeIp }: View, vxAddressOf: (node: Ip) => Ip): Hop | undefined {
  if (role === 'gateway') return { dev: deviceOf(gateway?.interfaceName) ?? USUAL_DEVICE }
  if (role === 'node' && gateway !== undefined && gateway.nodeIp !== nodeIp) return { dev: VX_DEVICE, via: vxAddressOf(gateway.nodeIp) }
  return undefined
}

/**
 * While a gateway takes over, nodes learn of it one after the other. What one sends here goes into the tunnels that are here, whoever is the active gateway by
 * now: two gateways that each take the other for it would send packets to and fro until they die.
 */
const carryRoutes = (view: View, remote: readonly Cidr[]): readonly Route[] => {
  const { carryingBy: dev } = view
  return dev === undefined || !tunnelDevices(view).includes(dev) ? [] : remote.map((to): Route => ({ table: CARRY_TABLE, to, dev }))
}

/** What comes out of a tunnel goes to a node's pods over the VXLAN: a node takes it from there alone. */
function returnRoutes(view: View, vxAddressOf: (node: Ip) => Ip): readonly Route[] {
  if (tunnelDevices(view).length === 0) return []
  const nodes = view.nodes.toSorted((a, b) => (a.ip < b.ip ? -1 : 1))
  const routes = nodes.flatMap(({ ip, podCidrs }) =>
    podCidrs.filter((to) => familyOf(to) === 4).map((to): Route => ({ table: RETURN_TABLE, to, dev: VX_DEVICE, via: vxAddressOf(ip) })),
  )
  return [...new Map(routes.map((route) => [route.to, route])).values()].sort((a, b) => (a.to < b.to ? -1 : 1))
}

export const rulesOf = (view: View): readonly Rule[] => [
  { priority: TABLE, table: TABLE },
  ...tunnelDevices(view).map((iif): Rule => ({ priority: RETURN_TABLE, table: RETURN_TABLE, iif })),
  ...(tunnelDevices(view).length === 0 ? [] : [{ priority: CARRY_TABLE, table: CARRY_TABLE, iif: VX_DEVICE }]),
]
