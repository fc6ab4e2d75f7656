// A cluster of a gateway and a worker, each with a pod, on one LAN with a way out; another cluster at the end of a link named as a tunnel's device.

import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import type { View } from '../../../src/model/view.ts'
import { gatewayView, view } from '../node/views.ts'
import { type NodeNs, withNamespaces } from './nodes.ts'

export interface TestCluster {
  readonly gateway: NodeNs
  readonly worker: NodeNs
  readonly gatewayPod: NodeNs
  readonly workerPod: NodeNs
  /** The other cluster: 10.2.0.10 is a pod, 100.2.0.1 a service. */
  readonly remote: NodeNs
  /** The LAN's router, 172.30.0.254: what leaves in the clear comes by here. */
  readonly lan: NodeNs
  /** Brings both nodes to their plans. */
  reconcile(over?: { readonly gateway?: Partial<View>; readonly worker?: Partial<View> }): Promise<void>
}
export interface ClusterOptions {
  readonly rpFilter: 0 | 1 | 2
}

export const WORKER_POD = '10.1.1.10'
export const GATEWAY_POD = '10.1.0.10'
export const REMOTE_POD = '10.2.0.10'
export const REMOTE_SERVICE = '100.2.0.1'

export const withCluster = (options: ClusterOptions, body: (cluster: TestCluster) => Promise<void>): Promise<void> =>
  withNamespaces(['gw', 'w', 'gwpod', 'wpod', 'remote', 'lan'], async (...all) => {
    const [gateway, worker, gatewayPod, workerPod, remote, lan] = all as [NodeNs, NodeNs, NodeNs, NodeNs, NodeNs, NodeNs]
    await prepareLan(lan, remote)
    await prepareNode({ node: gateway, pod: gatewayPod, lan, number: 0, ...options })
    await prepareNode({ node: worker, pod: workerPod, lan, number: 1, ...options })
    await connect(gateway, remote)
    await gateway.ip('route add 10.1.1.0/24 via 172.30.0.11')
    await worker.ip('route add 10.1.0.0/24 via 172.30.0.1')
    const reconcile: TestCluster['reconcile'] = async (over = {}) => {
      await openNode(gateway).reconcile(planNode(gatewayView(over.gateway)))
      await openNode(worker).reconcile(planNode(view(over.worker)))
    }
    await body({ gateway, worker, gatewayPod, workerPod, remote, lan, reconcile })
  })

async function prepareLan(lan: NodeNs, remote: NodeNs): Promise<void> {
  await lan.ip('link add br0 type bridge', 'link set br0 up', 'addr add 172.30.0.254/24 dev br0', 'route add 10.1.1.0/24 via 172.30.0.11')
  await lan.sh('sysctl -qw net.ipv4.ip_forward=1')
  await remote.ip(`addr add ${REMOTE_POD}/32 dev lo`, `addr add ${REMOTE_SERVICE}/32 dev lo`)
}

/** The gateway is 172.30.0.1, the worker 172.30.0.11; a node forwards only what a rule accepts, and its CNI masquerades what leaves the pods' network. */
async function prepareNode(at: { node: NodeNs; pod: NodeNs; lan: NodeNs; number: number; rpFilter: 0 | 1 | 2 }): Promise<void> {
  const { node, pod, lan, number, rpFilter } = at
  await node.sh(`sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=${rpFilter} net.ipv4.conf.default.rp_filter=${rpFilter}`)
  await node.ip(
    `link add wan0 type veth peer name n${number} netns ${lan.ns}`,
    `addr add 172.30.0.${number === 0 ? 1 : 11}/24 dev wan0`,
    'link set wan0 up',
    'route add default via 172.30.0.254',
    'link add cni0 type bridge',
    `addr add 10.1.${number}.1/24 dev cni0`,
    'link set cni0 up',
    `link add p0 type veth peer name eth0 netns ${pod.ns}`,
    'link set p0 master cni0 up',
  )
  await lan.ip(`link set n${number} master br0 up`)
  await pod.ip(`addr add 10.1.${number}.10/24 dev eth0`, 'link set eth0 up', `route add default via 10.1.${number}.1`)
  await node.exec(['iptables-nft-restore'], {
    input: `*nat
:CNI-MASQ - [0:0]
-A POSTROUTING -j CNI-MASQ
-A CNI-MASQ -s 10.1.0.0/16 ! -d 10.1.0.0/16 -j MASQUERADE
-A PREROUTING -d 100.1.0.50/32 -j DNAT --to-destination ${WORKER_POD}
COMMIT
*filter
:FORWARD DROP [0:0]
:POLICY - [0:0]
-A FORWARD -j POLICY
-A FORWARD -s 10.1.0.0/16 -d 10.1.0.0/16 -j ACCEPT
-A POLICY -s 10.1.0.0/16 -p udp -m udp --dport 6666 -j DROP
COMMIT
`,
  })
}

async function connect(gateway: NodeNs, remote: NodeNs): Promise<void> {
  await gateway.ip(`link add ipsec0 type veth peer name tun0 netns ${remote.ns}`, 'link set ipsec0 mtu 1400 up')
  await remote.ip(
    'link set tun0 mtu 1400 up',
    `route add 10.1.0.0/16 via 10.1.0.1 dev tun0 onlink src ${REMOTE_POD}`,
    `route add 100.1.0.0/16 via 10.1.0.1 dev tun0 onlink src ${REMOTE_POD}`,
  )
}

/** Whether an echo request is answered. */
export async function pings({ exec }: NodeNs, to: string, ...options: readonly string[]): Promise<boolean> {
  const { code } = await exec(['ping', '-q', '-n', '-c', '2', '-i', '0.2', '-W', '3', ...options, to], { okCodes: [0, 1, 2] })
  return code === 0
}

/** Counts the packets that come in with the source, from now on. */
export async function countFrom({ exec }: NodeNs, source: string): Promise<() => Promise<number>> {
  await exec(['iptables-nft', '-t', 'raw', '-A', 'PREROUTING', '-s', source])
  return async () => {
    const { stdout } = await exec(['iptables-nft-save', '-c', '-t', 'raw'])
    return Number(new RegExp(`\\[(\\d+):\\d+\\] -A PREROUTING -s ${source.replaceAll('.', '\\.')}/32`).exec(stdout)?.[1] ?? Number.NaN)
  }
}
