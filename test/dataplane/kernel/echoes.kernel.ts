// What `ip monitor` says of our own work is no news, and what undoes it is.
import { expect, it } from '@jest/globals'
import { isNews, MONITOR } from '../../../src/dataplane/kernel/echoes.ts'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { realClock } from '../../../src/system/clock.ts'
import { follow } from '../../../src/system/follow.ts'
import { gatewayView, remote } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { type NodeNs, withNamespaces } from './nodes.ts'

const first = planNode(gatewayView())
const second = planNode(gatewayView({ remotes: [remote('north', '10.3.0.0/16', '10.200.0.3/32')] }))

interface Heard {
  /** What has been said up to now, as far as nobody has taken it: a route of its own tells where that is. */
  soFar(): Promise<readonly string[]>
  /** Waits for a line. */
  line(like: RegExp): Promise<void>
}

/** Runs the body while the node's `ip monitor` is listened to; whatever becomes of it, nobody listens afterwards. */
async function listening(node: NodeNs, body: (heard: Heard) => Promise<void>): Promise<void> {
  const end = new AbortController()
  const lines: string[] = []
  const running = follow(['ip', 'netns', 'exec', node.ns, ...MONITOR], { onLine: (line) => lines.push(line) }, end.signal)
  let marks = 0
  const heard: Heard = {
    async soFar() {
      marks += 1
      const mark = `10.88.${marks >> 8}.${marks & 255} `
      await node.ip(`route add ${mark} dev ipsec0`)
      while (!lines.some((line) => line.startsWith(mark))) await realClock.sleep(10)
      return lines.splice(0).filter((line) => !line.startsWith(mark))
    },
    async line(like) {
      while (!lines.some((line) => like.test(line))) await realClock.sleep(10)
    },
  }
  try {
    // The kernel tells of a route that comes, not of one that is there as it is: it goes again, until somebody listens.
    while (lines.length === 0) {
      await node.ip('route add 10.87.0.1 dev ipsec0', 'route del 10.87.0.1 dev ipsec0')
      await realClock.sleep(20)
    }
    await heard.soFar()
    await body(heard)
  } finally {
    end.abort()
    await running
  }
}

it(
  'of a change of routes that we make ourselves no line is news, of one that somebody else makes each is',
  () =>
    withNamespaces(['echoes'], async (node) => {
      await prepare(node, 'ipsec0')
      const target = openNode(node)
      await target.reconcile(first)
      await listening(node, async (heard) => {
        await target.reconcile(second)
        const own = await heard.soFar()
        expect(own.filter((line) => line.includes('proto 77')).length).toBeGreaterThan(5)
        expect(own.filter((line) => line.includes('proto 77') && isNews(line, second))).toEqual([])
        await node.ip(
          'route del 10.3.0.0/16 table 150 proto 77 metric 100',
          'rule del priority 150',
          'route del 10.200.0.3 table 150 metric 100',
        )
        expect((await heard.soFar()).filter((line) => line.includes('proto 77') && isNews(line, second))).toHaveLength(3)
      })
    }),
  120_000,
)

/** The kernel tells of other links when it likes, up to a second after they have come. */
const ofVx = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.includes('vx-submariner'))

it(
  'of the VXLAN that we make no line is news, IPv6 or not; some are when somebody else strips it, changes it, removes it, or takes it down and up again, and what we put right is none',
  () =>
    withNamespaces(['echoes-vx'], async (node) => {
      await prepare(node, 'ipsec0')
      await node.sh('sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0')
      const target = openNode(node)
      await listening(node, async (heard) => {
        const newsNow = async (): Promise<readonly string[]> => ofVx(await heard.soFar()).filter((line) => isNews(line, first))
        await target.reconcile(first)
        await heard.line(/vx-submariner\s+inet6 fe80/)
        expect(await newsNow()).toEqual([])
        const changes = [
          ['link set vx-submariner down', 'link set vx-submariner up'],
          ['link set vx-submariner address 02:00:00:00:00:09'],
          ['addr flush dev vx-submariner'],
          ['link set vx-submariner mtu 1300'],
          ['link del vx-submariner'],
        ]
        for (const lines of changes) {
          await node.ip(...lines)
          expect({ lines, news: (await newsNow()).length > 0 }).toEqual({ lines, news: true })
          expect({ lines, said: (await target.reconcile(first)).length > 0 }).toEqual({ lines, said: true })
          expect({ lines, news: await newsNow() }).toEqual({ lines, news: [] })
        }
      })
    }),
  120_000,
)
