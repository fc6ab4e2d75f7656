import { describe, expect, it } from '@jest/globals'
import { contains, type Ip, overlaps } from '../../src/model/net.ts'
import { DEFAULTS, type Layout, layoutOf, namespacesOf, nodesOf, placesOf } from './layout.ts'

const big = layoutOf({ ...DEFAULTS, clusters: 9, workers: 20, nat: ['west', 'east'] }, 'abc123', 7)
const unique = (list: readonly unknown[]): boolean => new Set(list).size === list.length

describe('the layout of the biggest lab', () => {
  it('names every place once, and links within the kernel’s 15 characters', () => {
    expect(unique(namespacesOf(big))).toBe(true)
    expect(placesOf(big).get('c9-w20-pod')).toBe('sl-lab-abc123-c9-w20-pod')
    expect(nodesOf(big).every(({ name }) => name.length <= 15)).toBe(true)
    expect(big.root.link.length).toBeLessThanOrEqual(15)
  })
  it('gives each address once on the WAN, and each network to one cluster', () => {
    const wan = [
      big.wan.ip,
      big.root.ip,
      big.broker.ip,
      ...big.clusters.flatMap(({ router, api }) => [router.ip, api.ip]),
      ...publicIps(big),
    ]
    expect(unique(wan)).toBe(true)
    expect(wan.every((ip) => contains(big.wan.cidr, ip))).toBe(true)
    const networks = big.clusters.flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
    expect(networks.some((a, i) => networks.some((b, j) => i !== j && overlaps(a, b)))).toBe(false)
  })
  it('gives clusters behind NAT the same private addresses, and each of their gateways a public one', () => {
    const [west, east, north] = big.clusters
    expect(west?.nodes.map(({ ip }) => ip)).toEqual(east?.nodes.map(({ ip }) => ip))
    expect(north?.nodes.map(({ ip }) => ip)).not.toEqual(east?.nodes.map(({ ip }) => ip))
    expect(publicIps(big).length).toBe(4)
  })
  it('has every pod and service in its cluster’s networks, and no service address twice', () => {
    for (const { nodes, podCidr, serviceCidr, vip } of big.clusters) {
      expect(
        nodes.every((node) => contains(podCidr, node.podCidr) && contains(node.podCidr, node.pod.ip) && contains(node.podCidr, node.cniIp)),
      ).toBe(true)
      const vips = [vip, ...nodes.map(({ pod }) => pod.vip)]
      expect(unique(vips) && vips.every((ip) => contains(serviceCidr, ip))).toBe(true)
    }
  })
})

const publicIps = (layout: Layout): readonly Ip[] => nodesOf(layout).flatMap(({ publicIp }) => publicIp ?? [])
