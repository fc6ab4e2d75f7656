// A node that the project leaves: what any of its agents, killed ones too, put there goes; what others have stays. The trace tells the two apart.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { cleanNode } from '../../../src/dataplane/kernel/clean.ts'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { openOwnedAddresses } from '../../../src/dataplane/kernel/owned.ts'
import { type Lines, type NodeTrace, traceNode } from '../../../src/dataplane/kernel/trace.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { openLocalSocket } from '../../../src/system/unix-socket.ts'
import { gatewayView, ip } from '../node/views.ts'
import { prepare } from './node-links.ts'
import { dump, type NodeNs, withNamespaces } from './nodes.ts'

const TIMEOUT_MS = 120_000

/** Of other programs, some of it as near to ours as can be. */
async function addForeign(node: NodeNs): Promise<void> {
  await node.ip(
    'link add ipsec9 type bridge',
    'link set ipsec9 up',
    'route add 10.98.0.0/16 dev wan0 table 150',
    'route add 10.97.0.0/16 dev wan0 table 151 proto 99',
    'rule add pref 150 from 10.1.1.7 lookup 150',
    'rule add pref 151 from 10.1.1.7 lookup 77',
    'addr add 10.1.255.1/32 dev lo label lo:others',
  )
  await node.exec(['ipset', 'restore'], { input: 'create OTHERS-SUBMARINER hash:net\nadd OTHERS-SUBMARINER 10.2.0.0/16\n' })
  await node.exec(['iptables-nft-restore', '--noflush'], {
    input: '*filter\n:OTHERS - [0:0]\n-A FORWARD -m set --match-set OTHERS-SUBMARINER src -j OTHERS\nCOMMIT\n',
  })
}

/** All that agents put on a gateway, and what a charon and an engine that were killed have left. */
async function addOurs(node: NodeNs): Promise<void> {
  await openNode(node).reconcile(planNode(gatewayView()))
  await openOwnedAddresses(node.exec).reconcile([ip('10.1.0.0'), ip('100.1.0.0')])
  await node.ip(
    'rule add pref 151 lookup 151',
    'route add 10.2.0.0/16 dev ipsec0 table 151 proto static',
    'route add 172.31.0.2 via 172.30.0.9 dev wan0 table 151 proto static',
  )
  await mkdir(node.runDir, { recursive: true })
  await writeFile(`${node.runDir}/charon.pids`, 'charon 1 1\n')
  await writeFile(`${node.runDir}/strongswan.conf`, '')
}

const count = (lines: Lines): number => Object.values(lines).flat().length

it(
  'clean-up leaves the node as it was, whatever was killed before, and the trace says what is whose all along',
  () =>
    withNamespaces(['clean'], async (node) => {
      await prepare(node)
      await addForeign(node)
      const [before, found] = [await dump(node), await traceNode(node)]
      expect([found.unread, count(found.ours)]).toEqual([[], 0])
      await node.ip('tuntap add dev ipsec0 mode tun', 'link set ipsec0 up')
      await addOurs(node)
      const held = await traceNode(node)
      expectAll(held)
      const lines = await cleanNode({ ...node, openSocket: openLocalSocket })
      expect(lines).toEqual(expect.arrayContaining(['rule 151 (4) removed', `${node.runDir}/charon.pids removed`]))
      expect(existsSync(node.runDir)).toBe(false)
      // Nobody's but a charon's, with which it goes.
      await node.ip('link del ipsec0')
      expect(await traceNode(node)).toEqual(found)
      expect(await dump(node)).toBe(before)
      expect(await cleanNode({ ...node, openSocket: openLocalSocket })).toEqual([])
    }),
  TIMEOUT_MS,
)

function expectAll(held: NodeTrace): void {
  const { ours } = held
  const has = Object.entries(ours).flatMap(([section, lines]) => (lines.length > 0 ? [section] : []))
  expect(has.sort()).toEqual(['addresses', 'fdb', 'files', 'iptables', 'links', 'neighbours', 'routes', 'rules', 'sets', 'sysctls'])
  expect(ours.links?.map((line) => line.split(' ')[1])).toEqual(expect.arrayContaining(['vx-submariner:', 'ipsec0:']))
  expect(ours.routes?.filter((line) => / dev lo table 255 /.test(line))).toHaveLength(2)
  expect(held.restores).toContain('cni0/forwarding = 0')
  expect(count(held.others)).toBeGreaterThan(20)
}
