// What `ip monitor` says of our own work is no news, and what undoes it is.
import { expect, it } from '@jest/globals'
import { isNews, MONITOR } from '../../../src/dataplane/kernel/echoes.ts'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { realClock } from '../../../src/system/clock.ts'
import { follow } from '../../../src/system/follow.ts'
import { gatewayView, remote } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { withNamespaces } from './nodes.ts'

const first = planNode(gatewayView())
const second = planNode(gatewayView({ remotes: [remote('north', '10.3.0.0/16', '10.200.0.3/32')] }))

it(
  'of a change of routes that we make ourselves no line is news, of one that somebody else makes each is',
  () =>
    withNamespaces(['echoes'], async (node) => {
      await prepare(node, 'ipsec0')
      const target = openNode(node)
      await target.reconcile(first)
      const end = new AbortController()
      const lines: string[] = []
      const running = follow(['ip', 'netns', 'exec', node.ns, ...MONITOR], { onLine: (line) => lines.push(line) }, end.signal)
      const marked = async (mark: string): Promise<readonly string[]> => {
        await node.ip(`route add ${mark} dev ipsec0`)
        while (!lines.some((line) => line.startsWith(mark))) await realClock.sleep(10)
        return lines.splice(0)
      }
      while (lines.length === 0) {
        await node.ip('route replace 10.88.0.1 dev ipsec0')
        await realClock.sleep(20)
      }
      await marked('10.88.0.2')
      await target.reconcile(second)
      const own = await marked('10.88.0.3')
      expect(own.length).toBeGreaterThan(6)
      expect(own.filter((line) => isNews(line, second))).toEqual([])
      await node.ip(
        'route del 10.3.0.0/16 table 150 proto 77 metric 100',
        'rule del priority 150',
        'route del 10.200.0.3 table 150 metric 100',
      )
      const others = await marked('10.88.0.4')
      expect(others.filter((line) => isNews(line, second))).toHaveLength(3)
      end.abort()
      await running
    }),
  120_000,
)
