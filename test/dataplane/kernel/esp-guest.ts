// Runs in a virtual machine (esp.vm.ts) without jest: two gateways under their plans, with ESP in the kernel and keys set by hand.
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { cidr, gatewayView, ip, remote } from '../node/views.ts'
import { type NodeNs, withNamespaces } from './nodes.ts'

const check = async (what: string, holds: () => Promise<unknown>): Promise<void> => {
  try {
    const found = await holds()
    console.log(found === true ? `ok ${what}` : `failed ${what}: ${JSON.stringify(found)}`)
  } catch (error) {
    console.log(`failed ${what}: ${String(error)}`)
  }
}
const pings = async ({ exec }: NodeNs, to: string): Promise<boolean> =>
  (await exec(['ping', '-q', '-c', '2', '-i', '0.5', '-W', '10', to], { okCodes: [0, 1, 2], timeoutMs: 60_000 })).code === 0

interface End {
  readonly own: number
  readonly other: number
}
const WEST: End = { own: 1, other: 2 }
const EAST: End = { own: 2, other: 1 }
const IF_ID = 7
const wan = (n: number): string => `172.30.0.${n}`

async function prepare(node: NodeNs, pod: NodeNs, { own, other }: End): Promise<void> {
  await node.sh('sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1')
  await node.ip(
    `addr add ${wan(own)}/24 dev wan0`,
    'link set wan0 up',
    `route add default via ${wan(other)}`,
    `link add subm-ipsec type xfrm dev wan0 if_id ${IF_ID}`,
    'link set subm-ipsec mtu 1400 up',
    'link add cni0 type bridge',
    `addr add 10.${own}.0.1/24 dev cni0`,
    'link set cni0 up',
    `link add p0 type veth peer name eth0 netns ${pod.ns}`,
    'link set p0 master cni0 up',
  )
  await pod.ip(`addr add 10.${own}.0.10/24 dev eth0`, 'link set eth0 up', `route add default via 10.${own}.0.1`)
}

/** A pair of SAs and the policies for the two pods' networks. */
async function connect(node: NodeNs, { own, other }: End): Promise<void> {
  const aead = ['aead', 'rfc4106(gcm(aes))', `0x${'42'.repeat(20)}`, '128']
  for (const [from, to] of [
    [own, other],
    [other, own],
  ] as const) {
    const ends = ['src', wan(from), 'dst', wan(to), 'proto', 'esp']
    await node.exec(['ip', 'xfrm', 'state', 'add', ...ends, 'spi', String(from), 'mode', 'tunnel', 'if_id', String(IF_ID), ...aead])
    for (const dir of from === own ? ['out'] : ['in', 'fwd']) {
      const selector = ['src', `10.${from}.0.0/16`, 'dst', `10.${to}.0.0/16`, 'dir', dir, 'if_id', String(IF_ID)]
      await node.exec(['ip', 'xfrm', 'policy', 'add', ...selector, 'tmpl', ...ends, 'mode', 'tunnel'])
    }
  }
}

const planOf = ({ own, other }: End) =>
  planNode(
    gatewayView({
      nodeIp: ip(wan(own)),
      cniIp: ip(`10.${own}.0.1`),
      podCidrs: [cidr(`10.${own}.0.0/16`)],
      serviceCidrs: [],
      nodes: [],
      gateway: { nodeIp: ip(wan(own)), interfaceName: 'subm-ipsec' },
      remotes: [remote('other', `10.${other}.0.0/16`)],
    }),
  )

await withNamespaces(['west', 'east', 'wpod', 'epod'], async (...all) => {
  const [west, east, westPod, eastPod] = all as [NodeNs, NodeNs, NodeNs, NodeNs]
  await west.ip(`link add wan0 type veth peer name wan0 netns ${east.ns}`)
  await prepare(west, westPod, WEST)
  await prepare(east, eastPod, EAST)
  for (const [node, end] of [
    [west, WEST],
    [east, EAST],
  ] as const) {
    await connect(node, end)
    await openNode(node).reconcile(planOf(end))
  }
  await check('pods and hosts reach each other', async () => {
    for (const [from, to] of [
      [westPod, '10.2.0.10'],
      [west, '10.2.0.10'],
      [eastPod, '10.1.0.1'],
      [east, '10.1.0.10'],
    ] as const)
      if (!(await pings(from, to))) return `no echo from ${from.ns} to ${to}`
    return true
  })
  // The other end takes what comes in the clear: it would answer.
  await openNode(east).cleanUp()
  await east.ip('route add 10.1.0.0/16 via 172.30.0.1')
  await east.exec(['iptables', '-t', 'raw', '-A', 'PREROUTING', '-i', 'wan0', '-d', '10.2.0.0/16'])
  const clear = async (): Promise<number> =>
    Number(/\[(\d+):\d+\] -A PREROUTING -d 10.2.0.0\/16 -i wan0/.exec(await east.sh('iptables-save -c -t raw'))?.[1] ?? Number.NaN)
  await check('without SAs and policies nothing leaves', async () => {
    await west.exec(['ip', 'xfrm', 'state', 'flush'])
    await west.exec(['ip', 'xfrm', 'policy', 'flush'])
    const answers = [await pings(westPod, '10.2.0.10'), await pings(west, '10.2.0.10')]
    return (!answers.includes(true) && (await clear()) === 0) || [answers, await clear()]
  })
  await check('nor does anything without the device', async () => {
    await west.ip('link del subm-ipsec')
    const answers = [await pings(westPod, '10.2.0.10'), await pings(west, '10.2.0.10')]
    return (!answers.includes(true) && (await clear()) === 0) || [answers, await clear()]
  })
  await check('without us it does', async () => {
    await openNode(west).cleanUp()
    await pings(westPod, '10.2.0.10')
    return (await clear()) > 0
  })
})
