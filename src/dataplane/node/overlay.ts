// Addresses on the VXLAN between a cluster's nodes. Every node computes the same ones from the same list of nodes.
import { bytesOf, familyOf, type Ip, parseIp } from '../../model/net.ts'
import type { View } from '../../model/view.ts'
import type { Peer, VxLink } from './state.ts'

/** What the VXLAN's headers take of each packet. */
const OVERHEAD = 50

/** The MAC of a node's end: from all of its address, so that no two are alike and a take-over never meets a stale entry. */
export const macOf = (nodeIp: Ip): string => ['0a', '53', ...bytesOf(nodeIp).slice(-4).map(hex)].join(':')
const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

/**
 * Each node's address in 240.0.0.0/8: 240 and the last three numbers of its own. Of nodes that agree in these, the one with the lowest address
 * keeps it; the others get addresses that no node has from a sequence of their own.
 */
export function vxAddresses(nodeIps: readonly Ip[]): ReadonlyMap<Ip, Ip> {
  const sorted = [...new Set(nodeIps)].map((ip) => ({ ip, number: numberOf(ip) })).sort((a, b) => a.number - b.number)
  const found = new Map<Ip, number>()
  const taken = new Set<number>()
  const late: typeof sorted = []
  for (const node of sorted) {
    const low = lowOf(node.number)
    if (!isUsable(low) || taken.has(low)) late.push(node)
    else claim(node.ip, low)
  }
  for (const { ip, number } of late) claim(ip, spareFor(number, taken))
  return new Map([...found].map(([ip, low]) => [ip, vxIp(low)]))

  function claim(ip: Ip, low: number): void {
    taken.add(low)
    found.set(ip, low)
  }
}

/** Addresses of all other nodes, the active gateway's among them, sorted. */
export const otherNodes = ({ nodeIp, nodes, gateway }: View): readonly Ip[] =>
  [...new Set([...nodes.map(({ ip }) => ip), ...(gateway === undefined ? [] : [gateway.nodeIp])])]
    .filter((ip) => ip !== nodeIp && familyOf(ip) === 4)
    .sort()

/** This node's end, and the nodes that it sends to. */
export function overlayOf(view: View): { readonly link: VxLink; readonly peers: readonly Peer[]; readonly addressOf: (node: Ip) => Ip } {
  const others = otherNodes(view)
  const addresses = vxAddresses([view.nodeIp, ...others])
  const addressOf = (node: Ip): Ip => addresses.get(node) ?? vxIp(lowOf(numberOf(node)))
  const sendsToAll = view.role === 'gateway' || view.isCandidate
  const targets = sendsToAll ? others : others.filter((ip) => view.role === 'node' && ip === view.gateway?.nodeIp)
  return {
    link: { local: view.nodeIp, mac: macOf(view.nodeIp), mtu: view.nodeMtu - OVERHEAD, ip: addressOf(view.nodeIp) },
    peers: targets.map((nodeIp) => ({ ip: addressOf(nodeIp), mac: macOf(nodeIp), nodeIp })),
    addressOf,
  }
}

const numberOf = (ip: Ip): number =>
  bytesOf(ip)
    .slice(-4)
    .reduce((sum, byte) => sum * 256 + byte, 0)
const SIZE = 2 ** 24
const lowOf = (n: number): number => n % SIZE
/** Neither the network's own address nor its broadcast. */
const isUsable = (low: number): boolean => low !== 0 && low !== SIZE - 1

/** Steps of an odd length visit every address before they meet the first again. */
function spareFor(n: number, taken: ReadonlySet<number>): number {
  const step = (Math.floor(n / 256) % SIZE) | 1
  let low = lowOf(n)
  do low = (low + step) % SIZE
  while (!isUsable(low) || taken.has(low))
  return low
}

const vxIp = (low: number): Ip => parseIp(`240.${Math.floor(low / 65536)}.${Math.floor(low / 256) % 256}.${low % 256}`)
