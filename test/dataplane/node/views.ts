// Views for tests: a fixed one, and any.
import fc from 'fast-check'
import { type Cidr, type Ip, parseCidr, parseIp } from '../../../src/model/net.ts'
import type { RemoteCluster } from '../../../src/model/remote.ts'
import type { NodeView, View } from '../../../src/model/view.ts'

export const ip = parseIp
export const cidr = parseCidr

export const remote = (id: string, ...networks: readonly string[]): RemoteCluster => ({ id, networks: networks.map(cidr), gateways: [] })

/** A worker of the cluster west (10.1.0.0/16, 100.1.0.0/16) at 172.30.0.11 with its gateway at 172.30.0.1; east has 10.2 and 100.2. */
export const view = (over: Partial<View> = {}): View => ({
  nodeName: 'west-w1',
  nodeIp: ip('172.30.0.11'),
  nodeMtu: 1500,
  cniIp: ip('10.1.1.1'),
  cniDevice: 'cni0',
  nodePodCidrs: [cidr('10.1.1.0/24')],
  podCidrs: [cidr('10.1.0.0/16')],
  serviceCidrs: [cidr('100.1.0.0/16')],
  role: 'node',
  isCandidate: false,
  gateway: { nodeIp: ip('172.30.0.1'), interfaceName: 'ipsec0' },
  nodes: [{ ip: ip('172.30.0.1'), podCidrs: [cidr('10.1.0.0/24')] }],
  remotes: [remote('east', '10.2.0.0/16', '100.2.0.0/16')],
  ...over,
})

/** The same cluster's active gateway. */
export const gatewayView = (over: Partial<View> = {}): View =>
  view({
    nodeName: 'west-gw1',
    nodeIp: ip('172.30.0.1'),
    cniIp: ip('10.1.0.1'),
    nodePodCidrs: [cidr('10.1.0.0/24')],
    role: 'gateway',
    isCandidate: true,
    nodes: [{ ip: ip('172.30.0.11'), podCidrs: [cidr('10.1.1.0/24')] }],
    ...over,
  })

const nodeNumber = fc.integer({ min: 2, max: 40 })
const nodeAt = (n: number): NodeView => ({ ip: ip(`172.30.${n % 3}.${n}`), podCidrs: n % 5 === 0 ? [] : [cidr(`10.1.${n}.0/24`)] })
const someRemotes = fc
  .uniqueArray(fc.integer({ min: 2, max: 60 }), { maxLength: 6 })
  .map((numbers) => numbers.map((n) => remote(`c${n}`, `10.${n}.0.0/16`, ...(n % 2 === 0 ? [`100.${n}.0.0/16`, `10.200.0.${n}/32`] : []))))

/** Any view of the node 172.30.0.1 of west. */
export const anyView: fc.Arbitrary<View> = fc
  .record({
    role: fc.constantFrom('gateway', 'node', 'none') as fc.Arbitrary<View['role']>,
    isCandidate: fc.boolean(),
    numbers: fc.uniqueArray(nodeNumber, { minLength: 1, maxLength: 6 }),
    remotes: someRemotes,
    hasCni: fc.boolean(),
    knowsPods: fc.boolean(),
    interfaceName: fc.constantFrom(undefined, 'ipsec0', 'subm-ipsec', 'tun7'),
    nodeMtu: fc.constantFrom(1500, 1450, 9000),
    clampMss: fc.constantFrom(undefined, 1300),
    carryingBy: fc.constantFrom(undefined, 'ipsec0', 'subm-ipsec'),
  })
  .map(({ role, isCandidate, numbers, remotes, hasCni, knowsPods, interfaceName, nodeMtu, clampMss, carryingBy }) => {
    const nodes = numbers.map(nodeAt)
    const other: Ip = nodes[0]?.ip ?? ip('172.30.0.2')
    const pods: readonly Cidr[] = knowsPods ? [cidr('10.1.1.0/24')] : []
    return view({
      nodeIp: ip('172.30.0.1'),
      role,
      isCandidate,
      nodes,
      remotes,
      nodeMtu,
      nodePodCidrs: pods,
      cniIp: hasCni ? ip('10.1.1.1') : undefined,
      cniDevice: hasCni ? 'cni0' : undefined,
      gateway: role === 'none' ? undefined : { nodeIp: role === 'gateway' ? ip('172.30.0.1') : other, interfaceName },
      ...(clampMss !== undefined && { clampMss }),
      ...(carryingBy !== undefined && { carryingBy }),
    })
  })
