// What packets do on nodes under the plan: real ones, between namespaces. The tunnel itself is a plain link here.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from '@jest/globals'
import { parseIp as nodeIp } from '../../../src/model/net.ts'
import { countFrom, GATEWAY_POD, pings, REMOTE_POD, REMOTE_SERVICE, WORKER_POD, withCluster } from './cluster.ts'
import type { NodeNs } from './nodes.ts'

const TIMEOUT_MS = 300_000
const CNI = { gateway: '10.1.0.1', worker: '10.1.1.1' }

/** What tcpdump sees on all links of a namespace while the body runs, one line a packet. */
async function captured({ ns }: NodeNs, filter: string, body: () => Promise<unknown>): Promise<readonly string[]> {
  const child = spawn('ip', ['netns', 'exec', ns, 'tcpdump', '-i', 'any', '-n', '-l', '--immediate-mode', filter])
  const lines: string[] = []
  const ready = new Promise<void>((resolve) => child.stderr.on('data', (text) => String(text).includes('listening') && resolve()))
  child.stdout.on('data', (text) => lines.push(...String(text).split('\n')))
  await ready
  await body()
  child.kill('SIGINT')
  await once(child, 'close')
  return lines.filter((line) => line !== '')
}

const IN_THE_CLEAR = '(net 10.2.0.0/16 or net 100.2.0.0/16) and not udp port 4800'

it.each([0, 1, 2] as const)(
  'pods and hosts of gateway and worker reach the other cluster and are reached under rp_filter %i, with their own sources, past a DROP policy',
  (rpFilter) =>
    withCluster({ rpFilter }, async (cluster) => {
      await cluster.reconcile()
      const { gateway, worker, gatewayPod, workerPod, remote, lan } = cluster
      const fromPods = await Promise.all([WORKER_POD, GATEWAY_POD, CNI.worker, CNI.gateway].map((source) => countFrom(remote, source)))
      const leaked = await captured(lan, IN_THE_CLEAR, async () => {
        for (const to of [REMOTE_POD, REMOTE_SERVICE])
          for (const from of [workerPod, gatewayPod, worker, gateway])
            expect([from.ns, to, await pings(from, to)]).toEqual([from.ns, to, true])
        // From the address that other nodes know it by: translated.
        expect(await pings(worker, REMOTE_POD, '-I', '172.30.0.11')).toBe(true)
        expect(await pings(gateway, REMOTE_POD, '-I', '172.30.0.1')).toBe(true)
        const fromRemote = await countFrom(workerPod, REMOTE_POD)
        for (const to of [WORKER_POD, GATEWAY_POD, CNI.worker, CNI.gateway, '100.1.0.50'])
          expect([to, await pings(remote, to)]).toEqual([to, true])
        expect(await fromRemote()).toBeGreaterThanOrEqual(4)
      })
      expect(leaked).toEqual([])
      expect((await Promise.all(fromPods.map((count) => count()))).every((count) => count >= 4)).toBe(true)
    }),
  TIMEOUT_MS,
)

it.each([0, 1, 2] as const)(
  'a worker without an address in the pods’ network, and one whose pods the gateway does not know, are served under rp_filter %i',
  (rpFilter) =>
    withCluster({ rpFilter }, async ({ reconcile, worker, workerPod, remote }) => {
      await reconcile({ worker: { cniIp: undefined, cniDevice: undefined } })
      expect(await pings(worker, REMOTE_POD)).toBe(true)
      expect(await pings(worker, REMOTE_POD, '-I', '172.30.0.11')).toBe(true)
      expect(await pings(workerPod, REMOTE_POD)).toBe(true)
      // Here the CNI's way in is the LAN itself.
      await reconcile({
        worker: { nodePodCidrs: [], cniDevice: 'wan0' },
        gateway: { nodes: [{ ip: nodeIp('172.30.0.11'), podCidrs: [] }] },
      })
      expect(await pings(workerPod, REMOTE_POD)).toBe(true)
      expect(await pings(remote, WORKER_POD)).toBe(true)
    }),
  TIMEOUT_MS,
)

it(
  'without a tunnel, without a gateway, and with routes and rules of ours gone, nothing for the other cluster leaves in the clear',
  () =>
    withCluster({ rpFilter: 0 }, async ({ reconcile, gateway, worker, gatewayPod, workerPod, remote, lan }) => {
      const senders = [worker, workerPod, gateway, gatewayPod]
      const all = async (): Promise<void> => {
        expect(await Promise.all(senders.map((from) => pings(from, REMOTE_POD, '-W', '1')))).toEqual([false, false, false, false])
      }
      // The test sees what leaves: without us, all does.
      expect((await captured(lan, IN_THE_CLEAR, all)).length).toBeGreaterThan(0)
      await reconcile()
      await gateway.ip('link del ipsec0')
      expect(await captured(lan, IN_THE_CLEAR, all)).toEqual([])
      await reconcile()
      expect(await captured(lan, IN_THE_CLEAR, all)).toEqual([])
      await reconcile({ gateway: { role: 'none', gateway: undefined }, worker: { role: 'none', gateway: undefined } })
      expect(await captured(lan, IN_THE_CLEAR, all)).toEqual([])
      for (const node of [gateway, worker]) {
        await node.sh('ip rule del pref 150')
        await node.sh('iptables-nft -I FORWARD 1 -j ACCEPT')
        await node.sh('iptables-nft -I OUTPUT 1 -j ACCEPT')
      }
      expect(await captured(lan, IN_THE_CLEAR, all)).toEqual([])
      expect(remote.ns).not.toBe('')
    }),
  TIMEOUT_MS,
)

it(
  'a gateway that keeps tunnels sends into them what another node sends it, though it takes that node for the active gateway by now',
  () =>
    withCluster({ rpFilter: 0 }, async ({ reconcile, workerPod, remote }) => {
      const mistaken = { role: 'node', gateway: { nodeIp: nodeIp('172.30.0.11'), interfaceName: 'ipsec0' } } as const
      const arrived = await countFrom(remote, WORKER_POD)
      await reconcile({ gateway: mistaken })
      await pings(workerPod, REMOTE_POD, '-W', '1')
      expect(await arrived()).toBe(0)
      await reconcile({ gateway: { ...mistaken, carryingBy: 'ipsec0' } })
      await pings(workerPod, REMOTE_POD, '-W', '1')
      expect(await arrived()).toBe(2)
    }),
  TIMEOUT_MS,
)

it(
  'packets that claim the other cluster as their source are dropped, wherever they come from',
  () =>
    withCluster({ rpFilter: 0 }, async (cluster) => {
      const { reconcile, worker, workerPod, gatewayPod, lan } = cluster
      await lan.ip('addr add 10.2.0.66/32 dev lo')
      await gatewayPod.ip('addr add 10.2.0.77/32 dev lo')
      // Over the VXLAN, as if it were the gateway.
      await worker.ip(
        'link add vx-submariner type vxlan id 100 dstport 4800 nolearning',
        'link set vx-submariner address 0a:53:ac:1e:00:0b up',
      )
      await forge(lan)
      const spoofed = await Promise.all(['10.2.0.66', '10.2.0.77', '10.2.0.88'].map((source) => countFrom(workerPod, source)))
      const send = async (): Promise<void> => {
        for (const [from, source] of [
          [lan, '10.2.0.66'],
          [gatewayPod, '10.2.0.77'],
          [lan, '10.2.0.88'],
        ] as const)
          await pings(from, WORKER_POD, '-W', '1', '-I', source)
      }
      const counts = (): Promise<readonly number[]> => Promise.all(spoofed.map((count) => count()))
      await worker.sh('iptables-nft -P FORWARD ACCEPT')
      await cluster.gateway.sh('iptables-nft -P FORWARD ACCEPT')
      await worker.sh('sysctl -qw net.ipv4.conf.vx-submariner.forwarding=1')
      await send()
      expect((await counts()).map((count) => count > 0)).toEqual([true, true, true])
      await reconcile()
      const before = await counts()
      await send()
      expect(await counts()).toEqual(before)
    }),
  TIMEOUT_MS,
)

/** A stranger's end of the VXLAN on the LAN, with an address of the other cluster. */
const forge = (lan: NodeNs): Promise<void> =>
  lan.ip(
    'link add vxf type vxlan id 100 dstport 4800 nolearning remote 172.30.0.11',
    'addr add 10.2.0.88/32 dev vxf',
    'link set vxf up',
    'neigh add 240.30.0.11 lladdr 0a:53:ac:1e:00:0b dev vxf nud permanent',
    'rule add pref 10 from 10.2.0.88 lookup 88',
    'route add 10.1.1.0/24 via 240.30.0.11 dev vxf onlink table 88',
  )

it(
  'TCP is cut to what the path carries',
  () =>
    withCluster({ rpFilter: 1 }, async ({ reconcile, workerPod, gatewayPod, remote }) => {
      const mss = async (from: NodeNs, at: NodeNs, to: string): Promise<string | undefined> => {
        const lines = await captured(at, 'tcp[tcpflags] & tcp-syn != 0 and inbound', () =>
          from.exec(['bash', '-c', `exec 3<>/dev/tcp/${to}/9`], { okCodes: [0, 1] }),
        )
        return lines.map((line) => /mss (\d+)/.exec(line)?.[1]).find((found) => found !== undefined)
      }
      await reconcile()
      expect(await mss(workerPod, remote, REMOTE_POD)).toBe('1360')
      expect(await mss(gatewayPod, remote, REMOTE_POD)).toBe('1360')
      await remote.ip('link set tun0 mtu 1500')
      expect(await mss(remote, workerPod, WORKER_POD)).toBe('1360')
      await reconcile({ gateway: { clampMss: 1200 } })
      expect(await mss(workerPod, remote, REMOTE_POD)).toBe('1200')
    }),
  TIMEOUT_MS,
)
