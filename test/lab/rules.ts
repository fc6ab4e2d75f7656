// iptables of the lab's nodes, as kube-proxy and a CNI leave them, and of routers that translate addresses.
import { type ClusterLayout, ECHO_PORT, type HostLayout, SERVICE_PORT } from './layout.ts'

const PROTOCOLS = ['tcp', 'udp'] as const

/** Chains of the lab's own names, and kubelet's hint, by which programs find the variant of iptables in use. */
export function nodeRules(cluster: ClusterLayout, isForwardDropped: boolean): string {
  return [
    '*mangle',
    ':KUBE-IPTABLES-HINT - [0:0]',
    ':KUBE-KUBELET-CANARY - [0:0]',
    'COMMIT',
    '*nat',
    ':LAB-SERVICES - [0:0]',
    ':LAB-POSTROUTING - [0:0]',
    '-A PREROUTING -j LAB-SERVICES',
    '-A OUTPUT -j LAB-SERVICES',
    '-A POSTROUTING -j LAB-POSTROUTING',
    ...serviceRules(cluster),
    ...masqueradeRules(cluster),
    'COMMIT',
    ...(isForwardDropped ? dropRules(cluster) : []),
    '',
  ].join('\n')
}

/** As flannel does: pods are hidden behind their node, but for each other. */
const masqueradeRules = ({ podCidr }: ClusterLayout<HostLayout>): readonly string[] => [
  `-A LAB-POSTROUTING -s ${podCidr} -d ${podCidr} -j RETURN`,
  `-A LAB-POSTROUTING -s ${podCidr} -j MASQUERADE`,
]

/** The part of a CNI without a daemon, on nodes that have a real kube-proxy. */
export const cniRules = (cluster: ClusterLayout<HostLayout>): string =>
  ['*nat', ':LAB-POSTROUTING - [0:0]', '-A POSTROUTING -j LAB-POSTROUTING', ...masqueradeRules(cluster), 'COMMIT', ''].join('\n')

function serviceRules({ nodes, vip }: ClusterLayout): readonly string[] {
  return PROTOCOLS.flatMap((protocol) => {
    const to = (address: string, ip: string, more = ''): string =>
      `-A LAB-SERVICES -d ${address}/32 -p ${protocol} --dport ${SERVICE_PORT}${more} -j DNAT --to-destination ${ip}:${ECHO_PORT}`
    const shares = nodes.map(({ pod }, i) => {
      const left = nodes.length - i
      return to(vip, pod.ip, left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}`)
    })
    return [...nodes.map(({ pod }) => to(pod.vip, pod.ip)), ...shares]
  })
}

/** As a policy engine that accepts what it knows: its own pods and nodes among each other, their way out, and answers. */
const dropRules = ({ podCidr, lan }: ClusterLayout): readonly string[] => [
  '*filter',
  ':FORWARD DROP [0:0]',
  ':LAB-FORWARD - [0:0]',
  '-A FORWARD -j LAB-FORWARD',
  `-A LAB-FORWARD -s ${podCidr} -d ${podCidr} -j ACCEPT`,
  `-A LAB-FORWARD -s ${lan} -d ${podCidr} -j ACCEPT`,
  `-A LAB-FORWARD -s ${podCidr} -o eth0 -j ACCEPT`,
  '-A LAB-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  'COMMIT',
]

/** 1:1 for gateways, all others behind the router's own address. */
export function routerRules({ nodes, lan }: ClusterLayout<HostLayout>): string {
  const gateways = nodes.flatMap(({ ip, publicIp }) => (publicIp === undefined ? [] : [{ ip, publicIp }]))
  return [
    '*nat',
    ...gateways.map(({ ip, publicIp }) => `-A PREROUTING -d ${publicIp}/32 -j DNAT --to-destination ${ip}`),
    ...gateways.map(({ ip, publicIp }) => `-A POSTROUTING -s ${ip}/32 -o wan0 -j SNAT --to-source ${publicIp}`),
    `-A POSTROUTING -s ${lan} -o wan0 -j MASQUERADE`,
    'COMMIT',
    '',
  ].join('\n')
}
