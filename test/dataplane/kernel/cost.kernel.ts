// What a pass does where there are 250 other clusters.
import { expect, it } from '@jest/globals'
import { focusOf } from '../../../src/dataplane/kernel/focus.ts'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import type { NodePlan } from '../../../src/dataplane/node/state.ts'
import type { Argv, Exec } from '../../../src/system/exec.ts'
import { gatewayView, ip, remote, view } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { withNamespaces } from './nodes.ts'

const planOf = (clusters: number): NodePlan =>
  planNode(
    gatewayView({
      remotes: Array.from({ length: clusters }, (_, i) => remote(`c${i}`, `11.${i}.0.0/16`, `100.${i + 2}.0.0/16`)),
    }),
  )

const putSource = async (node: { readonly exec: Exec }): Promise<void> => {
  const src = planOf(1).routes.find((route) => route.src !== undefined)?.src
  await node.exec(['ip', 'addr', 'add', `${src}/32`, 'dev', 'lo'])
}

it(
  'with 250 clusters a pass that changes nothing runs four programs, and one cluster more costs six lines, put alone by two programs or found among all',
  () =>
    withNamespaces(['cost'], async (node) => {
      await prepare(node, 'ipsec0')
      await putSource(node)
      const runs: Argv[] = []
      const exec: Exec = (argv, options) => {
        runs.push(argv)
        return node.exec(argv, options)
      }
      const target = openNode({ ...node, exec })
      await target.reconcile(planOf(250))
      runs.length = 0
      expect(await target.reconcile(planOf(250))).toEqual([])
      expect(runs.map(([program]) => program).sort()).toEqual(['bridge', 'ip', 'ipset', 'iptables-nft-save'])
      // Two networks: each in a set, rejected, and sent into the tunnel.
      expect(await target.reconcile(planOf(251))).toHaveLength(6)
      expect(await target.reconcile(planOf(250))).toHaveLength(6)
      const [more, less] = [focusOf(planOf(250), planOf(251)), focusOf(planOf(251), planOf(250))]
      runs.length = 0
      expect(await target.reconcile(planOf(251), more)).toHaveLength(6)
      expect(runs.map(([program]) => program)).toEqual(['ipset', 'ip'])
      expect(await target.reconcile(planOf(251))).toEqual([])
      expect(await target.reconcile(planOf(250), less)).toHaveLength(6)
      expect(await target.reconcile(planOf(250))).toEqual([])
      // So does a storm, batch by batch.
      for (const [from, to] of [
        [250, 150],
        [150, 250],
      ] as const) {
        runs.length = 0
        expect(await target.reconcile(planOf(to), focusOf(planOf(from), planOf(to)))).toHaveLength(600)
        expect(runs.map(([program]) => program).sort()).toEqual(['ip', 'ipset'])
        expect(await target.reconcile(planOf(to))).toEqual([])
      }
    }),
  120_000,
)

it.each(['the source', 'the device', 'a route that is to go', 'a network of the set'])(
  'a change that is put alone ends as a pass over everything would, with %s gone before',
  (gone) =>
    withNamespaces(['blind'], async (node) => {
      await prepare(node, 'ipsec0')
      await putSource(node)
      const target = openNode(node)
      await target.reconcile(planOf(3))
      if (gone === 'a network of the set') await node.exec(['ipset', 'del', 'SUBMARINER-REMOTE', '11.2.0.0/16'])
      if (gone === 'the source') await node.exec(['ip', 'addr', 'flush', 'dev', 'lo'])
      if (gone === 'the device') await node.exec(['ip', 'link', 'set', 'ipsec0', 'down'])
      if (gone === 'a route that is to go') await node.exec(['ip', 'route', 'del', '11.2.0.0/16', 'table', '150', 'metric', '100'])
      const [before, after] = [planOf(3), /^a /.test(gone) ? planOf(2) : planOf(4)]
      await target.reconcile(after, focusOf(before, after))
      expect(await target.reconcile(after)).toEqual([])
    }),
  120_000,
)

/** A worker's plan with the gateway of that number; without one it knows none. */
const workerPlan = (gateway?: number): NodePlan =>
  planNode(
    view({
      nodeIp: ip('172.30.0.1'),
      nodes: [11, 12].map((n) => ({ ip: ip(`172.30.0.${n}`), podCidrs: [] })),
      role: gateway === undefined ? 'none' : 'node',
      gateway: gateway === undefined ? undefined : { nodeIp: ip(`172.30.0.${gateway}`), interfaceName: 'ipsec0' },
    }),
  )

it(
  'a worker that comes to know its gateway runs two programs, and three when another gateway takes over: a pass over everything then finds nothing to do',
  () =>
    withNamespaces(['worker'], async (node) => {
      await prepare(node)
      const runs: string[] = []
      const exec: Exec = (argv, options) => {
        runs.push(argv[0])
        return node.exec(argv, options)
      }
      const target = openNode({ ...node, exec })
      await target.reconcile(workerPlan())
      const steps = [
        { from: workerPlan(), to: workerPlan(11), programs: ['bridge', 'ip'] },
        { from: workerPlan(11), to: workerPlan(12), programs: ['bridge', 'ip', 'bridge'] },
        { from: workerPlan(12), to: workerPlan(), programs: ['ip', 'bridge'] },
      ]
      for (const { from, to, programs } of steps) {
        runs.length = 0
        const said = await target.reconcile(to, focusOf(from, to))
        expect({ said: said.length > 0, runs: [...runs] }).toEqual({ said: true, runs: programs })
        expect(await target.reconcile(to)).toEqual([])
      }
      // With the VXLAN gone nothing of it can be put alone.
      await node.ip('link del vx-submariner')
      await target.reconcile(workerPlan(11), focusOf(workerPlan(), workerPlan(11)))
      expect(await target.reconcile(workerPlan(11))).toEqual([])
    }),
  120_000,
)
