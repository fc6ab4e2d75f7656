import { describe, expect, it } from '@jest/globals'
import { activeEndpoint, nodeIpOf, type ViewParts, viewOf } from '../../src/commands/route-agent/view.ts'
import { parseCidr, parseIp } from '../../src/model/net.ts'
import type { Endpoint, Node } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { nodeOf } from '../fakes/route-agent.ts'

const GW1 = nodeOf('gw1', '172.16.1.1', { podCIDR: '10.1.1.0/24' }, { 'submariner.io/gateway': 'true' })
const GW2 = nodeOf('gw2', '172.16.1.2', { podCIDR: '10.1.2.0/24' }, { 'submariner.io/gateway': 'true' })
const W1 = nodeOf('w1', '172.16.1.9', { podCIDRs: ['10.1.9.0/24', 'fd00::/64'] })

const local = (hostname: string, ip: string, more: Partial<Endpoint['spec']> = {}, created = '2026-01-01T00:00:00Z'): Endpoint =>
  endpointOf('west', { private_ip: ip, hostname, ...more, meta: { labels: {}, creationTimestamp: created } })

function viewOn(nodeName: string, more: Partial<ViewParts> & { readonly plugin?: string } = {}) {
  const nodes = more.nodes ?? [GW1, GW2, W1]
  return viewOf({
    settings: {
      clusterId: 'west',
      nodeName,
      podCidrs: [parseCidr('10.1.0.0/16')],
      serviceCidrs: [parseCidr('100.1.0.0/16')],
      networkPlugin: more.plugin ?? 'generic',
    },
    nodes,
    endpoints: [local('gw1', '172.16.1.1')],
    remotes: [],
    nodeIp: nodeIpOf(nodes.find(({ metadata }) => metadata.name === nodeName)) ?? parseIp('172.16.1.99'),
    facts: { nodeMtu: 1500, cniIp: parseIp('10.1.9.1'), cniDevice: 'cni0' },
    ...more,
  })
}

describe('the role of a node', () => {
  it.each([
    ['gw1', 'gateway', true],
    ['gw2', 'node', true],
    ['w1', 'node', false],
  ])('%s is %s', (name, role, isCandidate) => {
    expect(viewOn(name)).toMatchObject({ role, isCandidate, gateway: { nodeIp: '172.16.1.1' } })
  })

  it('is none while no gateway of the cluster has published itself; another cluster’s Endpoint is not taken for one', () => {
    expect(viewOn('w1', { endpoints: [] })).toMatchObject({ role: 'none', gateway: undefined })
    expect(viewOn('w1', { endpoints: [endpointOf('east', { n: 2 })] }).role).toBe('none')
    // A copy of another cluster's object that claims our id.
    expect(viewOn('w1', { endpoints: [endpointOf('west', { n: 1 })] }).role).toBe('none')
  })

  it('follows the Endpoint published last while there are two', () => {
    const old = local('gw1', '172.16.1.1')
    const next = local('gw2', '172.16.1.2', {}, '2026-01-01T00:00:05Z')
    for (const endpoints of [
      [old, next],
      [next, old],
    ]) {
      expect(activeEndpoint(endpoints, 'west')?.spec.hostname).toBe('gw2')
      expect(viewOn('gw2', { endpoints }).role).toBe('gateway')
      expect(viewOn('gw1', { endpoints }).role).toBe('node')
    }
  })

  it('finds the gateway’s Node by its address where names differ, and by its name where addresses do', () => {
    expect(viewOn('gw1', { endpoints: [local('ip-172-16-1-1', '172.16.1.1')] }).role).toBe('gateway')
    const outside = viewOn('w1', { endpoints: [local('gw1', '192.168.7.7')] })
    expect(outside.gateway?.nodeIp).toBe('172.16.1.1')
    expect(viewOn('gw1', { endpoints: [local('gw1', '192.168.7.7')] }).role).toBe('gateway')
  })

  it('knows the device of the gateway’s tunnels', () => {
    const endpoints = [local('gw1', '172.16.1.1', { backend_config: { 'udp-port': '4500', 'interface-name': 'subm-ipsec' } })]
    expect(viewOn('gw1', { endpoints }).gateway?.interfaceName).toBe('subm-ipsec')
  })
})

describe('the pods of nodes', () => {
  it('are in the Nodes’ networks where this node’s own address is in its Node’s', () => {
    const view = viewOn('w1')
    expect(view.nodePodCidrs).toEqual(['10.1.9.0/24'])
    expect(view.nodes).toEqual([
      { ip: '172.16.1.1', podCidrs: ['10.1.1.0/24'] },
      { ip: '172.16.1.2', podCidrs: ['10.1.2.0/24'] },
    ])
  })

  it('are not known where the CNI gives other addresses', () => {
    const view = viewOn('w1', { facts: { nodeMtu: 1500, cniIp: parseIp('10.1.200.1'), cniDevice: 'tunl0' } })
    expect([view.nodePodCidrs, ...view.nodes.map(({ podCidrs }) => podCidrs)]).toEqual([[], [], []])
  })

  it('are in the Nodes’ networks under a CNI that does so, even where it gives the node no address', () => {
    const facts = { nodeMtu: 1500, cniIp: undefined, cniDevice: undefined }
    expect(viewOn('w1', { facts, plugin: 'kindnet' }).nodePodCidrs).toEqual(['10.1.9.0/24'])
    expect(viewOn('w1', { facts, plugin: 'calico' }).nodePodCidrs).toEqual([])
  })

  it('are in the Nodes’ networks on a gateway where no pod ever ran: what comes out of its tunnels still has to find theirs', () => {
    const facts = { nodeMtu: 1500, cniIp: undefined, cniDevice: undefined }
    expect(viewOn('gw1', { facts, plugin: 'generic' }).nodes.map(({ podCidrs }) => podCidrs)).toEqual([['10.1.2.0/24'], ['10.1.9.0/24']])
  })

  it('are never outside the cluster’s networks, and bad text is passed over', () => {
    const nodes: Node[] = [nodeOf('gw1', '172.16.1.1', { podCIDRs: ['10.99.0.0/24', 'x/y'] }), W1]
    expect(viewOn('w1', { nodes }).nodes).toEqual([{ ip: '172.16.1.1', podCidrs: [] }])
  })
})

it('a node without an InternalIP is no peer', () => {
  const bare: Node = { ...GW2, status: { addresses: [{ type: 'Hostname', address: 'gw2' }] } }
  expect(viewOn('w1', { nodes: [GW1, bare, W1] }).nodes.map(({ ip }) => ip)).toEqual(['172.16.1.1'])
})

it.each([
  ['1300', 1300],
  ['0', undefined],
  ['1300; reboot', undefined],
])('the annotation for a fixed segment size: %s', (text, clampMss) => {
  const own: Node = { ...W1, metadata: { ...W1.metadata, annotations: { 'submariner.io/tcp-clamp-mss': text } } }
  expect(viewOn('w1', { nodes: [GW1, own] }).clampMss).toBe(clampMss)
})
