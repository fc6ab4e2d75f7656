// Packet filter: what is let through, translated, cut to size, and kept in. A fixed number of rules over sets, whatever the number of clusters.
import { familyOf, hostCidr, type Ip } from '../../model/net.ts'
import type { View } from '../../model/view.ts'
import { otherNodes } from './overlay.ts'
import { remoteNetworks, tunnelDevices } from './routing.ts'
import { type Chain, type IpSet, VX_DEVICE, VX_NETWORK, VX_PORT } from './state.ts'

/** Networks of the others; this cluster's own; addresses of its nodes. */
const REMOTE = 'SUBMARINER-REMOTE'
const LOCAL = 'SUBMARINER-LOCAL'
const NODES = 'SUBMARINER-NODES'

const TO_REMOTE = `-m set --match-set ${REMOTE} dst`
const FROM_REMOTE = `-m set --match-set ${REMOTE} src`
const TO_LOCAL = `-m set --match-set ${LOCAL} dst`
const FROM_LOCAL = `-m set --match-set ${LOCAL} src`

export const setsOf = (view: View): readonly IpSet[] => [
  { name: REMOTE, networks: remoteNetworks(view) },
  { name: LOCAL, networks: [...new Set([...view.podCidrs, ...view.serviceCidrs])].filter((network) => familyOf(network) === 4).sort() },
  { name: NODES, networks: [view.nodeIp, ...otherNodes(view)].map(hostCidr).sort() },
]

/** All chains; `source` is what the node's own traffic to remote networks gets as its source. */
export const chainsOf = (view: View, source: Ip | undefined): readonly Chain[] => [
  spoofGuard(view),
  exitGuard(view),
  reject(view),
  nat(view, source),
  forward(view),
  input(view),
]

/** Drops what claims a remote network as its source and came out of neither a tunnel nor this cluster's VXLAN, and VXLAN from strangers. */
function spoofGuard(view: View): Chain {
  const trusted = [...tunnelDevices(view), VX_DEVICE, ...cniReturn(view)]
  return {
    table: 'raw',
    name: 'SUBMARINER-PREROUTING',
    jumps: [{ hook: 'PREROUTING', place: 'first' }],
    rules: [
      `-p udp -m udp --dport ${VX_PORT} -m addrtype --dst-type LOCAL -m set ! --match-set ${NODES} src -j DROP`,
      `-m set ! --match-set ${REMOTE} src -j RETURN`,
      ...trusted.map((device) => `-i ${device} -j RETURN`),
      '-j DROP',
    ],
  }
}

/** Where the gateway cannot know which pods are this node's, what comes in for them goes the CNI's way. */
export const cniReturn = ({ nodePodCidrs, cniDevice, role }: View): readonly string[] =>
  nodePodCidrs.every((network) => familyOf(network) !== 4) && cniDevice !== undefined && role !== 'gateway' ? [cniDevice] : []

/** Devices by which packets for remote networks may leave, whichever node is the gateway: no rule changes when another takes over. */
const exits = (view: View): readonly string[] => ['lo', ...tunnelDevices(view), VX_DEVICE]

/** What is neither for a remote network nor leaves as it should is sent back to the caller. The last match: what kernel ESP is about to encrypt. */
const lettingOut = (view: View): readonly string[] => [
  `-m set ! --match-set ${REMOTE} dst -j RETURN`,
  ...exits(view).map((device) => `-o ${device} -j RETURN`),
  '-m policy --dir out --pol ipsec -j RETURN',
]

/** The last belt: where no accept of another program's is in the way. It also cuts TCP to what the path carries. */
function exitGuard(view: View): Chain {
  const target = view.clampMss === undefined ? 'TCPMSS --clamp-mss-to-pmtu' : `TCPMSS --set-mss ${view.clampMss}`
  const syn = '-p tcp -m tcp --tcp-flags SYN,RST SYN'
  return {
    table: 'mangle',
    name: 'SUBMARINER-POSTROUTING',
    jumps: [{ hook: 'POSTROUTING', place: 'first' }],
    rules: [`${syn} ${TO_REMOTE} -j ${target}`, `${syn} ${FROM_REMOTE} -j ${target}`, ...lettingOut(view), '-j DROP'],
  }
}

/** The same with an answer, so that programs fail at once. */
const reject = (view: View): Chain => ({
  table: 'filter',
  name: 'SUBMARINER-REJECT',
  jumps: [
    { hook: 'FORWARD', place: 'first' },
    { hook: 'OUTPUT', place: 'first' },
  ],
  rules: [...lettingOut(view), '-j REJECT --reject-with icmp-net-unreachable'],
})

/** Sources are kept between pods; what else a node sends gets an address that tunnels carry. */
function nat(view: View, source: Ip | undefined): Chain {
  const snat = (match: string): readonly string[] => (source === undefined ? [] : [`${match} -j SNAT --to-source ${source}`])
  // A service's pod may be on the host's network of some node, which takes nothing with a remote source.
  const toHosts = `${FROM_REMOTE} -m set ! --match-set ${LOCAL} dst -m conntrack --ctstate DNAT -j MASQUERADE`
  return {
    table: 'nat',
    name: 'SUBMARINER-POSTROUTING',
    jumps: [{ hook: 'POSTROUTING', place: 'first' }],
    rules: [
      `${FROM_LOCAL} ${TO_REMOTE} -j ACCEPT`,
      `${FROM_REMOTE} ${TO_LOCAL} -j ACCEPT`,
      ...snat(`${TO_REMOTE} -m addrtype --src-type LOCAL`),
      ...(tunnelDevices(view).length === 0 ? [] : [...snat(`-s ${VX_NETWORK} ${TO_REMOTE}`), toHosts]),
    ],
  }
}

/** Behind every policy engine: what none of them refused is let through whatever the chain's policy. */
const forward = (view: View): Chain => ({
  table: 'filter',
  name: 'SUBMARINER-FORWARD',
  jumps: [{ hook: 'FORWARD', place: 'last' }],
  rules: [
    `${FROM_LOCAL} ${TO_REMOTE} -j ACCEPT`,
    `${FROM_REMOTE} ${TO_LOCAL} -j ACCEPT`,
    `${TO_REMOTE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `${FROM_REMOTE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ...(tunnelDevices(view).length === 0
      ? []
      : [`-s ${VX_NETWORK} -i ${VX_DEVICE} ${TO_REMOTE} -j ACCEPT`, `${FROM_REMOTE} -m conntrack --ctstate DNAT -j ACCEPT`]),
  ],
})

/** The VXLAN between nodes, and echo requests from the other end of a tunnel. */
const input = (view: View): Chain => ({
  table: 'filter',
  name: 'SUBMARINER-INPUT',
  jumps: [{ hook: 'INPUT', place: 'last' }],
  rules: [
    `-p udp -m udp --dport ${VX_PORT} -m set --match-set ${NODES} src -j ACCEPT`,
    ...[VX_DEVICE, ...tunnelDevices(view)].map((device) => `-i ${device} -p icmp -m icmp --icmp-type 8 -j ACCEPT`),
  ],
})
