import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { macOf, vxAddresses } from '../../../src/dataplane/node/overlay.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import {
  CARRY_TABLE,
  METRIC,
  type NodePlan,
  RETURN_TABLE,
  ROUTE_ORDER,
  type Route,
  TABLE,
  VX_DEVICE,
} from '../../../src/dataplane/node/state.ts'
import { contains, type Ip } from '../../../src/model/net.ts'
import { type Order, TEXT_ORDER } from '../../../src/model/sorted.ts'
import { anyView, cidr, gatewayView, ip, remote, view } from './views.ts'

const ways = (plan: NodePlan, table = TABLE): readonly Route[] =>
  plan.routes.filter((route) => route.table === table && route.dev !== undefined)
const chain = (plan: NodePlan, table: string, name: string): readonly string[] =>
  plan.chains.find((item) => item.table === table && item.name === name)?.rules ?? []

describe('a worker', () => {
  it('sends to remote networks over the VXLAN to the active gateway, from its address in the pods’ network', () => {
    expect(ways(planNode(view()))).toEqual([
      { table: 150, to: '10.2.0.0/16', dev: VX_DEVICE, via: '240.30.0.1', src: '10.1.1.1' },
      { table: 150, to: '100.2.0.0/16', dev: VX_DEVICE, via: '240.30.0.1', src: '10.1.1.1' },
    ])
  })
  it('knows the gateway alone, by a MAC that follows from its address', () => {
    const { link, peers } = planNode(
      view({
        nodes: [
          { ip: ip('172.30.0.1'), podCidrs: [] },
          { ip: ip('172.30.0.12'), podCidrs: [] },
        ],
      }),
    )
    expect(link).toEqual({ local: '172.30.0.11', mac: '0a:53:ac:1e:00:0b', mtu: 1450, ip: '240.30.0.11' })
    expect(peers).toEqual([{ ip: '240.30.0.1', mac: '0a:53:ac:1e:00:01', nodeIp: '172.30.0.1' }])
  })
  it('has no tunnel: not even one of that name is believed', () => {
    const plan = planNode(view())
    expect(JSON.stringify(plan)).not.toContain('"-i ipsec0')
    expect(plan.rules).toEqual([{ priority: TABLE, table: TABLE }])
  })
  it('whose pods the gateway does not know takes what comes for them from the CNI’s device too', () => {
    const rules = chain(planNode(view({ nodePodCidrs: [] })), 'raw', 'SUBMARINER-PREROUTING')
    expect(rules).toContain('-i cni0 -j RETURN')
    expect(chain(planNode(view()), 'raw', 'SUBMARINER-PREROUTING')).not.toContain('-i cni0 -j RETURN')
  })
  it('without an address in the pods’ network sends from its VXLAN address, which the gateway translates', () => {
    expect(ways(planNode(view({ cniIp: undefined, cniDevice: undefined })))[0]?.src).toBe('240.30.0.11')
    expect(chain(planNode(gatewayView()), 'nat', 'SUBMARINER-POSTROUTING')).toContain(
      '-s 240.0.0.0/8 -m set --match-set SUBMARINER-REMOTE dst -j SNAT --to-source 10.1.0.1',
    )
  })
})

describe('the active gateway', () => {
  it('sends to remote networks into the tunnels’ device, and from there to the nodes’ pods over the VXLAN', () => {
    const plan = planNode(gatewayView())
    expect(ways(plan).map(({ dev, src }) => [dev, src])).toEqual([
      ['ipsec0', '10.1.0.1'],
      ['ipsec0', '10.1.0.1'],
    ])
    expect(ways(plan, RETURN_TABLE)).toEqual([{ table: 149, to: '10.1.1.0/24', dev: VX_DEVICE, via: '240.30.0.11' }])
    expect(plan.rules).toContainEqual({ priority: RETURN_TABLE, table: RETURN_TABLE, iif: 'ipsec0' })
  })
  it('without an address in the pods’ network uses the one that it owns there', () => {
    expect(ways(planNode(gatewayView({ cniIp: undefined })))[0]?.src).toBe('10.1.0.0')
  })
  it('uses the device that its Endpoint names, but no name that would be more than a name in a rule', () => {
    const device = (interfaceName: string): string | undefined =>
      ways(planNode(gatewayView({ gateway: { nodeIp: ip('172.30.0.1'), interfaceName } })))[0]?.dev
    expect(device('subm-ipsec')).toBe('subm-ipsec')
    for (const bad of ['a b', 'x\n-j ACCEPT', 'ipsec+', '-j', '', 'longer-than-a-name']) expect(device(bad)).toBe('ipsec0')
  })
})

it('a standby has the way from tunnels to pods ready, and sends by the active gateway', () => {
  const plan = planNode(gatewayView({ role: 'node', gateway: { nodeIp: ip('172.30.0.11'), interfaceName: 'ipsec0' } }))
  expect(ways(plan)[0]).toMatchObject({ dev: VX_DEVICE, via: '240.30.0.11' })
  expect(ways(plan, RETURN_TABLE)).toHaveLength(1)
})

describe('a gateway that keeps tunnels', () => {
  const other = { nodeIp: ip('172.30.0.11'), interfaceName: 'ipsec0' } as const
  it('sends what comes from other nodes into them, also before it is the active one and after', () => {
    for (const role of ['gateway', 'node'] as const) {
      const plan = planNode(gatewayView({ role, gateway: other, carryingBy: 'ipsec0' }))
      expect(ways(plan, CARRY_TABLE)).toEqual(['10.2.0.0/16', '100.2.0.0/16'].map((to) => ({ table: 148, to, dev: 'ipsec0' })))
      expect(plan.rules).toContainEqual({ priority: CARRY_TABLE, table: CARRY_TABLE, iif: VX_DEVICE })
    }
  })
  it('sends it on to the active one when it keeps them no more', () => {
    expect(ways(planNode(gatewayView({ role: 'node', gateway: other })), CARRY_TABLE)).toEqual([])
  })
  it('believes no device on a node that is no gateway', () => {
    const plan = planNode(view({ carryingBy: 'ipsec0' }))
    expect(ways(plan, CARRY_TABLE)).toEqual([])
    expect(plan.rules).toEqual([{ priority: TABLE, table: TABLE }])
  })
})

it('a take-over changes no rule of the packet filter, no set and no address', () => {
  const standby = planNode(gatewayView({ role: 'node', gateway: { nodeIp: ip('172.30.0.11'), interfaceName: 'ipsec0' } }))
  const { routes: _before, ...rest } = planNode(gatewayView({ carryingBy: 'ipsec0' }))
  const { routes: _after, ...other } = standby
  expect(other).toEqual(rest)
})

it('the number of rules does not grow with the number of clusters', () => {
  const many = Array.from({ length: 250 }, (_, i) => remote(`c${i}`, `10.${i % 250}.0.0/24`, `100.${i % 250}.0.0/24`))
  const count = (plan: NodePlan): number => plan.chains.flatMap(({ rules }) => rules).length
  for (const of of [view, gatewayView]) expect(count(planNode(of({ remotes: many })))).toBe(count(planNode(of())))
})

it('networks of IPv6 are left out', () => {
  const plan = planNode(
    gatewayView({ podCidrs: [cidr('fd00:1::/64'), cidr('10.1.0.0/16')], remotes: [remote('east', 'fd00:2::/64', '10.2.0.0/16')] }),
  )
  expect(JSON.stringify(plan)).not.toContain('fd00')
})

it('whatever the view: every remote network is rejected by the worst route, first of all rules looked at, and kept in by both filters', () => {
  fc.assert(
    fc.property(anyView, (at) => {
      const plan = planNode(at)
      const networks = at.remotes.flatMap(({ networks: own }) => own)
      for (const network of networks) expect(plan.routes).toContainEqual({ table: TABLE, to: network })
      expect(plan.rules).toContainEqual({ priority: TABLE, table: TABLE })
      expect(new Set(plan.sets.find(({ name }) => name === 'SUBMARINER-REMOTE')?.networks)).toEqual(new Set(networks))
      expect(chain(plan, 'mangle', 'SUBMARINER-POSTROUTING').at(-1)).toBe('-j DROP')
      expect(chain(plan, 'filter', 'SUBMARINER-REJECT').at(-1)).toMatch(/^-j REJECT/)
      expect(chain(plan, 'raw', 'SUBMARINER-PREROUTING').at(-1)).toBe('-j DROP')
      expect(METRIC.route).toBeLessThan(METRIC.reject)
    }),
  )
})

it('whatever the view: what leads somewhere leads into a tunnel’s device or the VXLAN, and there to a node that is known', () => {
  fc.assert(
    fc.property(anyView, (at) => {
      const plan = planNode(at)
      const peers = new Set(plan.peers.map((peer) => peer.ip))
      for (const { table, dev, via } of plan.routes.filter((route) => route.dev !== undefined)) {
        if (dev === VX_DEVICE) expect(via !== undefined && peers.has(via)).toBe(true)
        else if (table === CARRY_TABLE) expect([dev, via]).toEqual([at.carryingBy, undefined])
        else expect([at.role, via]).toEqual(['gateway', undefined])
      }
      if (at.role === 'none') expect(ways(plan)).toEqual([])
    }),
  )
})

it('whatever the view: routes and networks of sets stand in order, no two in one place, so that plans can be compared in step', () => {
  const isInOrder = <T>(items: readonly T[], { compare }: Order<T>): boolean =>
    items.every((item, i) => i === 0 || compare(items[i - 1] ?? item, item) < 0)
  fc.assert(
    fc.property(anyView, (at) => {
      const { routes, sets } = planNode(at)
      expect([isInOrder(routes, ROUTE_ORDER), ...sets.map(({ networks }) => isInOrder(networks, TEXT_ORDER))]).toEqual([
        true,
        ...sets.map(() => true),
      ])
    }),
  )
})

it('the order of nodes and clusters in a view says nothing', () => {
  fc.assert(
    fc.property(anyView, (at) => {
      const turned = { ...at, nodes: at.nodes.toReversed(), remotes: at.remotes.toReversed() }
      expect(planNode(turned)).toEqual(planNode(at))
    }),
  )
})

describe('addresses on the VXLAN', () => {
  const anyIps = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom(10, 172, 192), fc.constantFrom(0, 1), fc.constantFrom(0, 255), fc.constantFrom(0, 1, 2, 255))
      .map((n) => ip(n.join('.'))),
    { minLength: 1, maxLength: 30 },
  )
  it('are 240 and the last three numbers of the node’s own', () => {
    expect(vxAddresses([ip('172.30.0.11')]).get(ip('172.30.0.11'))).toBe('240.30.0.11')
  })
  it('differ from node to node where the last three numbers do not: the lowest keeps them', () => {
    const found = vxAddresses([ip('192.168.1.5'), ip('10.168.1.5')])
    expect(found.get(ip('10.168.1.5'))).toBe('240.168.1.5')
    expect(found.get(ip('192.168.1.5'))).not.toBe('240.168.1.5')
  })
  it('are unique, in 240.0.0.0/8, and the same on every node, however its list is ordered', () => {
    fc.assert(
      fc.property(anyIps, (ips: readonly Ip[]) => {
        const found = vxAddresses(ips)
        expect(new Set(found.values()).size).toBe(ips.length)
        for (const address of found.values()) expect(contains(cidr('240.0.0.0/8'), address)).toBe(true)
        expect(vxAddresses(ips.toReversed())).toEqual(found)
      }),
    )
  })
  it('MACs differ wherever addresses do', () => {
    fc.assert(fc.property(anyIps, (ips: readonly Ip[]) => expect(new Set(ips.map(macOf)).size).toBe(ips.length)))
  })
})
