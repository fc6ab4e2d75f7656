import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isNews } from '../../../src/dataplane/kernel/echoes.ts'
import { focusOf, isNothing } from '../../../src/dataplane/kernel/focus.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import type { Route } from '../../../src/dataplane/node/state.ts'
import { canonical } from '../../../src/model/canonical.ts'
import { anyView, gatewayView, ip, remote, view } from '../node/views.ts'

const plan = planNode(view())
const more = planNode(view({ remotes: [...view().remotes, remote('north', '10.3.0.0/16', '100.3.0.0/16')] }))

describe('focusOf()', () => {
  it('says what one cluster more puts, and one less drops', () => {
    const [put, drop] = [focusOf(plan, more), focusOf(more, plan)]
    const networks = ['10.3.0.0/16', '100.3.0.0/16']
    expect(put?.put.map(({ to }) => to)).toEqual([...networks, ...networks])
    expect(put).toMatchObject({ drop: [], sets: [{ name: 'SUBMARINER-REMOTE', put: networks, drop: [] }] })
    expect(drop).toMatchObject({ put: [], sets: [{ name: 'SUBMARINER-REMOTE', put: [], drop: networks }] })
    expect(drop?.drop).toHaveLength(4)
  })
  it('is nothing for equal plans', () => {
    const focus = focusOf(plan, planNode(view()))
    expect(focus && isNothing(focus)).toBe(true)
  })
  it('says which node on the VXLAN comes and which goes when another gateway takes over', () => {
    const nodes = [1, 2].map((n) => ({ ip: ip(`172.30.0.${n}`), podCidrs: [] }))
    const by = (n: number) => planNode(view({ nodes, gateway: { nodeIp: ip(`172.30.0.${n}`), interfaceName: 'ipsec0' } }))
    const focus = focusOf(by(1), by(2))
    expect(focus?.peers.put.map(({ nodeIp }) => nodeIp)).toEqual(['172.30.0.2'])
    expect(focus?.peers.drop.map(({ nodeIp }) => nodeIp)).toEqual(['172.30.0.1'])
    expect(focus?.put.map(({ via }) => via)).toEqual(['240.30.0.2', '240.30.0.2'])
    expect(focus?.drop).toEqual([])
  })
  it('is undefined where a node goes and another has its address on the VXLAN from then on', () => {
    const [old, young] = ['172.30.0.1', '173.30.0.1'].map((text) =>
      planNode(view({ nodes: [], gateway: { nodeIp: ip(text), interfaceName: 'ipsec0' } })),
    )
    if (old === undefined || young === undefined) throw new Error('two plans')
    expect(old.peers[0]?.ip).toBe(young.peers[0]?.ip)
    expect(focusOf({ ...old, sets: young.sets }, young)).toBeUndefined()
  })
  it('is undefined where a device, a chain or a rule differs, and where much does', () => {
    expect(focusOf(plan, planNode(view({ clampMss: 1300 })))).toBeUndefined()
    expect(focusOf(plan, planNode(gatewayView()))).toBeUndefined()
    const many = Array.from({ length: 300 }, (_, i) => remote(`c${i}`, `11.${i >> 8}.${i & 255}.0/24`))
    const with_ = (count: number) => planNode(view({ remotes: [...view().remotes, ...many.slice(0, count)] }))
    expect(focusOf(plan, with_(200))?.put).toHaveLength(400)
    expect(focusOf(plan, with_(300))).toBeUndefined()
  })
  it('makes one plan of the other, whatever the plans are', () => {
    fc.assert(
      fc.property(anyView, anyView, (a, b) => {
        const [before, after] = [planNode(a), planNode(b)]
        const focus = focusOf(before, after)
        if (focus === undefined) return
        const key = ({ table, to, dev }: Route): string => `${table} ${to} ${dev === undefined}`
        const routes = new Map(before.routes.map((route) => [key(route), route]))
        for (const route of focus.drop) expect(routes.delete(key(route))).toBe(true)
        for (const route of focus.put) routes.set(key(route), route)
        expect(new Set([...routes.values()].map(canonical))).toEqual(new Set(after.routes.map(canonical)))
        const gone = new Set(focus.peers.drop.map(canonical))
        const peers = [...before.peers.map(canonical).filter((peer) => !gone.has(peer)), ...focus.peers.put.map(canonical)]
        expect(peers.toSorted()).toEqual(after.peers.map(canonical).toSorted())
        for (const { name, networks } of before.sets) {
          const change = focus.sets.find((set) => set.name === name)
          const kept = networks.filter((network) => change?.drop.includes(network) !== true)
          expect([...kept, ...(change?.put ?? [])].sort()).toEqual(after.sets.find((set) => set.name === name)?.networks.toSorted())
        }
      }),
    )
  })
})

const vx = (is: string, mac = '0a:53:ac:1e:00:0b'): string => `4: vx-submariner: ${is} group 0 \\    link/[1] ${mac} brd ff:ff:ff:ff:ff:ff`

describe('isNews()', () => {
  it.each([
    ['10.2.0.0/16 via 240.30.0.1 dev vx-submariner table 150 proto 77 src 10.1.1.1 metric 100 onlink ', false],
    ['Deleted 10.2.0.0/16 via 240.30.0.1 dev vx-submariner table 150 proto 77 src 10.1.1.1 metric 100 onlink ', true],
    ['7 10.2.0.0/16 table 150 proto 77 metric 4294967295 ', false],
    ['Deleted 7 10.2.0.0/16 table 150 proto 77 metric 4294967295 ', true],
    ['10.2.0.0/16 dev eth0 table 150 proto 77 metric 100 ', true],
    ['Deleted 10.9.0.0/16 via 240.30.0.1 dev vx-submariner table 150 proto 77 metric 100 onlink ', false],
    ['10.9.0.0/16 via 240.30.0.1 dev vx-submariner table 150 proto 77 metric 100 onlink ', true],
    ['10.1.1.7 dev cali1 scope 253 ', false],
    ['Deleted 10.2.0.0/16 dev ipsec0 table 151 proto 4 ', false],
    ['150:\tfrom all lookup 150 proto 77', false],
    ['Deleted 150:\tfrom all lookup 150 proto 77', true],
    ['150:\tfrom all lookup 99', true],
    ['Deleted 150:\tfrom all lookup 99', true],
    ['512:\tfrom all to 10.1.1.7 lookup 254', false],
    ['2: eth0: <BROADCAST,UP> mtu 1500 qdisc pfifo_fast state UP group 0 ', true],
    ['1: lo    inet 10.77.0.9/32 scope 0 lo:submariner', true],
    ['2: eth0    inet6 fe80::1/64 scope 253 \\       valid_lft forever preferred_lft forever', false],
    ['Deleted 2: eth0    inet6 fe80::1/64 scope 253 ', false],
    // The VXLAN while it is made.
    [vx('<BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN', '16:f4:a8:84:b9:60'), false],
    [vx('<BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN'), false],
    [vx('<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN'), false],
    ['4: vx-submariner    inet 240.30.0.11/8 scope 0 vx-submariner', false],
    // And while others are at it.
    [vx('<BROADCAST,MULTICAST> mtu 1450 qdisc noqueue state DOWN'), true],
    [vx('<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UNKNOWN'), true],
    [vx('<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN', '16:f4:a8:84:b9:60'), true],
    [`Deleted ${vx('<BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN')}`, true],
    ['4: vx-submariner    inet 240.30.0.12/8 scope 0 vx-submariner', true],
    ['Deleted 4: vx-submariner    inet 240.30.0.11/8 scope 0 vx-submariner', true],
    ['4: vx-submariner1: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN group 0 ', true],
  ])('%s: %s', (line, expected) => {
    expect(isNews(line, plan)).toBe(expected)
  })
  it('is everything while there is no plan', () => {
    expect(isNews('10.1.1.7 dev cali1 scope 253 ', undefined)).toBe(true)
  })
})
