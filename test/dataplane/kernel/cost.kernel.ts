// What a pass does where there are 250 other clusters.
import { expect, it } from '@jest/globals'
import { focusOf } from '../../../src/dataplane/kernel/focus.ts'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import type { NodePlan } from '../../../src/dataplane/node/state.ts'
import type { Argv, Exec } from '../../../src/system/exec.ts'
import { gatewayView, remote } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { withNamespaces } from './nodes.ts'

const planOf = (clusters: number): NodePlan =>
  planNode(
    gatewayView({
      remotes: Array.from({ length: clusters }, (_, i) => remote(`c${i}`, `11.${i}.0.0/16`, `100.${i + 2}.0.0/16`)),
    }),
  )

it(
  'with 250 clusters a pass that changes nothing runs four programs, and one cluster more costs six lines, looked for alone or among all',
  () =>
    withNamespaces(['cost'], async (node) => {
      await prepare(node, 'ipsec0')
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
      const focus = focusOf(planOf(250), planOf(251))
      runs.length = 0
      expect(await target.reconcile(planOf(251), focus)).toHaveLength(6)
      expect(runs.map(([program]) => program)).toEqual(['ip', 'ipset', 'ipset', 'ip'])
      expect(await target.reconcile(planOf(251))).toEqual([])
      expect(await target.reconcile(planOf(250), focus)).toHaveLength(6)
      expect(await target.reconcile(planOf(250))).toEqual([])
    }),
  120_000,
)
