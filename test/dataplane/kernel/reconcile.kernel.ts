// One node's kernel: what is put stays, what is not ours stays too, and nothing is left behind.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { type Exec, ExecError } from '../../../src/system/exec.ts'
import { anyView, gatewayView, ip, view } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { dump, type NodeNs, withNamespaces } from './nodes.ts'

const TIMEOUT_MS = 300_000

/** What other programs have on a node: it must be there unchanged afterwards. */
async function addForeign(node: NodeNs, backend: 'nft' | 'legacy'): Promise<void> {
  await node.ip(
    'route add 10.99.0.0/16 via 172.30.0.9',
    'route add 10.98.0.0/16 via 172.30.0.9 table 150',
    'rule add pref 512 from 10.1.1.7 lookup 77',
  )
  await node.exec(['ipset', 'restore'], { input: 'create OTHERS hash:net\nadd OTHERS 10.2.0.0/16\n' })
  await node.exec([`iptables-${backend}-restore`], {
    input: `*mangle
:KUBE-IPTABLES-HINT - [0:0]
COMMIT
*nat
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
:POLICY-FORWARD - [0:0]
-A FORWARD -j POLICY-FORWARD
-A FORWARD -m set --match-set OTHERS src -j ACCEPT
-A POLICY-FORWARD -s 10.1.1.66/32 -j DROP
COMMIT
`,
  })
}

describe.each(['nft', 'legacy'] as const)('with iptables-%s', (backend) => {
  it(
    'a second pass changes nothing, others keep what they have, and clean-up leaves what was there before',
    () =>
      withNamespaces([`twice-${backend}`], async (node) => {
        await prepare(node, 'ipsec0')
        await addForeign(node, backend)
        await node.sh('sysctl -qw net.ipv4.conf.cni0.rp_filter=1 net.ipv4.conf.ipsec0.rp_filter=1 net.ipv4.conf.cni0.forwarding=0')
        const before = await dump(node)
        const views = [
          gatewayView(),
          view({ nodeIp: ip('172.30.0.1'), nodePodCidrs: [] }),
          view({ nodeIp: ip('172.30.0.1'), role: 'none', gateway: undefined, nodes: [] }),
        ]
        for (const at of views) {
          const plan = planNode(at)
          const target = openNode(node)
          expect(await target.reconcile(plan)).not.toEqual([])
          expect(await target.reconcile(plan)).toEqual([])
          expect(await openNode(node).unguarded(plan)).toEqual([])
          const other = backend === 'nft' ? 'legacy' : 'nft'
          expect(await node.sh(`iptables-${other}-save`)).not.toContain('SUBMARINER')
        }
        await openNode(node).cleanUp()
        expect(await dump(node)).toBe(before)
      }),
    TIMEOUT_MS,
  )
})

it(
  'any walk over views ends where a fresh start would',
  () =>
    withNamespaces(['walk', 'fresh'], async (node, fresh) => {
      for (const each of [node, fresh] as const) await prepare(each as NodeNs, 'ipsec0', 'tun7')
      const [walker, starter] = [node as NodeNs, fresh as NodeNs]
      const before = await dump(starter)
      await fc.assert(
        fc.asyncProperty(fc.array(anyView, { minLength: 2, maxLength: 4 }), async (walk) => {
          for (const at of walk) await openNode(walker).reconcile(planNode(at))
          const last = planNode(walk.at(-1) ?? view())
          expect(await openNode(walker).reconcile(last)).toEqual([])
          await openNode(starter).reconcile(last)
          expect(await comparable(walker)).toEqual(await comparable(starter))
          await openNode(starter).cleanUp()
          expect(await dump(starter)).toBe(before)
        }),
        { numRuns: 8, endOnFailure: true },
      )
    }),
  TIMEOUT_MS,
)

/** Without what only tells two namespaces apart: MACs and indexes of the test's own links. The order in a set says nothing. */
async function comparable(node: NodeNs): Promise<readonly string[]> {
  const extra = await Promise.all([node.sh('ip neigh show nud permanent'), node.sh('bridge fdb show dev vx-submariner')])
  return [await dump(node), ...extra]
    .join('\n')
    .split('\n')
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replace(/link\/ether (?!0a:53)\S+/, '')
        .replace(/hashsize \d+/, '')
        .trim(),
    )
    .sort()
}

it(
  'what other programs remove is named by unguarded() and put back by the next pass',
  () =>
    withNamespaces(['mend'], async (node) => {
      await prepare(node, 'ipsec0')
      const plan = planNode(gatewayView())
      const target = openNode(node)
      await target.reconcile(plan)
      const whole = await dump(node)
      const damages = [
        'ip rule del pref 150',
        'ip route flush table 150',
        'iptables-nft -t raw -F PREROUTING',
        'iptables-nft -t mangle -F SUBMARINER-POSTROUTING',
        'iptables-nft -D FORWARD 1',
        'ipset del SUBMARINER-REMOTE 10.2.0.0/16',
      ]
      for (const damage of damages) {
        await node.sh(damage)
        expect([damage, await target.unguarded(plan)]).toEqual([
          damage,
          [expect.any(String), ...Array(damage.includes('flush table') ? 1 : 0).fill(expect.any(String))],
        ])
        expect(await target.reconcile(plan)).not.toEqual([])
        expect(await dump(node)).toBe(whole)
      }
      await node.sh('ip link del vx-submariner')
      await target.reconcile(plan)
      expect(await target.reconcile(plan)).toEqual([])
      expect(await node.sh('ip route show table 149')).toContain('10.1.1.0/24 via 240.30.0.11 dev vx-submariner')
    }),
  TIMEOUT_MS,
)

it(
  'a pass in which any one program fails is mended by the next',
  () =>
    withNamespaces(['fail'], async (node) => {
      await prepare(node, 'ipsec0')
      const before = await dump(node)
      const plan = planNode(gatewayView())
      await openNode(node).reconcile(plan)
      const whole = await comparable(node)
      for (let nth = 1; ; nth++) {
        await openNode(node).cleanUp()
        expect(await dump(node)).toBe(before)
        let runs = 0
        const failing: Exec = async (argv, options) => {
          runs += 1
          if (runs === nth) throw new ExecError(argv, { code: 1, stdout: '', stderr: 'no luck' })
          return node.exec(argv, options)
        }
        const failed = openNode({ ...node, exec: failing }).reconcile(plan)
        if (
          await failed.then(
            () => true,
            () => false,
          )
        )
          break
        await openNode(node).reconcile(plan)
        expect(await comparable(node)).toEqual(whole)
      }
    }),
  TIMEOUT_MS,
)

it(
  'what the node used before goes: chains of the other iptables, a set of another type, a VXLAN made otherwise',
  () =>
    withNamespaces(['moves'], async (node) => {
      await prepare(node, 'ipsec0')
      await node.sh('ipset create SUBMARINER-REMOTE hash:ip')
      await node.sh('ipset create SUBMARINER-REMOTECIDRS hash:net')
      await node.exec(['iptables-nft-restore'], {
        input: `*mangle
:SUBMARINER-POSTROUTING - [0:0]
-A POSTROUTING -j SUBMARINER-POSTROUTING
-A SUBMARINER-POSTROUTING -m set --match-set SUBMARINER-REMOTE dst -j ACCEPT
-A SUBMARINER-POSTROUTING -m set --match-set SUBMARINER-REMOTECIDRS dst -j ACCEPT
COMMIT
`,
      })
      await node.ip(
        'link add vx-submariner type vxlan id 100 dstport 4800 remote 172.30.0.9',
        'addr add 240.9.9.9/8 dev vx-submariner',
        'link set vx-submariner up',
      )
      const plan = planNode(gatewayView())
      await openNode(node).reconcile(plan)
      expect(await openNode(node).reconcile(plan)).toEqual([])
      expect(await node.sh('ipset list -n')).not.toContain('CIDRS')
      expect(await node.sh('ip -d link show vx-submariner')).toContain('local 172.30.0.1 ')
      // The kubelet comes up and tells which iptables it is.
      await node.exec(['iptables-legacy-restore'], { input: '*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n' })
      expect(await openNode(node).unguarded(plan)).not.toEqual([])
      await openNode(node).reconcile(plan)
      expect(await openNode(node).reconcile(plan)).toEqual([])
      expect(await node.sh('iptables-legacy-save')).toContain('SUBMARINER-REJECT')
      expect(await node.sh('iptables-nft-save')).not.toContain('SUBMARINER')
    }),
  TIMEOUT_MS,
)
